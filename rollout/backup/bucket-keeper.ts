/** A bucket that keeps the copy. What is unfinished or wrong is removed again, whatever ended the run. */
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import type { BaseSubject } from "../cli/subject";
import type { Run } from "../cli/run";
import { Bucket, type Upload } from "./bucket";
import type { Keeper, Made } from "./keeper";
import { type BucketTarget, objectUrl, placeOf } from "./target";

/** Bytes of a part, of which one is in memory: S3 takes 5 MiB to 5 GiB a part, and at most 10,000 parts. */
const PART_BYTES = 8 * 2 ** 20;
const MAX_PARTS = 10_000;

export class BucketKeeper implements Keeper {
  readonly place: string;
  private readonly bucket: Bucket;
  private readonly folder: string;
  /** What must be removed if the run ends now. */
  private upload: Upload | undefined;
  private unproven: { readonly key: string; version?: string | undefined } | undefined;

  constructor(
    private readonly target: BucketTarget,
    private readonly run: Run<BaseSubject>,
  ) {
    this.place = placeOf(target);
    this.folder = `${target.prefix}/${run.subject.stack.replaceAll(/[^A-Za-z0-9._-]/g, "-")}`;
    this.bucket = new Bucket(target);
    run.defer("the connections to the store", () => Promise.resolve(this.bucket.close()));
    run.defer("the unfinished copy", (_, { signal }) => this.undo(signal));
  }

  /** Reads, and begins and aborts an upload: that fails for every reason for which keeping a copy would. */
  async open(name: string): Promise<void> {
    const { signal, say } = this.run;
    const key = this.keyOf(name);
    if (await this.bucket.has(key, signal)) {
      throw new ToolError(`${objectUrl(this.target, key)} is there already; fix: run this again`, EXIT.failed);
    }
    const { encryption, ...upload } = await this.bucket.begin(key);
    this.upload = upload;
    signal.throwIfAborted();
    await this.abort(signal);
    if (encryption === undefined) say("backup", `${this.place} does not say whether it encrypts what it keeps`);
    await this.sweep();
  }

  async keep(archive: AsyncIterable<Buffer>, made: Made): Promise<{ path: string; sha256: string }> {
    const { signal } = this.run;
    const key = this.keyOf(made.name);
    const upload = await this.bucket.begin(key, made.sha256);
    this.upload = upload;
    const parts = [];
    const size = Math.max(PART_BYTES, Math.ceil(made.bytes / MAX_PARTS));
    for await (const bytes of slices(archive, size)) {
      signal.throwIfAborted();
      parts.push(await this.bucket.part(upload, parts.length + 1, bytes, signal));
    }
    signal.throwIfAborted();
    this.unproven = { key };
    this.unproven.version = await this.bucket.complete(upload, parts);
    this.upload = undefined;
    const sha256 = await this.bucket.sha256(key, this.unproven.version, signal);
    if (sha256 === made.sha256) this.unproven = undefined;
    return { path: objectUrl(this.target, key), sha256 };
  }

  restore({ name, path, sha256 }: Made, source: string): readonly string[] {
    const { region, endpoint } = this.target;
    const where = `--region ${region}${endpoint === undefined ? "" : ` --endpoint-url ${endpoint}`}`;
    return [
      `to go back, as root on ${source}, with its own copy:`,
      `  mkdir -m 0700 restore && tar -C restore -xf ${path} && cat restore/RESTORE`,
      "or, if that is lost, with the AWS CLI and credentials that may read the bucket:",
      `  mkdir -m 0700 restore && aws s3 cp '${objectUrl(this.target, this.keyOf(name))}' restore/backup.tar ${where}`,
      `  echo '${sha256}  restore/backup.tar' | sha256sum -c && tar -C restore -xf restore/backup.tar && cat restore/RESTORE`,
    ];
  }

  private readonly keyOf = (name: string): string => `${this.folder}/${name}.tar`;

  private async abort(signal: AbortSignal): Promise<void> {
    if (this.upload !== undefined) await this.bucket.abort(this.upload, signal);
    this.upload = undefined;
  }

  /** Removes what a runner left that was killed. Pulumi's lock lets one run of a stack work at a time. */
  private async sweep(): Promise<void> {
    const { signal, say } = this.run;
    try {
      for (const upload of await this.bucket.unfinished(this.folder, signal)) {
        await this.bucket.abort(upload, signal);
        say("backup", `removed the unfinished upload of ${upload.key}, which an interrupted run had left`);
      }
    } catch (error) {
      signal.throwIfAborted();
      // A right more (s3:ListBucketMultipartUploads) for nothing but tidiness: asked for, not demanded.
      say("backup", `unfinished uploads of earlier runs stay: ${(error as Error).message}`);
    }
  }

  private async undo(signal: AbortSignal): Promise<void> {
    const { unproven } = this;
    await this.abort(signal);
    if (unproven === undefined) return;
    try {
      await this.bucket.remove(unproven.key, unproven.version, signal);
    } catch (error) {
      const url = objectUrl(this.target, unproven.key);
      this.run.say("clean-up", `${url} is not proven and could not be removed: ${(error as Error).message}`);
    }
  }
}

/** The same bytes in slices of one size; the last one is shorter. */
async function* slices(stream: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    rest.push(chunk);
    length += chunk.length;
    if (length < size) continue;
    let all = Buffer.concat(rest);
    for (; all.length >= size; all = all.subarray(size)) yield all.subarray(0, size);
    rest = [all];
    length = all.length;
  }
  if (length > 0) yield Buffer.concat(rest);
}

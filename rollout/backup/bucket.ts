/** One bucket of a store that speaks S3: the few requests that a copy needs, and their faults told. */
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { programVersion } from "../../config/version";
import { codeOf, storeFault } from "./bucket-faults";
import type { BucketTarget } from "./target";

/** Milliseconds until a connection stands, and for which an open one may be silent. */
const CONNECT_MS = 10_000;
const SILENT_MS = 120_000;
/** How often an upload is aborted that a part was still on its way to. */
const ABORTS = 5;

export interface Upload {
  readonly key: string;
  readonly id: string;
}
interface Part {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly ChecksumSHA256: string;
}

/** Every method throws a ToolError that says what mends it, or the signal's reason. */
export class Bucket {
  private readonly client: S3Client;

  /** Credentials come by the SDK's own chain: environment, profile, web identity, container, instance. */
  constructor(private readonly target: BucketTarget) {
    const { region, endpoint, forcePathStyle } = target;
    this.client = new S3Client({
      region,
      forcePathStyle,
      ...(endpoint === undefined ? {} : { endpoint }),
      // The stack says where copies go, and nothing that happens to be in the environment.
      ignoreConfiguredEndpointUrls: true,
      // SHA-256 is asked for by name; what is read is compared as a whole.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENT_MS },
    });
  }

  close(): void {
    this.client.destroy();
  }

  /** Whether an object is there. Without s3:ListBucket a store refuses the question where it is not. */
  async has(key: string, signal: AbortSignal): Promise<boolean> {
    const input = { ...this.at(key), Range: "bytes=0-0" };
    try {
      const { Body } = await this.client.send(new GetObjectCommand(input), { abortSignal: signal });
      (Body as Readable).destroy();
      return true;
    } catch (error) {
      if (codeOf(error) === "NoSuchKey") return false;
      throw this.fault(error, "reading", signal);
    }
  }

  /**
   * Begins an upload, encrypted. Not to be interrupted: an upload whose id nobody has heard stays.
   * @returns `encryption`: what the store says that it does, which says nothing in some stores.
   */
  async begin(key: string, sha256?: string): Promise<Upload & { readonly encryption: string | undefined }> {
    const { kmsKeyId } = this.target;
    const encryption =
      kmsKeyId === undefined
        ? ({ ServerSideEncryption: "AES256" } as const)
        : ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKeyId } as const);
    const { UploadId, ServerSideEncryption } = await this.attempt("beginning an upload", () =>
      this.client.send(
        new CreateMultipartUploadCommand({
          ...this.at(key),
          ...encryption,
          ChecksumAlgorithm: "SHA256",
          ContentType: "application/x-tar",
          ...(sha256 === undefined ? {} : { Metadata: { sha256, program: programVersion() } }),
        }),
      ),
    );
    return { key, id: UploadId ?? "", encryption: ServerSideEncryption };
  }

  /** Sends one part; the store compares its SHA-256. */
  async part(upload: Upload, number: number, bytes: Buffer, signal: AbortSignal): Promise<Part> {
    const ChecksumSHA256 = createHash("sha256").update(bytes).digest("base64");
    const input = { ...this.of(upload), PartNumber: number, Body: bytes, ContentLength: bytes.length, ChecksumSHA256 };
    const { ETag } = await this.attempt(
      `sending part ${number}`,
      () => this.client.send(new UploadPartCommand(input), { abortSignal: signal }),
      signal,
    );
    return { PartNumber: number, ETag, ChecksumSHA256 };
  }

  /** Makes an object of the parts. Not to be interrupted: nobody would know whether it is there. */
  async complete(upload: Upload, parts: readonly Part[]): Promise<string | undefined> {
    const input = { ...this.of(upload), MultipartUpload: { Parts: [...parts] } };
    const { VersionId } = await this.attempt("completing the upload", () =>
      this.client.send(new CompleteMultipartUploadCommand(input)),
    );
    return VersionId;
  }

  /** SHA-256 of an object, read through. */
  async sha256(key: string, version: string | undefined, signal: AbortSignal): Promise<string> {
    const digest = createHash("sha256");
    await this.attempt(
      "reading back",
      async () => {
        const input = { ...this.at(key), VersionId: version };
        const { Body } = await this.client.send(new GetObjectCommand(input), { abortSignal: signal });
        const read = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
          for await (const chunk of chunks) digest.update(chunk);
        };
        await pipeline(Body as Readable, read, { signal });
      },
      signal,
    );
    return digest.digest("hex");
  }

  /** Removes an upload and its parts. A part on its way may arrive after that, so it is looked at again. */
  async abort(upload: Upload, signal: AbortSignal): Promise<void> {
    const options = { abortSignal: signal };
    await this.attempt(
      "removing an unfinished upload",
      async () => {
        for (let turn = 0; turn < ABORTS; turn += 1) {
          try {
            await this.client.send(new AbortMultipartUploadCommand(this.of(upload)), options);
            await this.client.send(new ListPartsCommand(this.of(upload)), options);
          } catch (error) {
            if (codeOf(error) === "NoSuchUpload") return;
            throw error;
          }
        }
        throw new Error(`the upload ${upload.id} of ${upload.key} was aborted ${ABORTS} times and is still there`);
      },
      signal,
    );
  }

  /** Unfinished uploads below a folder. */
  async unfinished(folder: string, signal: AbortSignal): Promise<readonly Upload[]> {
    const input = { Bucket: this.target.bucket, Prefix: `${folder}/` };
    const { Uploads = [] } = await this.attempt(
      "listing unfinished uploads",
      () => this.client.send(new ListMultipartUploadsCommand(input), { abortSignal: signal }),
      signal,
    );
    return Uploads.map(({ Key = "", UploadId = "" }) => ({ key: Key, id: UploadId }));
  }

  async remove(key: string, version: string | undefined, signal: AbortSignal): Promise<void> {
    const input = { ...this.at(key), VersionId: version };
    await this.attempt(
      "removing the copy",
      () => this.client.send(new DeleteObjectCommand(input), { abortSignal: signal }),
      signal,
    );
  }

  private readonly at = (key: string) => ({ Bucket: this.target.bucket, Key: key });
  private readonly of = ({ key, id }: Upload) => ({ ...this.at(key), UploadId: id });

  private async attempt<T>(doing: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw this.fault(error, doing, signal);
    }
  }

  private fault(error: unknown, doing: string, signal: AbortSignal | undefined): Error {
    return signal?.aborted === true ? (signal.reason as Error) : storeFault(error, doing, this.target);
  }
}

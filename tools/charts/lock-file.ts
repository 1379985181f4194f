/** charts.lock.yaml: the SHA-256 of every chart's archive, computed from the bytes that a maintainer once pulled. */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { dump, load } from "js-yaml";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";

const HEADER = "# SHA-256 of the charts' archives, by chart and version. Written by `npm run charts -- --all --update`.\n";

export class ChartLock {
  readonly #file: string;
  readonly #sums: Map<string, string>;

  /** @throws ToolError when the file is there and is no mapping of names to SHA-256 sums. */
  constructor(file: string) {
    this.#file = file;
    const content = existsSync(file) ? (load(readFileSync(file, "utf8")) ?? {}) : {};
    const entries = Object.entries(content as Record<string, unknown>);
    const bad = entries.find(([, sum]) => typeof sum !== "string" || !/^[0-9a-f]{64}$/.test(sum));
    if (bad) throw new ToolError(`${file}: ${bad[0]}: got ${JSON.stringify(bad[1])}, expected 64 hexadecimal digits`);
    this.#sums = new Map(entries as [string, string][]);
  }

  /**
   * Whether the archive is the one that is recorded; false when none is.
   *
   * @throws ToolError when another one is recorded.
   */
  verify(name: string, sum: string): boolean {
    const known = this.#sums.get(name);
    if (known === undefined || known === sum) return known === sum;
    throw new ToolError(
      `${name}: the SHA-256 of what came is ${sum}, ${path.basename(this.#file)} has ${known}; nothing was unpacked. Its ` +
        "publisher or somebody on the way has changed it. When the change is known to be good, remove the line and run " +
        "with --update.",
      EXIT.failed,
    );
  }

  /** Records the sum of an archive that is not known yet. */
  record(name: string, sum: string): void {
    if (this.verify(name, sum)) return;
    this.#sums.set(name, sum);
    const sorted = Object.fromEntries([...this.#sums].sort(([left], [right]) => (left < right ? -1 : 1)));
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, HEADER + dump(sorted));
    renameSync(temporary, this.#file);
  }

  /** The recorded sum. */
  get(name: string): string | undefined {
    return this.#sums.get(name);
  }
}

/** One folder a run, for everything that the run writes but the tool cache. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { z } from "zod";
import { identify, isRunning } from "./process-identity";
import type { Managed } from "./supervisor";

const PREFIX = "seldon-k3s-sandbox-";
const RECORD = "run.json";

const processSchema = z.object({ name: z.string(), pid: z.int().positive(), started: z.string(), log: z.string() });
const recordSchema = z.object({
  runner: z.object({ pid: z.int().positive(), started: z.string() }),
  kept: z.boolean(),
  processes: z.array(processSchema),
});

/** What a later run can read about this one. */
export interface RunRecord extends z.infer<typeof recordSchema> {
  readonly folder: string;
}

export class RunFolder {
  readonly path: string;
  readonly logs: string;

  /** Makes a folder that only this user can read: it holds the sandbox's credentials. */
  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, PREFIX));
    chmodSync(this.path, 0o700);
    this.logs = this.folder("logs");
    this.record([], false);
  }

  /** The run's name in messages and for `--stop`. */
  get id(): string {
    return idOf(this.path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  folder(name: string): string {
    const path = this.file(name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /** Writes a file that only this user can read. */
  write(name: string, content: string): string {
    const path = this.file(name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  /** Notes what runs, so that `--stop`, or the next run when this one is killed, can end it. */
  record(processes: readonly Managed[], kept: boolean): void {
    const runner = identify(process.pid) ?? { pid: process.pid, started: "" };
    this.write(RECORD, JSON.stringify({ runner, kept, processes }));
  }

  remove(): void {
    removeFolder(this.path);
  }
}

function idOf(folder: string): string {
  return basename(folder).slice(PREFIX.length);
}

/** Removes a run's folder; tries again when a process that is just ending still writes into it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** All runs of this user that left a folder, whether they run, were kept or died. */
export function findRuns(parent = tmpdir()): (RunRecord & { readonly id: string })[] {
  const own = (folder: string) => statSync(folder, { throwIfNoEntry: false })?.uid === process.getuid?.();
  const folders = readdirSync(parent).filter((name) => name.startsWith(PREFIX));
  return folders
    .map((name) => join(parent, name))
    .filter(own)
    .flatMap((folder) => {
      const record = readRecord(folder);
      return record ? [{ ...record, folder, id: idOf(folder) }] : [];
    });
}

function readRecord(folder: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(join(folder, RECORD), "utf8")));
  } catch {
    return undefined; // Just being made or just being removed by its own run.
  }
}

/** Whether the run is an orphan: not kept on purpose, and its runner was killed before it could clean up. */
export function isOrphan({ kept, runner }: RunRecord): boolean {
  return !kept && !isRunning(runner);
}

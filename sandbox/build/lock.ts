/** A lock file that several runs on one machine respect, and that a run which died does not hold for ever. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identify, isRunning, type ProcessIdentity } from "../process-identity";

export interface LockOptions {
  /** Called for every second of waiting. */
  readonly onWait?: (holder: ProcessIdentity, seconds: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs `work` while this process holds the lock; waits for whoever holds it. */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  for (let seconds = 0; !tryLock(file); seconds++) {
    const holder = holderOf(file);
    if (!holder) continue;
    options.onWait?.(holder, seconds);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    options.signal?.throwIfAborted();
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A link, because it appears at once with its content: nobody ever reads a lock that does not name its holder yet. */
function tryLock(file: string): boolean {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Who holds the lock; a lock whose holder is gone is taken away. */
function holderOf(file: string): ProcessIdentity | undefined {
  const text = read(file);
  const holder = parse(text);
  if (holder && isRunning(holder)) return holder;
  if (text === undefined) return undefined;
  // Renamed first: two runs that find the same dead holder cannot both take away a lock that one of them has renewed.
  const stale = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, stale);
    if (read(stale) !== text) linkSync(stale, file);
  } catch {
    // Somebody else was faster; the next attempt sees what is there.
  }
  rmSync(stale, { force: true });
  return undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function parse(text = ""): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

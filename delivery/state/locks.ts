/**
 * Who holds a stack's lock, and whether that process lives. Pure.
 *
 * Source: pulumi 3.259, `pkg/backend/diy/lock.go`: a lock is one file per run with process, user, host and time. No
 * command of Pulumi shows it; every command that takes the lock names the holders when it cannot.
 */

/**
 * A command that takes the lock, finds that it has nothing to do, and gives it back: a stack cannot be renamed to a
 * name that there is, and its own name is one.
 */
export const lockProbe = (stack: string): readonly string[] => ["stack", "rename", stack, "--stack", stack];

export interface Lock {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

const LOCK = /: created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g;

/**
 * @param output What the probe said.
 * @returns undefined where it says neither that there are locks nor that there is none.
 */
export function readLocks(output: string, stack: string): readonly Lock[] | undefined {
  if (output.includes(`a stack named ${stack} already exists`)) return [];
  if (!output.includes("the stack is currently locked by")) return undefined;
  return [...output.matchAll(LOCK)].map(([, user = "", host = "", pid = "", since = ""]) => ({
    user,
    host,
    pid: Number(pid),
    since,
  }));
}

/** A process of this machine. */
export interface Process {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** Its command line. Only matched, never shown: others may have secrets there. */
  readonly args: string;
}

/** The list that `readProcesses` reads. The time's format must be the C locale's. */
export const PROCESSES: readonly [string, ...string[]] = ["ps", "-A", "-ww", "-o", "pid=,lstart=,args="];

export function readProcesses(output: string): readonly Process[] {
  const row = /^\s*(\d+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]{8}\s+\d{4})\s+(.*)$/gm;
  return [...output.matchAll(row)].map(([, pid, started = "", args = ""]) => ({
    pid: Number(pid),
    started: Date.parse(started),
    args,
  }));
}

export type Holder = Lock & {
  /** `elsewhere`: another machine's, of which nothing is known here. */
  readonly life: "alive" | "gone" | "elsewhere";
};

/** `ps` tells whole seconds. */
const CLOCK_MS = 2_000;

/** @param processes Of this machine. */
export function holderOf(lock: Lock, host: string, processes: readonly Process[]): Holder {
  if (lock.host !== host) return { ...lock, life: "elsewhere" };
  // A number is used again: whoever began after the lock was taken is somebody else.
  const alive = processes.some(({ pid, started }) => pid === lock.pid && started <= Date.parse(lock.since) + CLOCK_MS);
  return { ...lock, life: alive ? "alive" : "gone" };
}

/**
 * Process ids of the stack's own steps on machines that are at work. They go on when the engine is killed: its provider
 * ends the shell that it has started, not what the shell runs.
 *
 * @param folder The project's.
 */
export const stepsAtWork = (processes: readonly Process[], folder: string): readonly number[] =>
  processes.filter(({ args }) => args.split(" ").includes(`${folder}/rollout/main.ts`)).map(({ pid }) => pid);

/** `3 minutes`, `2 hours`, `5 days`. */
export function ageOf(since: string, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 60_000));
  const [count, unit] =
    minutes < 120
      ? [minutes, "minute"]
      : minutes < 48 * 60
        ? [Math.round(minutes / 60), "hour"]
        : [Math.round(minutes / 1440), "day"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const LIFE = {
  alive: "that process lives on this machine",
  gone: "that process is gone from this machine",
  elsewhere: "another machine's: ask there, nothing of it is known here",
} as const;

export const holderLine = ({ user, host, pid, since, life }: Holder, now: Date): string =>
  `locked by ${user}@${host}, process ${pid}, for ${ageOf(since, now)} (since ${since}): ${LIFE[life]}`;

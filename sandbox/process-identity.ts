/** Which process a number means: process ids are used again, so one that was written down needs its start time too. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process that can be recognised later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in whatever form the system tells; only compared for equality. */
  readonly started: string;
}

/** The identity of a running process; undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs. */
export function isRunning({ pid, started }: ProcessIdentity): boolean {
  return startOf(pid) === started;
}

function startOf(pid: number): string | undefined {
  return process.platform === "linux" ? startByProc(pid) : startByPs(pid);
}

/** Field 22 of /proc/<pid>/stat (proc(5)), counted behind the command's closing bracket. A zombie does not run. */
function startByProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Signals a process group and with it all that the process started; a group that is gone is no fault. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nobody left. EPERM cannot happen for processes that we started.
  }
}

/** The processes of one run: each with a process group and a log file of its own, and none of them outlives the run. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "./failure";
import { identify, isRunning, signalGroup, type ProcessIdentity } from "./process-identity";

export interface Launch {
  /** Name in messages and of the log file. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

export interface Managed extends ProcessIdentity {
  readonly name: string;
  readonly log: string;
}

/** How long a process may take to end after SIGTERM, in milliseconds. etcd and the API server need well under one second. */
const GRACE_MS = 5000;
const TAIL_LINES = 12;
const TAIL_WIDTH = 400;

export class Supervisor {
  readonly #folder: string;
  readonly #running = new Map<number, Managed>();
  readonly #death = new AbortController();
  #stopping = false;

  /** @param folder Where the log files go. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Aborted, with a SandboxError as its reason, as soon as a process ends that was not told to. */
  get death(): AbortSignal {
    return this.#death.signal;
  }

  /** What runs, in the order of its start. */
  get running(): readonly Managed[] {
    return [...this.#running.values()];
  }

  /** Starts a process that is to run until the end. @throws SandboxError when it cannot be started. */
  async start({ name, command, args, env, cwd }: Launch): Promise<Managed> {
    const log = join(this.#folder, `${name}.log`);
    const output = openSync(log, "a", 0o600);
    // A group of its own: Ctrl-C on the terminal reaches only the runner, which then stops everything in order.
    const child = spawn(command, args, { stdio: ["ignore", output, output], detached: true, env, cwd });
    closeSync(output);
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (cause) =>
        reject(new SandboxError(`cannot start ${name} (${command}): ${cause.message}`, undefined, { cause })),
      );
    });
    const pid = child.pid ?? 0;
    const managed = { name, log, pid, started: identify(pid)?.started ?? "" };
    this.#running.set(pid, managed);
    child.once("exit", (code, signal) => {
      this.#running.delete(pid);
      if (!this.#stopping) this.#death.abort(deathOf(managed, code, signal));
    });
    child.unref();
    return managed;
  }

  /** Stops everything, last started first, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await stopProcesses(this.running);
  }

  /** Ends everything at once, without waiting. */
  kill(): void {
    this.#stopping = true;
    for (const { pid } of this.running) signalGroup(pid, "SIGKILL");
  }

  /** Lets everything run on when this process ends. */
  release(): void {
    this.#stopping = true;
  }
}

/** Stops process groups, last one first, with SIGKILL for those that do not end in time. */
export async function stopProcesses(processes: readonly ProcessIdentity[]): Promise<void> {
  for (const target of [...processes].reverse()) {
    if (!isRunning(target)) continue;
    signalGroup(target.pid, "SIGTERM");
    if (await gone(target, GRACE_MS)) continue;
    signalGroup(target.pid, "SIGKILL");
    await gone(target, GRACE_MS);
  }
}

async function gone(target: ProcessIdentity, milliseconds: number): Promise<boolean> {
  for (let waited = 0; waited < milliseconds; waited += 20) {
    if (!isRunning(target)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return !isRunning(target);
}

function deathOf({ name, log }: Managed, code: number | null, signal: NodeJS.Signals | null): SandboxError {
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code ?? "unknown"}`;
  return new SandboxError(`${name} ${how} while the sandbox needed it; the end of its log:\n${logTail(log)}`);
}

/** The last lines of a log file, indented, each cut to a readable width. */
export function logTail(log: string, lines = TAIL_LINES): string {
  return tailOf(safeRead(log), lines);
}

export function tailOf(text: string, lines = TAIL_LINES): string {
  const tail = text.trimEnd().split("\n").slice(-lines);
  return tail.map((line) => `    ${line.length > TAIL_WIDTH ? `${line.slice(0, TAIL_WIDTH)}…` : line}`).join("\n");
}

function safeRead(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "(no log)";
  }
}

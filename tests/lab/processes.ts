/** Running programs for a lab: to their end, with their output, or in the background. */
import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { readFileSync } from "node:fs";
import { SandboxError } from "../../sandbox/failure";

export interface RunOptions {
  /** What the program reads on its standard input. @default nothing */
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Ends the program. */
  readonly signal?: AbortSignal | undefined;
  /** Called with every line that the program writes to either output. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Milliseconds after which the program is ended. @default none */
  readonly timeout?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program and gives how it ended; a signal counts as exit code 128 and more, as in a shell. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { input, env, cwd, signal, onLine, timeout } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env,
      cwd,
      signal,
      timeout,
      stdio: ["pipe", "pipe", "pipe"],
      killSignal: "SIGKILL",
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      let rest = "";
      child[name].setEncoding("utf8").on("data", (chunk: string) => {
        output[name] += chunk;
        if (!onLine) return;
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        lines.forEach(onLine);
      });
    }
    child.once("error", reject);
    child.once("close", (code, ended) => resolve({ code: code ?? 128 + (ended ? 9 : 0), ...output }));
    child.stdin.on("error", () => undefined); // A program may end before it has read everything.
    child.stdin.end(input ?? "");
  });
}

/** Runs a program that must succeed. @throws SandboxError with what it wrote. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  throw new SandboxError(
    `${[command, ...args].join(" ").slice(0, 300)} ended with exit code ${code}: ${(stderr || stdout).trim().slice(-2000)}`,
  );
}

/** Starts a program that runs on by itself; gives it when it runs. */
export async function start(command: string, args: readonly string[], options: SpawnOptions): Promise<ChildProcess> {
  const child = spawn(command, args, options);
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return child;
}

/** The processes that a process has started itself (proc(5), CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Whether a process is the first one of a process namespace below this one's (proc(5), NSpid). */
export function isFirstProcess(pid: number): boolean {
  try {
    const ids = /^NSpid:\s+(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]?.split(/\s+/) ?? [];
    return ids.length > 1 && ids.at(-1) === "1";
  } catch {
    return false;
  }
}

/**
 * Waits until a probe gives something.
 *
 * @param what What is waited for, for the error.
 * @throws SandboxError after `seconds`, with what `explain` says then.
 */
export async function waitFor<T>(
  what: string,
  seconds: number,
  probe: () => Promise<T | undefined> | T | undefined,
  options: { signal?: AbortSignal | undefined; explain?: () => string | Promise<string>; every?: number } = {},
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) {
      const why = options.explain ? `: ${await options.explain()}` : "";
      throw new SandboxError(`${what} did not come within ${seconds} s${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, options.every ?? 200));
  }
}

/** Runs `npm run sandbox` as a user does, with a temporary folder of its own, so that what it leaves behind can be seen. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { identify, isRunning, type ProcessIdentity } from "../../../sandbox/process-identity";
import { findRuns } from "../../../sandbox/run-folder";

export const PROJECT = resolve(__dirname, "../../..");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class SandboxProcess {
  readonly temporary: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  /** What has come on standard error so far. */
  stderr = "";

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.temporary = mkdtempSync(join(tmpdir(), "sandbox-test-"));
    this.#env = { ...process.env, ...env, TMPDIR: this.temporary };
  }

  /** Starts the command; `ended` settles when it has ended. */
  start(...args: string[]): { readonly ended: Promise<Ended> } {
    const command = ["tools/run.mjs", "sandbox", ...args];
    const child = spawn(process.execPath, command, { cwd: PROJECT, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.stderr = "";
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString("utf8")));
    const ended = new Promise<Ended>((done, reject) => {
      child.once("error", reject);
      child.once("close", (code) => done({ code, stdout, stderr: this.stderr }));
    });
    return { ended };
  }

  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Waits until a text has been told. @throws Error when the command ends first. */
  async told(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      if (this.#child?.exitCode !== null) throw new Error(`ended without saying "${text}":\n${this.stderr}`);
      await pause(20);
    }
  }

  interrupt(): void {
    this.#child?.kill("SIGINT");
  }

  /** Processes that the running sandbox has written down. */
  processes(): readonly (ProcessIdentity & { readonly name: string })[] {
    return findRuns(this.temporary).flatMap(({ processes }) => processes);
  }

  /** Process ids of the runners, which stop everything when they are asked to. */
  runners(): readonly number[] {
    return findRuns(this.temporary).map(({ runner }) => runner.pid);
  }

  /** Names of what is left in the temporary folder. */
  leftFolders(): string[] {
    return existsSync(this.temporary)
      ? readdirSync(this.temporary).filter((name) => name.startsWith("seldon-k3s-"))
      : [];
  }

  /** Processes, of any program, that still run with a file of this sandbox in their arguments. */
  leftProcesses(): string[] {
    return runningWith(this.temporary);
  }

  remove(): void {
    rmSync(this.temporary, { recursive: true, force: true });
  }
}

/** Command lines of running processes that contain a text. Linux only; elsewhere none is seen. */
export function runningWith(text: string): string[] {
  if (!existsSync("/proc/self/cmdline")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(text) && identify(Number(pid)) ? [command] : [];
      } catch {
        return [];
      }
    });
}

export async function untilGone(processes: readonly ProcessIdentity[]): Promise<void> {
  while (processes.some(isRunning)) await pause(20);
}

export const pause = (milliseconds: number): Promise<void> => new Promise((wake) => setTimeout(wake, milliseconds));

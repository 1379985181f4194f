/**
 * The keeper of a lab: one process that holds the lab's mount, network and process namespaces. Everything of a lab lives
 * in there, so that with the keeper, however it ends, all of it ends.
 */
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import { join, resolve } from "node:path";
import { atExit, SandboxError } from "../../sandbox/failure";
import { identify, isRunning, type ProcessIdentity } from "../../sandbox/process-identity";
import type { LabFolder } from "./folder";
import { childrenOf, isFirstProcess, mustRun, run, start, waitFor, type RunOptions, type RunResult } from "./processes";

export const SCRIPTS = resolve(__dirname, "scripts");

/** Space for what hosts write outside of /var/lib/rancher and their logs: memory, taken as it is used. */
const DISK_SIZE = "2g";

export class Keeper {
  readonly outer: ProcessIdentity;
  readonly inner: ProcessIdentity;

  constructor(outer: ProcessIdentity, inner: ProcessIdentity) {
    this.outer = outer;
    this.inner = inner;
  }

  /**
   * Starts a keeper and makes its network.
   *
   * @param kept Whether it outlives this process. Otherwise it ends as soon as this process does, also by SIGKILL: the
   * kernel closes the pipe that the keeper reads.
   */
  static async start(folder: LabFolder, init: string, kept: boolean, signal?: AbortSignal): Promise<Keeper> {
    const log = openSync(folder.file("keeper.log"), "a", 0o600);
    const fifo = folder.file("keeper.fifo");
    if (kept) await mustRun("mkfifo", ["-m", "0600", fifo]);
    const input = kept ? openSync(fifo, "r+") : undefined;
    const spaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--propagation", "private", "--mount-proc"];
    const child = await start("unshare", [...spaces, "--fork", "--kill-child", init, "keep"], {
      stdio: [input ?? "pipe", log, log],
      detached: true,
    });
    closeSync(log);
    if (input !== undefined) closeSync(input);
    child.unref();
    // Node gives a socket here, and keeps running for one that is open.
    if (child.stdin && "unref" in child.stdin) (child.stdin as Socket).unref();
    const outer = identify(child.pid ?? 0);
    if (!outer) throw new SandboxError(`the lab's keeper did not start; see ${folder.file("keeper.log")}`);
    atExit(() => {
      if (!kept) killNow(outer);
    });
    const inner = await waitFor(
      "the lab's keeper",
      10,
      () => identify(childrenOf(outer.pid).find(isFirstProcess) ?? 0),
      { signal },
    );
    const keeper = new Keeper(outer, inner);
    await keeper.must("sh", [join(SCRIPTS, "switch.sh")], {
      env: { ...process.env, DISKS: folder.folder("disks"), DISK_SIZE },
    });
    return keeper;
  }

  get alive(): boolean {
    return isRunning(this.inner);
  }

  /** nsenter's flags that lead into the lab. */
  get entry(): string[] {
    return ["--target", String(this.inner.pid), "--mount", "--net", "--pid", "--ipc", "--uts", "--"];
  }

  /** Path of the lab's network namespace. */
  get network(): string {
    return `/proc/${this.inner.pid}/ns/net`;
  }

  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run("nsenter", [...this.entry, command, ...args], options);
  }

  must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return mustRun("nsenter", [...this.entry, command, ...args], options);
  }

  /** Ends the lab's processes and waits until they are gone. */
  async stop(): Promise<void> {
    killNow(this.outer);
    killNow(this.inner);
    await waitFor(
      "the end of the lab's processes",
      30,
      () => (!isRunning(this.outer) && !isRunning(this.inner)) || undefined,
      {
        every: 20,
      },
    );
  }
}

/** Kills one process, if it is still the one that is meant. */
export function killNow(target: ProcessIdentity): void {
  if (!isRunning(target)) return;
  try {
    process.kill(target.pid, "SIGKILL");
  } catch {
    // Gone in between.
  }
}

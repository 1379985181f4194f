/** The admin machine: where the stack's runner works. It is on the hosts' network and has the key to log in to them. */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { identify, signalGroup, type ProcessIdentity } from "../../sandbox/process-identity";
import { killNow, type Keeper } from "./keeper";
import { mustRun, run, start, type RunOptions, type RunResult } from "./processes";

export class Admin {
  readonly #keeper: Keeper;
  readonly #started: ProcessIdentity[] = [];
  /** What a program needs to log in to the hosts, on top of its own environment. */
  readonly env: Readonly<Record<string, string>>;

  constructor(keeper: Keeper, agentSocket: string) {
    this.#keeper = keeper;
    this.env = { SSH_AUTH_SOCK: agentSocket };
  }

  /** nsenter's flags that lead onto the hosts' network. All else is this machine's. */
  get entry(): string[] {
    return [`--net=${this.#keeper.network}`, "--"];
  }

  /**
   * Starts a program on the hosts' network, with this machine's files. Signals reach it directly; it ends with the lab
   * at the latest.
   */
  async spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<ChildProcess> {
    const child = await start("nsenter", [...this.entry, command, ...args], {
      detached: true,
      ...options,
      env: { ...(options.env ?? process.env), ...this.env },
    });
    const identity = identify(child.pid ?? 0);
    if (identity) this.#started.push(identity);
    return child;
  }

  /** Runs a program on the hosts' network to its end. */
  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run("nsenter", [...this.entry, command, ...args], this.#with(options));
  }

  /** The same for what must succeed; gives its standard output. */
  must(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return mustRun("nsenter", [...this.entry, command, ...args], this.#with(options));
  }

  #with(options: RunOptions): RunOptions {
    return { ...options, env: { ...(options.env ?? process.env), ...this.env } };
  }

  /** Ends what was started here and still runs. */
  stop(): void {
    for (const identity of this.#started) {
      if (identify(identity.pid)?.started === identity.started) signalGroup(identity.pid, "SIGKILL");
      killNow(identity);
    }
  }
}

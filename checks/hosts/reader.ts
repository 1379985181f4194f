/** Looks at the declared machines: one connection a machine, one look shared by all checks of a round. */
import { setMaxListeners } from "node:events";
import type { SshTarget } from "../../config/derive";
import { connect, type RunOptions, type RunResult, type SshSession } from "../../ssh/client";
import { asRoot, checkSudo } from "../../ssh/sudo";
import { createLimit } from "../engine/limit";
import { LookError } from "../verdict";
import { inspect, inspectCommand, type Inspection, lookErrorOf } from "./inspect";

/** How long a look stands, also one that failed, in milliseconds: longer than a round of checks takes. */
const FRESH_MS = 20_000;
/** Bound of connection and look together, in milliseconds: two dials of 10 s through a bastion, and the program. */
export const LOOK_MS = 50_000;
/** Logins at a time. A bastion's sshd turns away more than ten that have not logged in yet (MaxStartups). */
const DIALS = 5;

export class HostReader {
  private readonly closed = new AbortController();
  private readonly limit = createLimit(DIALS);
  private readonly sessions = new Map<string, Promise<SshSession>>();
  private readonly looks = new Map<string, { look: Promise<Inspection>; done: number | undefined }>();
  private readonly byName: ReadonlyMap<string, SshTarget>;

  /** @param agentSocket Socket of the SSH agent. @default SSH_AUTH_SOCK of this process */
  constructor(
    readonly targets: readonly SshTarget[],
    private readonly agentSocket?: string,
  ) {
    this.byName = new Map(targets.map((target) => [target.name, target]));
    // Every command of every machine listens to it.
    setMaxListeners(0, this.closed.signal);
  }

  /** What a machine is like. @throws LookError naming the machine and the fix. */
  look(name: string): Promise<Inspection> {
    const known = this.looks.get(name);
    if (known !== undefined && (known.done === undefined || performance.now() - known.done < FRESH_MS)) {
      return known.look;
    }
    const entry = { look: this.lookAfresh(name), done: undefined as number | undefined };
    this.looks.set(name, entry);
    const done = (): void => void (entry.done = performance.now());
    entry.look.then(done, done);
    return entry.look;
  }

  /** The machines that can be looked at, by name; those that cannot are left out. Never fails. */
  async lookAtAll(): Promise<Map<string, Inspection>> {
    const found = new Map<string, Inspection>();
    const looks = this.targets.map(async ({ name }) => [name, await this.look(name)] as const);
    for (const result of await Promise.allSettled(looks)) if (result.status === "fulfilled") found.set(...result.value);
    return found;
  }

  /** Runs a command as root over the machine's connection. @throws LookError */
  async asRoot(name: string, command: string, options: RunOptions = {}): Promise<RunResult> {
    const target = this.target(name);
    try {
      const session = await this.session(target);
      const signal =
        options.signal === undefined ? this.closed.signal : AbortSignal.any([options.signal, this.closed.signal]);
      const result = await session.run(asRoot(target.user, command), { ...options, signal });
      return checkSudo(name, target.user, result);
    } catch (error) {
      throw lookErrorOf(error);
    }
  }

  /** The command that looks at a machine by hand. */
  repeat(name: string): string {
    return inspectCommand(this.target(name));
  }

  /** Ends all connections. */
  close(): void {
    this.closed.abort(new LookError("called off", { fix: "run it again" }));
    for (const session of this.sessions.values()) session.then((open) => open.close()).catch(() => undefined);
  }

  private target(name: string): SshTarget {
    const target = this.byName.get(name);
    if (target === undefined) throw new Error(`there is no machine "${name}" to look at`);
    return target;
  }

  private async lookAfresh(name: string): Promise<Inspection> {
    const target = this.target(name);
    const signal = AbortSignal.any([this.closed.signal, AbortSignal.timeout(LOOK_MS)]);
    try {
      return await inspect(await this.session(target), target, signal);
    } catch (error) {
      // A connection that failed in use is made anew by the next look.
      this.sessions
        .get(name)
        ?.then((session) => session.close())
        .catch(() => undefined);
      this.sessions.delete(name);
      throw lookErrorOf(error);
    }
  }

  private session(target: SshTarget): Promise<SshSession> {
    const known = this.sessions.get(target.name);
    if (known !== undefined) return known;
    const opening = this.limit(() => connect(target, { signal: this.closed.signal, agentSocket: this.agentSocket }));
    this.sessions.set(target.name, opening);
    opening.catch(() => this.sessions.delete(target.name));
    return opening;
  }
}

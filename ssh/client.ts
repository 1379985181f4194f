/**
 * Logs in to a machine: its host key pinned, the bastion's too, keys from the SSH agent only. The user's `~/.ssh` is
 * never read: what a run does must not depend on who runs it.
 */
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { loginAgent } from "./agent";
import { dial } from "./dial";
import { SshError } from "./errors";
import { SshSession } from "./session";
import { showEndpoint, type SshEndpoint, type SshTarget } from "./target";

export { SshError, type SshErrorKind } from "./errors";
export { type RunningCommand, type RunOptions, type RunResult, SshSession } from "./session";
export type { SshEndpoint, SshTarget } from "./target";

export interface ConnectOptions {
  /** Calls the dial off. */
  readonly signal?: AbortSignal;
  /** Socket of the SSH agent. @default SSH_AUTH_SOCK of this process */
  readonly agentSocket?: string | undefined;
  /** Bound of one attempt of one hop in milliseconds; two are made where a second can help. @default 10,000 */
  readonly dialMs?: number;
}

/**
 * A session that the caller closes.
 * @throws SshError naming the host and the fix, or the signal's reason.
 */
export async function connect(target: SshTarget, options: ConnectOptions = {}): Promise<SshSession> {
  const { signal = new AbortController().signal, dialMs } = options;
  signal.throwIfAborted();
  const agent = await loginAgent(target.name, options.agentSocket);
  const common = { host: target.name, agent, ...(dialMs === undefined ? {} : { dialMs }) };
  const { bastion } = target;
  if (bastion === undefined) {
    return new SshSession(target.name, [await dial({ ...common, role: "machine", endpoint: target }, signal)]);
  }
  const gate = await dial({ ...common, role: "bastion", endpoint: bastion }, signal);
  try {
    const through = (): Promise<Duplex> => forward(gate, target, bastion);
    const client = await dial({ ...common, role: "machine", endpoint: target, through }, signal);
    return new SshSession(target.name, [client, gate]);
  } catch (error) {
    gate.destroy();
    throw error;
  }
}

/** Reason code of RFC 4254 for a channel that the server's rules do not allow. */
const PROHIBITED = 1;

/** A connection from the bastion to the machine. @throws SshError */
function forward(gate: Client, target: SshTarget, bastion: SshEndpoint): Promise<Duplex> {
  return new Promise((resolve, reject) =>
    gate.forwardOut(
      "127.0.0.1",
      0,
      target.address,
      target.port,
      (error: (Error & { reason?: number }) | undefined, way) => {
        if (error === undefined) return resolve(way);
        const at = `bastion ${showEndpoint(bastion)}`;
        if (error.reason === PROHIBITED) {
          const message = `${at} does not open connections for us (${error.message})`;
          const fix = "set AllowTcpForwarding yes (or PermitOpen for this machine) in the bastion's sshd_config";
          return reject(new SshError(target.name, "bastion-refused", message, { fix, cause: error }));
        }
        const message = `${at} cannot reach ${target.address} on TCP ${target.port} (${error.message})`;
        const fix = `see that the machine is up and that the bastion reaches ${target.address}:${target.port}`;
        return reject(new SshError(target.name, "unreachable", message, { fix, cause: error }));
      },
    ),
  );
}

/** Connects, does something and closes the session whatever happens. @throws what `connect` and the task throw */
export async function withSession<T>(
  target: SshTarget,
  options: ConnectOptions,
  task: (session: SshSession) => Promise<T>,
): Promise<T> {
  const session = await connect(target, options);
  try {
    return await task(session);
  } finally {
    session.close();
  }
}

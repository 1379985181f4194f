/** What can go wrong between here and a machine, each with what mends it. */

/**
 * - `unreachable`: no answer, no route, or the name does not resolve.
 * - `refused`: nothing listens on the port.
 * - `wrong-host-key`: the server has another key than the pinned one, or the pinned one is no key.
 * - `login-refused`: the server takes none of the agent's keys for that user.
 * - `no-agent`: SSH_AUTH_SOCK is not set, nobody listens there, or the agent holds no key.
 * - `not-ssh`: something answers that is no SSH server that we can talk to.
 * - `bastion-refused`: the bastion lets us in and does not let us through.
 * - `lost`: the connection ended while it was in use.
 * - `too-much-output`: a command printed more than its reader takes.
 */
export type SshErrorKind =
  | "unreachable"
  | "refused"
  | "wrong-host-key"
  | "login-refused"
  | "no-agent"
  | "not-ssh"
  | "bastion-refused"
  | "lost"
  | "too-much-output";

/** The message names the host, what was got and what was allowed; `fix` says what mends it. Neither holds a secret. */
export class SshError extends Error {
  /** Name of the machine in the stack's configuration, also where its bastion is at fault. */
  readonly host: string;
  readonly kind: SshErrorKind;
  readonly fix: string;

  constructor(host: string, kind: SshErrorKind, message: string, options: { fix: string; cause?: unknown }) {
    super(`${host}: ${message}`, { cause: options.cause });
    this.name = "SshError";
    this.host = host;
    this.kind = kind;
    this.fix = options.fix;
  }
}

const NETWORK: Readonly<Record<string, string>> = {
  ENOTFOUND: "the name does not resolve",
  EAI_AGAIN: "the name does not resolve now",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ETIMEDOUT: "the connection timed out",
  ECONNRESET: "the connection was reset",
};

/** The words for a socket's error. */
export const networkProblem = (error: NodeJS.ErrnoException): string => NETWORK[error.code ?? ""] ?? error.message;

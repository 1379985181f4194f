/** The SSH agent: the only place that keys to log in come from. */
import { createAgent } from "ssh2";
import { SshError } from "./errors";

export interface LoginAgent {
  /** Path of its socket. */
  readonly socket: string;
  /** How many keys it offers. */
  readonly keys: number;
}

const FIX = 'start an agent and add the key: eval "$(ssh-agent)" && ssh-add; in CI, load the deployment key into one';

/**
 * Asks the agent for its keys.
 * @param socket Its socket. @default SSH_AUTH_SOCK of this process
 * @throws SshError `no-agent`
 */
export async function loginAgent(host: string, socket = process.env.SSH_AUTH_SOCK): Promise<LoginAgent> {
  const none = (problem: string): SshError =>
    new SshError(host, "no-agent", `cannot log in: ${problem}; keys come from the SSH agent only`, { fix: FIX });
  if (socket === undefined || socket === "") throw none("SSH_AUTH_SOCK is not set");
  const keys = await new Promise<readonly unknown[]>((resolve, reject) =>
    createAgent(socket).getIdentities((error, found) =>
      error === undefined || error === null
        ? resolve(found ?? [])
        : reject(none(`the agent at ${socket} does not answer (${error.message})`)),
    ),
  );
  if (keys.length === 0) throw none(`the agent at ${socket} holds no key that can be used`);
  return { socket, keys: keys.length };
}

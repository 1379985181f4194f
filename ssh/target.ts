/** Where a machine's SSH server is, and which key proves that it is that machine. Plain data without secrets. */

/** One SSH server. */
export interface SshEndpoint {
  /** Host name or address. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The one host key that is accepted, as in `known_hosts` without the name: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
}

/** A machine of the cluster. Keys to log in come from the SSH agent only, so there is nothing else to know. */
export interface SshTarget extends SshEndpoint {
  /** Name of the machine in the stack's configuration: messages name it. */
  readonly name: string;
  /** A machine to go through, with its own user and pinned key. @default the machine is reached directly */
  readonly bastion?: SshEndpoint | undefined;
}

/** `root@192.0.2.11`, with the port where it is not 22. */
export const showEndpoint = ({ user, address, port }: SshEndpoint): string =>
  `${user}@${address}${port === 22 ? "" : `:${port}`}`;

/** The command by which a person logs in to the same place. */
export function sshCommand(target: SshTarget): string {
  const port = target.port === 22 ? "" : `-p ${target.port} `;
  const jump = target.bastion === undefined ? "" : `-J ${showEndpoint(target.bastion)} `;
  return `ssh ${jump}${port}${target.user}@${target.address}`;
}

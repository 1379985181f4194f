/**
 * Lines of authorized_keys by which one SSH key may look at a stack's machines and do nothing else. Pure.
 *
 * `restrict` refuses every kind of forwarding, terminals and ~/.ssh/rc; the forced command answers one question. sshd(8),
 * OpenSSH 7.2 and later.
 */
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import type { SshTarget } from "../../config/derive";
import { sshHostKey } from "../../config/values";

/** Path of the forced command on every machine; `pulumi up` brings it there with the other programs. */
export const FORCED_COMMAND = `${PROGRAM_FOLDER}/inspect-only`;

export interface KeyLinesInput {
  readonly stack: string;
  readonly targets: readonly SshTarget[];
  /** Type and base64 of the public key, see {@link publicKeyOf}. */
  readonly key: string;
  /** Addresses and ranges that the key may come from. @default any */
  readonly from?: readonly string[];
  /** @default {@link FORCED_COMMAND} */
  readonly forcedCommand?: string;
}

/**
 * `port-forwarding` allows both directions, and no option forbids listening: it is held to one port that is of no use.
 * OpenSSH 7.8 and later; an older sshd refuses a key with an option that it does not know.
 */
const LISTENS_NOWHERE = 'permitlisten="127.0.0.1:1"';

/** One line, and where it belongs. */
export interface KeyLine {
  /** `machine`, or `bastion`: the machine that the others are reached through. */
  readonly role: "machine" | "bastion";
  /** Names of the machines that get it; a bastion's address. */
  readonly where: readonly string[];
  /** Whose authorized_keys. */
  readonly user: string;
  readonly line: string;
}

/**
 * The key in a `.pub` file, without its comment.
 * @throws Error for anything but one public key; the text is not quoted, since it may be the private half.
 */
export function publicKeyOf(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const [only = ""] = lines;
  if (lines.length !== 1 || !sshHostKey.safeParse(only.trim()).success) {
    const got = text.includes("PRIVATE KEY") ? "a private key" : "something else";
    throw new Error(
      `the key is no public key: got ${got}; allowed: one line such as "ssh-ed25519 AAAA... comment"; fix: name the .pub file that ssh-keygen -t ed25519 made`,
    );
  }
  return only.trim().split(" ").slice(0, 2).join(" ");
}

/** Items by a text that they share, in the order in which they come first. */
function grouped<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

/** One line for each login on the machines, then one for each bastion. Empty for a stack without machines. */
export function keyLines(input: KeyLinesInput): KeyLine[] {
  const { stack, targets, key, from = [], forcedCommand = FORCED_COMMAND } = input;
  const line = (...options: string[]): string => {
    const origin = from.length === 0 ? [] : [`from="${from.join(",")}"`];
    return `${["restrict", ...origin, ...options].join(",")} ${key} drift of ${stack}`;
  };
  const machines = grouped(targets, ({ user }) => user).map((group) => ({
    role: "machine" as const,
    where: group.map(({ name }) => name),
    user: group[0]!.user,
    line: line(`command="${forcedCommand}"`),
  }));
  const through = targets.flatMap(({ bastion, address, port }) =>
    bastion === undefined ? [] : [{ bastion, open: `permitopen="${address}:${port}"` }],
  );
  const bastions = grouped(through, ({ bastion }) => `${bastion.user}@${bastion.address}:${bastion.port}`).map(
    (group) => ({
      role: "bastion" as const,
      where: [group[0]!.bastion.address],
      user: group[0]!.bastion.user,
      // Connections to the machines alone; a command of its own, so that there is no shell.
      line: line("port-forwarding", ...group.map(({ open }) => open), LISTENS_NOWHERE, 'command="/bin/false"'),
    }),
  );
  return [...machines, ...bastions];
}

/** The lines as a text to copy from; what is no key line is a comment of authorized_keys. */
export const keyLinesText = (lines: readonly KeyLine[]): string =>
  lines
    .map(({ role, where, user, line }) =>
      [
        `# ${role === "bastion" ? "the bastion" : where.length === 1 ? "the machine" : `${where.length} machines`} ${where.join(", ")}:`,
        `# one line in the authorized_keys of ${user}`,
        line,
        "",
      ].join("\n"),
    )
    .join("\n");

/** Pinned host keys: how they are written, compared and named. Pure. */
import { createHash } from "node:crypto";

export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa` ... */
  readonly type: string;
  /** The key as it goes over the wire. */
  readonly bytes: Buffer;
}

/** Host key algorithms by key type: one RSA key signs by several. */
const ALGORITHMS = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
} as const;

export type HostKeyAlgorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS][number];

/** Types that can be pinned. */
export const HOST_KEY_TYPES = Object.keys(ALGORITHMS) as readonly (keyof typeof ALGORITHMS)[];

/** A key of the form `<type> <base64> [comment]`; undefined where the text is none. */
export function parseHostKey(text: string): HostKey | undefined {
  const [type = "", encoded = ""] = text.trim().split(/\s+/);
  const bytes = Buffer.from(encoded, "base64");
  if (
    !(type in ALGORITHMS) ||
    bytes.length < 8 ||
    bytes.toString("base64").replace(/=+$/, "") !== encoded.replace(/=+$/, "")
  )
    return undefined;
  return typeOf(bytes) === type ? { type, bytes } : undefined;
}

/** The type that a key on the wire says it is: its first field. */
export function typeOf(bytes: Buffer): string {
  if (bytes.length < 4) return "unknown";
  const length = bytes.readUInt32BE(0);
  return bytes.length < 4 + length ? "unknown" : bytes.toString("latin1", 4, 4 + length);
}

/** `ssh-ed25519 SHA256:...`, as `ssh-keygen -l` prints it. */
export const fingerprint = (bytes: Buffer): string =>
  `${typeOf(bytes)} SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`;

/**
 * All algorithms, those of the pinned key first. The others are offered too, so that a server with another kind of key
 * is told apart from no SSH server at all; the comparison of the bytes decides.
 */
export function algorithmsFor(pinned: HostKey): HostKeyAlgorithm[] {
  const own: readonly HostKeyAlgorithm[] = ALGORITHMS[pinned.type as keyof typeof ALGORITHMS];
  const all: readonly HostKeyAlgorithm[] = HOST_KEY_TYPES.flatMap((type) => ALGORITHMS[type]);
  return [...new Set([...own, ...all])];
}

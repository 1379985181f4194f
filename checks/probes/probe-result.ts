/** What a probe of one port can find. The kinds are what an engineer must tell apart; the texts name the evidence. */
import { LookError } from "../verdict";
import type { PortForwardError, PortForwardTarget } from "./port-forward";

/**
 * `answered`: the protocol was spoken. `refused`: nothing listens. `silent`: something accepts and does not answer.
 * `closed`: something accepts and hangs up. `other-protocol`: something speaks, but another protocol.
 */
export type ProbeFailureKind = "refused" | "silent" | "closed" | "other-protocol";

export interface ProbeFailure {
  readonly kind: ProbeFailureKind;
  /** One line for the report. */
  readonly detail: string;
}

/** How long a port may take to answer, in milliseconds. */
export const PROBE_TIMEOUT_MS = 4_000;

/** The first bytes of a foreign protocol, printable: evidence for what really stands there. */
export function showBytes(bytes: Uint8Array | undefined): string {
  if (bytes === undefined || bytes.length === 0) return "no bytes";
  // eslint would call control characters in a pattern a fault; the ones kept are named by their range instead.
  const text = Array.from(bytes.subarray(0, 24), (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  ).join("");
  return `"${text}"${bytes.length > 24 ? "..." : ""}`;
}

const where = ({ namespace, pod, port }: PortForwardTarget): string => `${namespace}/${pod}:${port}`;

/**
 * The finding that a failed forward stands for.
 * @throws LookError when the forward itself was not possible: then nothing is known about the port.
 */
export function failureOf(error: PortForwardError, target: PortForwardTarget): ProbeFailure {
  switch (error.kind) {
    case "refused":
      return { kind: "refused", detail: `connection refused: nothing listens on 127.0.0.1:${target.port} in this pod` };
    case "timeout":
      return { kind: "silent", detail: `no answer on 127.0.0.1:${target.port}` };
    case "closed":
      return { kind: "closed", detail: `127.0.0.1:${target.port} accepted the connection and closed it` };
    case "forbidden":
      throw new LookError(`missing right: may not get or create pods/portforward in namespace ${target.namespace}`, {
        fix: `give that user the verbs "get" and "create" on "pods/portforward" in namespace ${target.namespace}`,
        final: true,
      });
    case "uncovered":
    case "broken":
      throw new LookError(`port-forward to ${where(target)} failed: ${error.message}`, {
        fix: "see that the pod runs and that the API server reaches the kubelet of its node (port 10250)",
      });
  }
}

/**
 * What is the matter with a port of a server pod, from all that is known about it: what answers on its loopback, what
 * its kubelet says, which asks the pod's address and passes every policy, and what a pod on another node sees. Pure.
 */
import type { ContainerStatus, Pod } from "../cluster/objects";
import type { Seen } from "../probe-pods/script";
import type { ProbeFailureKind } from "../probes/probe-result";

/** What the loopback question came to; `wrong`: the right protocol, and not the answer of something that is ready. */
export type Loopback = "answers" | "wrong" | ProbeFailureKind;

export type PortState =
  | "answers"
  | "nothing listens"
  | "listens elsewhere"
  | "listens on loopback only"
  | "blocked by policy"
  | "not ready yet"
  | "speaks another protocol"
  | "does not answer";

export interface PortFacts {
  readonly loopback: Loopback;
  /** What another pod sees at the pod's address; absent where none has asked. */
  readonly address?: Seen;
  /** Whether the kubelet reaches this port at the pod's address; absent where it asks another port, or did not succeed. */
  readonly kubelet?: boolean;
  /** Why the container cannot be expected to answer yet; absent where it can. */
  readonly notYet?: string;
}

/** The state of a port. What nobody could look at is never guessed: without a second way in, refused means that nothing listens. */
export function portState({ loopback, address, kubelet, notYet }: PortFacts): PortState {
  switch (loopback) {
    case "answers":
      return address === undefined ? "answers" : answering(address, kubelet === true);
    case "wrong":
      return "not ready yet";
    case "other-protocol":
      return "speaks another protocol";
    case "refused":
      if (address?.kind === "open" || kubelet === true) return "listens elsewhere";
      return notYet === undefined ? "nothing listens" : "not ready yet";
    case "silent":
    case "closed":
      return notYet === undefined ? "does not answer" : "not ready yet";
  }
}

/** A port that answers on loopback, seen from another pod. */
function answering(address: Seen, kubelet: boolean): PortState {
  if (address.kind === "open") return "answers";
  // A refusal comes from the pod itself, where nothing listens at its address, or from a rule that rejects. The kubelet knows.
  return address.kind === "refused" && !kubelet ? "listens on loopback only" : "blocked by policy";
}

/** A container as far as it says which port its kubelet asks. */
interface ProbedContainer {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly readinessProbe?: {
    readonly httpGet?: { readonly port: number | string };
    readonly tcpSocket?: { readonly port: number | string };
    readonly grpc?: { readonly port: number };
  };
}

/** Whether the readiness probe of a container asks this port and succeeds: then it answers at the pod's address. */
export function kubeletReaches(pod: Pod, container: string, port: number): boolean {
  const containers: readonly ProbedContainer[] = pod.spec?.containers ?? [];
  const declared = containers.find(({ name }) => name === container);
  const { httpGet, tcpSocket, grpc } = declared?.readinessProbe ?? {};
  const asked = (httpGet ?? tcpSocket ?? grpc)?.port;
  const number = typeof asked === "string" ? declared?.ports?.find(({ name }) => name === asked)?.containerPort : asked;
  const status = statusOf(pod, container);
  return number === port && status?.ready === true && status.state?.terminated === undefined;
}

/** States before the first start of a container; every other reason to wait comes after an end. */
const BEFORE_START: readonly string[] = ["ContainerCreating", "PodInitializing"];

/** Why a container cannot be expected to answer yet; undefined where it should. A container that crashed should. */
export function notYetBecause(pod: Pod, container: string): string | undefined {
  const status = statusOf(pod, container);
  const waiting = status?.state?.waiting?.reason;
  if (waiting !== undefined && BEFORE_START.includes(waiting)) return `container ${container} is starting: ${waiting}`;
  if (status?.state?.running !== undefined && status.started === false) {
    const since = status.state.running.startedAt;
    return `container ${container} runs${since === undefined ? "" : ` since ${since}`} and has not passed its startup probe`;
  }
  return undefined;
}

const statusOf = (pod: Pod, container: string): ContainerStatus | undefined =>
  pod.status?.containerStatuses?.find(({ name }) => name === container);

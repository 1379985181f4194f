/** Which pods of a node must be recreated when its CNI has changed. Pure. */
import { contains } from "../../config/cidr";
import { PROBE_LABEL, PROBE_PREFIX } from "../probe-pods/proof-names";
import { controllerOf, isReady, type Pod } from "./objects";

/**
 * - `move`: it has an address of the CNI that is being left.
 * - `wait`: it has been connected, and its address is not told yet; or it is being deleted.
 * - `stay`: nothing to do: it uses the node's own network, has ended, or has no address of the old CNI.
 * - `unconnected`: it has no network yet (a volume or an image is missing); the new CNI will connect it.
 */
export type Place = "move" | "wait" | "stay" | "unconnected";

/** Set on the API's image of a pod that the kubelet runs from a file. */
const MIRROR = "kubernetes.io/config.mirror";

const hasEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

/** A pod of a proof, of this run or of another node's, is made and taken away by that run. */
export const isProbe = ({ metadata }: Pod): boolean =>
  metadata.namespace?.startsWith(PROBE_PREFIX) === true && metadata.labels?.[PROBE_LABEL.key] === PROBE_LABEL.value;

/** @param ranges Where the CNI that is being left gives addresses from on this node. */
export function placeOf(pod: Pod, ranges: readonly string[]): Place {
  if (pod.spec?.hostNetwork === true || hasEnded(pod) || isProbe(pod)) return "stay";
  if (pod.metadata.annotations?.[MIRROR] !== undefined) return "stay";
  const address = pod.status?.podIP;
  if (address === undefined || address === "") return isConnected(pod) === false ? "unconnected" : "wait";
  if (!ranges.some((range) => contains(range, address))) return "stay";
  return pod.metadata.deletionTimestamp === undefined ? "move" : "wait";
}

/**
 * Whether the pod's sandbox has a network: the kubelet's own condition (on by default since Kubernetes 1.29). Undefined
 * while the kubelet has not said anything.
 */
function isConnected({ status }: Pod): boolean | undefined {
  const condition = status?.conditions?.find(({ type }) => type === "PodReadyToStartContainers");
  return condition === undefined ? undefined : condition.status === "True";
}

/**
 * Whether a pod that is not Ready is likely to become so: its containers run. A kubelet that was restarted takes every
 * container with a readiness probe for not ready until it has probed again, and may report its node as not ready once,
 * which makes all pods of the node not Ready for some seconds (measured with Kubernetes 1.33).
 */
export function mayBecomeReady(pod: Pod): boolean {
  const statuses = pod.status?.containerStatuses ?? [];
  return !isReady(pod) && statuses.length > 0 && statuses.every(({ state }) => state?.running !== undefined);
}

/** A pod that nothing makes again once it is gone. */
export const isBare = (pod: Pod): boolean => controllerOf(pod) === undefined;

/** The host ports that a pod's containers claim over TCP. */
export function hostPortsOf({ spec }: Pod): number[] {
  const ports = (spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return [
    ...new Set(ports.flatMap(({ hostPort, protocol = "TCP" }) => (hostPort && protocol === "TCP" ? [hostPort] : []))),
  ];
}

/** Whether a pod claims any host port, over any protocol: then the portmap plugin keeps entries for it. */
export const claimsHostPort = ({ spec }: Pod): boolean =>
  spec?.hostNetwork !== true &&
  (spec?.containers ?? []).some(({ ports = [] }) =>
    ports.some(({ hostPort }) => hostPort !== undefined && hostPort > 0),
  );

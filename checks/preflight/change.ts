/** The change of CNI that a preflight is about, and the few things that all its checks ask. */
import { CNI } from "../../components/k3s/cni";
import { calicoRanges } from "../../config/derive";
import type { Cni } from "../../config/schema";
import type { Node, Pod } from "../cluster/objects";
import { placeOf } from "../cluster/select";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import type { Machines } from "../subject";
import { SkipError } from "../verdict";

export interface Change {
  readonly from: Cni;
  readonly to: Cni;
}

/** The declared change, or undefined where the stack is settled. */
export function declaredChange({ cni }: Machines): Change | undefined {
  return cni.leaving === undefined ? undefined : { from: cni.leaving, to: cni.provider };
}

/** @throws SkipError where no change is declared, LookError without machines. */
export function changeOf(context: CheckContext): Change {
  const change = declaredChange(context.machines);
  if (change === undefined)
    throw new SkipError("the stack declares no change of CNI (cni.leaving), so nothing is disrupted");
  return change;
}

/** Where a CNI gives pods of a node addresses from; empty where the node has no podCIDR. */
function rangesOf(cni: Cni, node: Node, machines: Machines): string[] {
  if (CNI[cni].addresses === "pool") return calicoRanges(machines);
  return node.spec?.podCIDR === undefined ? [] : [node.spec.podCIDR];
}

/** Namespace of the pods by which a node is proven: they come and go with each proof. */
const PROBES = "seldon-k3s-probe";

/** The pods that the change recreates: those with an address of the CNI that is being left. @throws LookError | SkipError */
export async function movingPods(context: CheckContext, signal: AbortSignal): Promise<Pod[]> {
  const { from } = changeOf(context);
  const nodes = await context.snapshot.list<Node>(PATHS.nodes, signal);
  const ranges = new Map(nodes.map((node) => [node.metadata.name, rangesOf(from, node, context.machines)]));
  const pods = await context.snapshot.list<Pod>(PATHS.allPods, signal);
  return pods.filter((pod) => {
    if (pod.metadata.namespace === PROBES) return false;
    const place = placeOf(pod, ranges.get(pod.spec?.nodeName ?? "") ?? []);
    return place === "move" || (place === "wait" && pod.metadata.deletionTimestamp === undefined);
  });
}

/** Whether a pod is Calico's agent on its node. */
export const isCalicoNode = ({ metadata }: Pod): boolean => metadata.labels?.["k8s-app"] === "calico-node";

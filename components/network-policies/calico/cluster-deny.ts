/** A default deny for the pods of every namespace that is not ours and does not belong to the cluster. Pure. */
import { type CalicoObject, DEFAULT_TIER, globalNetworkPolicy, stagedGlobalNetworkPolicy } from "./objects";
import { allOf, has, isNoneOf, NAMESPACE } from "./selectors";
import { toDns } from "./tiers";

/** Namespaces without which a cluster does not work: K3s' own, and Calico's of both lines. */
export const SYSTEM_NAMESPACES = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "tigera-operator",
  "calico-system",
  "calico-apiserver",
] as const;

export interface ClusterDenyArgs {
  readonly enforce: boolean;
  /** Further namespaces that stay open. */
  readonly exempt: readonly string[];
  /** Namespaces of ours: they have a default deny of their own, and one that does not act yet must not be cut. */
  readonly ours: readonly string[];
  readonly nodeCidrs: readonly string[];
}

/**
 * In the tier `default`, because there it adds up with Kubernetes' policies: what any of them opens stays open, and the
 * end of the tier denies the rest. In an earlier tier nothing that a Kubernetes policy opens would ever be asked.
 *
 * Only pods are selected, by the label that no host has: `not in` alone would be true of a host endpoint too. Nodes are
 * admitted by their ranges (a pod's own node always is); across nodes with VXLAN a node's packets come from its tunnel
 * address, which is of the pool and not known beforehand: namespaces with webhooks belong into `exempt`.
 */
export function clusterDeny({ enforce, exempt, ours, nodeCidrs }: ClusterDenyArgs): CalicoObject {
  const open = [...new Set([...SYSTEM_NAMESPACES, ...exempt, ...ours])];
  const args = {
    tier: DEFAULT_TIER,
    name: "cluster-default-deny",
    order: 2000,
    selector: allOf(has(NAMESPACE), isNoneOf(NAMESPACE, open)),
    types: ["Ingress", "Egress"] as const,
    ingress: [{ action: "Allow" as const, source: { nets: nodeCidrs } }],
    egress: toDns,
    reasons: [
      "closed unless a policy of the namespace opens it",
      "from the nodes, every port: kubelet, API server and load balancers",
      "to cluster DNS, UDP+TCP 53: names",
    ],
  };
  return enforce ? globalNetworkPolicy(args) : stagedGlobalNetworkPolicy(args);
}

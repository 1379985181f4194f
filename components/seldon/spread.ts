/** Pods on different nodes, and how many of them an eviction may take. Pure. */
import { labels } from "../component";

/** One entry of `topologySpreadConstraints`. */
export interface SpreadConstraint {
  readonly maxSkew: 1;
  readonly topologyKey: "kubernetes.io/hostname";
  readonly whenUnsatisfiable: "ScheduleAnyway" | "DoNotSchedule";
  readonly labelSelector: { readonly matchLabels: Readonly<Record<string, string>> };
}

/** As even a spread over the nodes as there can be. `require` keeps a pod Pending rather than break it. */
export const spreadOverNodes = (
  matchLabels: Readonly<Record<string, string>>,
  how: "prefer" | "require",
): SpreadConstraint[] => [
  {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: how === "prefer" ? "ScheduleAnyway" : "DoNotSchedule",
    labelSelector: { matchLabels },
  },
];

/** A PodDisruptionBudget. */
export interface BudgetResource {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec: {
    readonly maxUnavailable: number;
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly unhealthyPodEvictionPolicy: "AlwaysAllow";
  };
}

/**
 * How many of a workload's pods an eviction may take at a time. Pods that are not Ready may always go: a stuck agent
 * would otherwise block the drain of its node for ever (`AlwaysAllow`, stable since Kubernetes 1.31).
 */
export const budgetResource = (
  { namespace, name }: { readonly namespace: string; readonly name: string },
  matchLabels: Readonly<Record<string, string>>,
  maxUnavailable: number,
): BudgetResource => ({
  metadata: { name, namespace, labels: labels() },
  spec: { maxUnavailable, selector: { matchLabels }, unhealthyPodEvictionPolicy: "AlwaysAllow" },
});

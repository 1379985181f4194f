/** What a cluster has that decides about connections, read once, and the same with the stack's policies acting. */
import type { DeclaredPolicies } from "../../../components/network-policies/declared";
import { LABELS } from "../../../components/component";
import type { NetworkPolicy } from "../../evidence/objects";
import { type KubeObject, type Node, type Pod, controllerOf, internalAddress } from "../../cluster/objects";
import { PATHS } from "../../cluster/paths";
import type { CheckContext } from "../../context";
import type { AddressEnd, CalicoPolicy, NetworkSet, PodEnd, Tier, World } from "../evaluate/model";

/** A pod with the name of the workload that it belongs to. */
export interface Workload {
  /** `financial-ml/StatefulSet mlserver`. */
  readonly name: string;
  readonly namespace: string;
  readonly end: PodEnd;
}

export interface PolicySnapshot {
  /** One pod for each workload, and for each set of labels in it: policies cannot tell others apart. */
  readonly workloads: readonly Workload[];
  readonly nodes: readonly AddressEnd[];
  readonly world: World;
  /** Staged policies by kind, which decide nothing yet. */
  readonly staged: readonly (KubeObject & { readonly kind: string; readonly plural: string })[];
}

const STAGED = {
  stagednetworkpolicies: "StagedNetworkPolicy",
  stagedglobalnetworkpolicies: "StagedGlobalNetworkPolicy",
  stagedkubernetesnetworkpolicies: "StagedKubernetesNetworkPolicy",
} as const;

/** @throws LookError */
export async function readSnapshot({ snapshot }: CheckContext, signal: AbortSignal): Promise<PolicySnapshot> {
  const list = <T>(path: string): Promise<T[]> => snapshot.list<T>(path, signal);
  const calico = <T>(plural: string): Promise<T[]> => list<T>(PATHS.calico(plural));
  const [pods, nodes, namespaces, policies] = await Promise.all([
    list<Pod>(PATHS.allPods),
    list<Node>(PATHS.nodes),
    list<KubeObject>("/api/v1/namespaces"),
    list<NetworkPolicy>(PATHS.allNetworkPolicies),
  ]);
  const [namespaced, global, tiers, sets, globalSets] = await Promise.all([
    calico<CalicoPolicy>("networkpolicies"),
    calico<CalicoPolicy>("globalnetworkpolicies"),
    calico<Tier>("tiers"),
    calico<NetworkSet>("networksets"),
    calico<NetworkSet>("globalnetworksets"),
  ]);
  const staged = await Promise.all(
    Object.entries(STAGED).map(async ([plural, kind]) =>
      (await calico<KubeObject>(plural)).map((object) => ({ ...object, kind, plural })),
    ),
  );
  return {
    workloads: workloadsOf(pods),
    nodes: nodes.flatMap((node) => {
      const ip = internalAddress(node);
      return ip === undefined ? [] : [{ kind: "address" as const, ip, node: node.metadata.name }];
    }),
    world: {
      namespaces: Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
      policies,
      calicoPolicies: [...namespaced, ...global],
      tiers,
      networkSets: [...sets, ...globalSets],
    },
    staged: staged.flat(),
  };
}

/** Labels that say which of a workload's pods one is, and which of its revisions. */
const OF_ONE_POD = [
  "pod-template-hash",
  "controller-revision-hash",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
];

const isOver = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

/** One pod a workload. Pure. */
export function workloadsOf(pods: readonly Pod[]): Workload[] {
  const found = new Map<string, Workload>();
  for (const pod of pods) {
    if (isOver(pod)) continue;
    const { metadata, spec, status } = pod;
    const namespace = metadata.namespace ?? "default";
    const name = `${namespace}/${ownerName(pod)}`;
    const labels = metadata.labels ?? {};
    const kept = Object.entries(labels).filter(([key]) => !OF_ONE_POD.includes(key));
    const key = JSON.stringify([name, kept.sort(), spec?.hostNetwork === true]);
    if (found.has(key)) continue;
    const end: PodEnd = {
      kind: "pod",
      namespace,
      labels,
      ...(status?.podIP === undefined ? {} : { ip: status.podIP }),
      ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
      hostNetwork: spec?.hostNetwork === true,
      ports: (spec?.containers ?? []).flatMap(({ ports = [] }) => ports),
    };
    found.set(key, { name, namespace, end });
  }
  return [...found.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function ownerName(pod: Pod): string {
  const owner = controllerOf(pod);
  if (owner === undefined) return `Pod ${pod.metadata.name}`;
  // A Deployment's pods belong to a ReplicaSet that is named after it and the template's hash.
  const hash = pod.metadata.labels?.["pod-template-hash"];
  if (owner.kind === "ReplicaSet" && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return `Deployment ${owner.name.slice(0, -hash.length - 1)}`;
  }
  return `${owner.kind} ${owner.name}`;
}

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;

/** Whether an object is one that this stack declares, or declared before. */
export const isManaged = ({ metadata }: KubeObject): boolean =>
  Object.entries(LABELS).every(([key, value]) => metadata.labels?.[key] === value);

/** The stack's policies alone, as they act. */
export function ownWorld({ policies, before, calico, last }: DeclaredPolicies, { namespaces }: World): World {
  const of = (...kinds: string[]) => [...before, ...calico, ...last].filter(({ kind }) => kinds.includes(kind));
  return {
    namespaces,
    policies,
    calicoPolicies: of("NetworkPolicy", "GlobalNetworkPolicy"),
    tiers: of("Tier"),
    networkSets: of("GlobalNetworkSet"),
  };
}

/** What is there without what is the stack's, and then the stack's as it will act. */
export function enforcedWorld(now: World, own: World): World {
  const others = <T extends KubeObject>(all: readonly T[] = [], mine: readonly T[] = []): T[] => {
    const names = new Set(mine.map(keyOf));
    return [...all.filter((object) => !isManaged(object) && !names.has(keyOf(object))), ...mine];
  };
  return {
    namespaces: now.namespaces,
    policies: others(now.policies, own.policies),
    calicoPolicies: others(now.calicoPolicies, own.calicoPolicies),
    tiers: others(now.tiers, own.tiers),
    networkSets: others(now.networkSets, own.networkSets),
  };
}

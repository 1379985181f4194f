/**
 * CPU and memory of the CNI's own pods, from the kubelets' Summary API (`/stats/summary`, through the API server's node
 * proxy). It counts CPU time since the container started, so the mean of a span is exact; the Metrics API would give
 * averages over windows of its own, 15 s and older.
 */
import type { ClusterApi } from "../cluster/api";
import type { Pod } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CniUsage } from "./result";

interface Summary {
  readonly pods?: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string };
    readonly cpu?: { readonly usageCoreNanoSeconds?: number; readonly time?: string };
    readonly memory?: { readonly workingSetBytes?: number };
  }[];
}

/**
 * How the pods of a CNI are found. K3s runs its Flannel inside its own process, where nobody can tell its share.
 * Labels: Tigera operator 1.40.15 and flannel's own manifest 0.26.7.
 */
const CNI_PODS: readonly { readonly cni: string; readonly key: string; readonly values: readonly string[] }[] = [
  { cni: "calico", key: "k8s-app", values: ["calico-node", "calico-typha", "calico-kube-controllers"] },
  { cni: "flannel", key: "app", values: ["flannel"] },
];

/** The pods of a CNI and its name; none where it runs in no pod. */
export function cniPods(pods: readonly Pod[]): { readonly cni: string; readonly pods: readonly Pod[] } {
  const found = CNI_PODS.map(({ cni, key, values }) => ({
    cni,
    pods: pods.filter(({ metadata }) => values.includes(metadata.labels?.[key] ?? "")),
  })).filter((one) => one.pods.length > 0);
  if (found.length === 0) return { cni: "a CNI without pods of its own", pods: [] };
  return { cni: found.map(({ cni }) => cni).join(" and "), pods: found.flatMap((one) => one.pods) };
}

/** One moment's counters of a pod. */
interface Counter {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

export type Counters = ReadonlyMap<string, Counter>;

const podKey = (namespace = "", name: string): string => `${namespace}/${name}`;

/** Counters of these pods now, by `<namespace>/<name>`. @throws LookError: the right is `get` on `nodes/proxy`. */
export async function countersOf(api: ClusterApi, pods: readonly Pod[], signal: AbortSignal): Promise<Counters> {
  const nodes = [...new Set(pods.map(({ spec }) => spec?.nodeName).filter((name) => name !== undefined))];
  const wanted = new Set(pods.map(({ metadata }) => podKey(metadata.namespace, metadata.name)));
  const summaries = await Promise.all(
    nodes.map((node) => api.find<Summary>(`${PATHS.nodes}/${encodeURIComponent(node)}/proxy/stats/summary`, signal)),
  );
  const counters = new Map<string, Counter>();
  for (const { podRef, cpu, memory } of summaries.flatMap((summary) => summary?.pods ?? [])) {
    const key = podKey(podRef.namespace, podRef.name);
    if (!wanted.has(key) || cpu?.usageCoreNanoSeconds === undefined || cpu.time === undefined) continue;
    counters.set(key, {
      seconds: Date.parse(cpu.time) / 1000,
      cpuSeconds: cpu.usageCoreNanoSeconds / 1e9,
      memoryBytes: memory?.workingSetBytes ?? 0,
    });
  }
  return counters;
}

/**
 * What lies between two looks. A pod whose kubelet has not counted again in between, or that was restarted, has no mean
 * and is left out. Pure.
 */
export function usageBetween(before: Counters, after: Counters, pods: readonly Pod[]): CniUsage[] {
  return pods.flatMap(({ metadata, spec }) => {
    const key = podKey(metadata.namespace, metadata.name);
    const [from, to] = [before.get(key), after.get(key)];
    if (from === undefined || to === undefined || to.seconds <= from.seconds) return [];
    const cpuSeconds = to.cpuSeconds - from.cpuSeconds;
    if (cpuSeconds < 0) return [];
    return [
      {
        pod: key,
        node: spec?.nodeName ?? "?",
        cpuMillicores: (1000 * cpuSeconds) / (to.seconds - from.seconds),
        memoryMiB: to.memoryBytes / 2 ** 20,
      },
    ];
  });
}

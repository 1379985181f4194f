/**
 * Services that live on one node. A kubelet that starts, as it does with K3s, takes every container with a readiness probe
 * for not ready until it has been probed again: seconds in which a Service has no endpoint if all of them are on that node
 * (measured: 2 s). That is Kubernetes and no CNI; two replicas help only on two nodes.
 */
import type { Check } from "../check";
import type { EndpointSlice, KubeObject } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { pass } from "../verdict";
import { changeOf } from "./change";

const SERVICE = "kubernetes.io/service-name";

/** A Service and the only node that its ready endpoints are on. */
export interface LonelyService {
  readonly service: string;
  readonly node: string;
  /** How many ready pods are behind it. With several, whoever deployed it counts on being safe, and is not. */
  readonly pods: number;
}

interface ProbedPod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly readinessProbe?: object }[];
  };
}

/** Services whose ready endpoints are pods with a readiness probe, all on one node. Pure. */
export function lonelyServices(slices: readonly EndpointSlice[], pods: readonly ProbedPod[]): LonelyService[] {
  const byName = new Map(pods.map((pod) => [`${pod.metadata.namespace}/${pod.metadata.name}`, pod]));
  const services = new Map<string, ProbedPod[]>();
  for (const { metadata, endpoints } of slices) {
    const service = metadata.labels?.[SERVICE];
    if (service === undefined) continue;
    const key = `${metadata.namespace}/${service}`;
    const behind = (endpoints ?? []).flatMap(({ conditions, targetRef }) => {
      const pod = targetRef?.kind === "Pod" ? byName.get(`${metadata.namespace}/${targetRef.name}`) : undefined;
      return pod === undefined || conditions?.ready === false ? [] : [pod];
    });
    services.set(key, [...(services.get(key) ?? []), ...behind]);
  }
  return [...services].flatMap(([service, slicesPods]): LonelyService[] => {
    // A Service of two address families has a slice, and so its pods, twice.
    const behind = [...new Set(slicesPods)];
    const nodes = new Set(behind.map(({ spec }) => spec?.nodeName ?? ""));
    const probed = behind.every(({ spec }) =>
      spec?.containers.some(({ readinessProbe }) => readinessProbe !== undefined),
    );
    const [node = ""] = nodes;
    return nodes.size === 1 && node !== "" && probed ? [{ service, node, pods: behind.length }] : [];
  });
}

export function servicesCheck(context: CheckContext): Check {
  return {
    id: "one-node-services",
    title: "Services that live on one node are known",
    proves: "nobody is surprised by what refuses for seconds when the kubelet of its only node starts again",
    needs: [CLUSTER_IDENTITY],
    timeoutMs: 30_000,
    expectations: () => {
      changeOf(context);
      return [
        {
          target: "Services",
          expected: "endpoints on two nodes, or known to refuse for a moment",
          repeat: context.kubectl("get endpointslices -A -o wide"),
          probe: async (signal) => {
            const slices = await context.snapshot.list<EndpointSlice>(PATHS.allEndpointSlices, signal);
            const pods = await context.snapshot.list<ProbedPod>(PATHS.allPods, signal);
            const found = lonelyServices(slices, pods);
            return found.length === 0
              ? pass("none")
              : pass(`${found.length} on one node`, { note: noteAbout(found, context.kubectl("get pods -A -o wide")) });
          },
        },
      ];
    },
  };
}

/** What is felt, and what prevents it: by how many pods each Service has. */
function noteAbout(found: readonly LonelyService[], listPods: string): string {
  const several = found.filter(({ pods }) => pods > 1);
  const single = found.filter(({ pods }) => pods === 1);
  return [
    "When K3s restarts on a node, its kubelet takes containers with a readiness probe for not ready until it has probed them again, so Services whose pods are all there refuse for seconds.",
    ...(several.length > 0
      ? [
          `Several pods, all on one node: ${several.map(({ service, node, pods }) => `${service} (${pods} on ${node})`).join(", ")}: spread them before the change, by topologySpreadConstraints or pod anti-affinity over kubernetes.io/hostname, or delete one pod and see where it lands (${listPods}).`,
        ]
      : []),
    ...(single.length > 0
      ? [
          `One pod: ${single.map(({ service, node }) => `${service} on ${node}`).join(", ")}: a second replica on another node prevents it.`,
        ]
      : []),
  ].join(" ");
}

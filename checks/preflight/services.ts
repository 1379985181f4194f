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
  for (const { metadata, endpoints = [] } of slices) {
    const service = metadata.labels?.[SERVICE];
    if (service === undefined) continue;
    const key = `${metadata.namespace}/${service}`;
    const behind = endpoints.flatMap(({ conditions, targetRef }) => {
      const pod = targetRef?.kind === "Pod" ? byName.get(`${metadata.namespace}/${targetRef.name}`) : undefined;
      return pod === undefined || conditions?.ready === false ? [] : [pod];
    });
    services.set(key, [...(services.get(key) ?? []), ...behind]);
  }
  return [...services].flatMap(([service, behind]): LonelyService[] => {
    const nodes = new Set(behind.map(({ spec }) => spec?.nodeName ?? ""));
    const probed = behind.every(({ spec }) =>
      spec?.containers.some(({ readinessProbe }) => readinessProbe !== undefined),
    );
    const [node = ""] = nodes;
    return nodes.size === 1 && node !== "" && probed ? [{ service, node }] : [];
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
            const found = lonelyServices(slices, pods).map(({ service, node }) => `${service} on ${node}`);
            if (found.length === 0) return pass("none");
            return pass(`${found.length} on one node`, {
              note: `When K3s restarts on a node, its kubelet takes containers with a readiness probe for not ready until it has probed them again, so these Services refuse for seconds: ${found.join(", ")}. A second replica on another node prevents it.`,
            });
          },
        },
      ];
    },
  };
}

/** Deployments, StatefulSets and DaemonSets whose pods are simulated. */
import type { KubernetesObject } from "../../api/objects";

export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet";

export interface WorkloadSpec {
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly namespace: string;
  /** Labels of the pods; also the selector. */
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly string[];
  /** Not for a DaemonSet. @default 1 */
  readonly replicas?: number;
  readonly hostNetwork?: boolean;
  /** Of the pods. */
  readonly securityContext?: object;
  /** By the container's name. */
  readonly containerSecurity?: Readonly<Record<string, object>>;
}

/** Pods of a stand-in pull no image; the name says so to whoever looks. */
const image = (container: string) => `stand-in.invalid/${container}`;

/** A workload as the absent operator would make it, reduced to what a scheduler, a NetworkPolicy and Pod Security look at. */
export function workload(spec: WorkloadSpec): KubernetesObject {
  const { kind, name, namespace, labels, containers, replicas = 1, hostNetwork = false } = spec;
  const { securityContext, containerSecurity = {} } = spec;
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, labels },
    spec: {
      ...(kind === "DaemonSet" ? {} : { replicas }),
      ...(kind === "StatefulSet" ? { serviceName: name, podManagementPolicy: "Parallel" } : {}),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...(hostNetwork ? { hostNetwork } : {}),
          ...(securityContext === undefined ? {} : { securityContext }),
          terminationGracePeriodSeconds: 0,
          containers: containers.map((container) => {
            const security = containerSecurity[container];
            return { name: container, image: image(container), ...(security ? { securityContext: security } : {}) };
          }),
        },
      },
    },
  };
}

export interface ServiceSpec {
  readonly name: string;
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
  /** Service port and container port by name. */
  readonly ports: Readonly<Record<string, readonly [port: number, targetPort: number]>>;
  /** @default ClusterIP */
  readonly type?: string;
  readonly headless?: boolean;
}

export function service({ name, namespace, selector, ports, type, headless }: ServiceSpec): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: {
      type: type || "ClusterIP",
      ...(headless ? { clusterIP: "None" } : {}),
      selector,
      ports: Object.entries(ports).map(([port, [number, targetPort]]) => ({ name: port, port: number, targetPort })),
    },
  };
}

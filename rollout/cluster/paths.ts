/** Paths of the Kubernetes API that the rollout reads and writes. Pure. */
import { ToolError } from "../../tools/cli";

const core = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}`;

/** Plurals of the kinds that control pods. */
const APPS: Readonly<Record<string, string>> = {
  "apps/v1 Deployment": "deployments",
  "apps/v1 ReplicaSet": "replicasets",
  "apps/v1 StatefulSet": "statefulsets",
  "apps/v1 DaemonSet": "daemonsets",
  "batch/v1 Job": "jobs",
};

export const PATHS = {
  nodes: "/api/v1/nodes",
  node: (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}`,
  nodeStatus: (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}/status`,
  allPods: "/api/v1/pods",
  namespaces: "/api/v1/namespaces",
  namespace: core,
  pods: (namespace: string) => `${core(namespace)}/pods`,
  pod: (namespace: string, name: string) => `${core(namespace)}/pods/${encodeURIComponent(name)}`,
  podLog: (namespace: string, name: string) => `${core(namespace)}/pods/${encodeURIComponent(name)}/log`,
  eviction: (namespace: string, name: string) => `${core(namespace)}/pods/${encodeURIComponent(name)}/eviction`,
  service: (namespace: string, name: string) => `${core(namespace)}/services/${encodeURIComponent(name)}`,
  leases: (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`,
  lease: (namespace: string, name: string) => `${PATHS.leases(namespace)}/${encodeURIComponent(name)}`,
  isKnownWorkload: (apiVersion: string, kind: string): boolean => Object.hasOwn(APPS, `${apiVersion} ${kind}`),
  workload: (apiVersion: string, kind: string, namespace: string, name: string): string => {
    const plural = APPS[`${apiVersion} ${kind}`];
    if (plural === undefined)
      throw new ToolError(`${apiVersion} ${kind} is not among: ${Object.keys(APPS).join(", ")}`);
    return `/apis/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(name)}`;
  },
} as const;

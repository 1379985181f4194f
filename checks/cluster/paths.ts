/** Paths of the Kubernetes API that are read and written. Pure. */
import { ToolError } from "../../tools/cli";

/** What names an object, before anybody knows whether its kind has namespaces. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** A kind as the API server serves it. */
export interface ServedKind {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Path of a group and version: `/api/v1`, `/apis/apps/v1`. */
export const groupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** Path of one object of a served kind. */
export function objectPath(
  { apiVersion, name, namespace = "default" }: Omit<ObjectName, "kind">,
  { plural, namespaced }: ServedKind,
): string {
  const scope = namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${groupPath(apiVersion)}${scope}/${plural}/${encodeURIComponent(name)}`;
}

const core = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
const group = (apiVersion: string, namespace: string): string =>
  `${groupPath(apiVersion)}/namespaces/${encodeURIComponent(namespace)}`;

const SELDON = "mlops.seldon.io/v1alpha1";

/** Plurals of the kinds that control pods. */
const WORKLOADS: Readonly<Record<string, string>> = {
  "apps/v1 Deployment": "deployments",
  "apps/v1 ReplicaSet": "replicasets",
  "apps/v1 StatefulSet": "statefulsets",
  "apps/v1 DaemonSet": "daemonsets",
  "batch/v1 Job": "jobs",
};

export const PATHS = {
  version: "/version",
  systemNamespace: "/api/v1/namespaces/kube-system",
  nodes: "/api/v1/nodes",
  storageClasses: "/apis/storage.k8s.io/v1/storageclasses",
  node: (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}`,
  nodeStatus: (name: string) => `/api/v1/nodes/${encodeURIComponent(name)}/status`,
  allPods: "/api/v1/pods",
  allBudgets: "/apis/policy/v1/poddisruptionbudgets",
  allNetworkPolicies: "/apis/networking.k8s.io/v1/networkpolicies",
  allDeployments: "/apis/apps/v1/deployments",
  allEndpointSlices: "/apis/discovery.k8s.io/v1/endpointslices",
  allStatefulSets: "/apis/apps/v1/statefulsets",
  apiService: (name: string) => `/apis/apiregistration.k8s.io/v1/apiservices/${name}`,
  namespaces: "/api/v1/namespaces",
  namespace: core,
  pods: (namespace: string) => `${core(namespace)}/pods`,
  pod: (namespace: string, name: string) => `${core(namespace)}/pods/${encodeURIComponent(name)}`,
  podLog: (namespace: string, name: string) => `${core(namespace)}/pods/${encodeURIComponent(name)}/log`,
  eviction: (namespace: string, name: string) => `${core(namespace)}/pods/${encodeURIComponent(name)}/eviction`,
  events: (namespace: string) => `${core(namespace)}/events`,
  services: (namespace: string) => `${core(namespace)}/services`,
  service: (namespace: string, name: string) => `${core(namespace)}/services/${encodeURIComponent(name)}`,
  endpointSlices: (namespace: string) => `${group("discovery.k8s.io/v1", namespace)}/endpointslices`,
  secrets: (namespace: string) => `${core(namespace)}/secrets`,
  leases: (namespace: string) => `${group("coordination.k8s.io/v1", namespace)}/leases`,
  lease: (namespace: string, name: string) => `${PATHS.leases(namespace)}/${encodeURIComponent(name)}`,
  isKnownWorkload: (apiVersion: string, kind: string): boolean => Object.hasOwn(WORKLOADS, `${apiVersion} ${kind}`),
  workload: (apiVersion: string, kind: string, namespace: string, name: string): string => {
    const plural = WORKLOADS[`${apiVersion} ${kind}`];
    if (plural === undefined)
      throw new ToolError(`${apiVersion} ${kind} is not among: ${Object.keys(WORKLOADS).join(", ")}`);
    return `${group(apiVersion, namespace)}/${plural}/${encodeURIComponent(name)}`;
  },
  networkPolicies: (namespace: string) => `${group("networking.k8s.io/v1", namespace)}/networkpolicies`,
  seldonGroup: `/apis/${SELDON}`,
  models: (namespace: string) => `${group(SELDON, namespace)}/models`,
  servers: (namespace: string) => `${group(SELDON, namespace)}/servers`,
  serverConfigs: (namespace: string) => `${group(SELDON, namespace)}/serverconfigs`,
  seldonConfigs: (namespace: string) => `${group(SELDON, namespace)}/seldonconfigs`,
  seldonRuntimes: (namespace: string) => `${group(SELDON, namespace)}/seldonruntimes`,
  tigeraStatuses: "/apis/operator.tigera.io/v1/tigerastatuses",
  tigeraStatus: (name: string) => `/apis/operator.tigera.io/v1/tigerastatuses/${name}`,
  installation: "/apis/operator.tigera.io/v1/installations/default",
  calicoApiServer: "/apis/operator.tigera.io/v1/apiservers/default",
  /** All cluster-wide policies of one kind of Kubernetes' network-policy-api, by plural. */
  adminPolicies: (plural: string) => `/apis/policy.networking.k8s.io/v1alpha1/${plural}`,
  /** One object of any kind, which is named `<plural>.<version>.<group>`. */
  custom: (resource: string, namespace: string, name: string) => {
    const [plural = "", version = "", ...rest] = resource.split(".");
    return `${group(`${rest.join(".")}/${version}`, namespace)}/${plural}/${encodeURIComponent(name)}`;
  },
  ipPools: "/apis/crd.projectcalico.org/v1/ippools",
  /** All objects of one of Calico's own kinds, by plural. */
  calico: (plural: string) => `/apis/crd.projectcalico.org/v1/${plural}`,
  /** KWOK's own settings; its controller reads the first kind by name of the pod, the second by selector. */
  kwok: {
    portForwards: (namespace: string) => `${group("kwok.x-k8s.io/v1alpha1", namespace)}/portforwards`,
    clusterPortForwards: "/apis/kwok.x-k8s.io/v1alpha1/clusterportforwards",
    logs: (namespace: string) => `${group("kwok.x-k8s.io/v1alpha1", namespace)}/logs`,
    clusterLogs: "/apis/kwok.x-k8s.io/v1alpha1/clusterlogs",
  },
} as const;

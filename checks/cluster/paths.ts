/** Paths of the Kubernetes API that the checks read. Pure. */

const core = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
const group = (name: string, namespace: string): string => `/apis/${name}/namespaces/${encodeURIComponent(namespace)}`;

const SELDON = "mlops.seldon.io/v1alpha1";
const PLURALS = { Deployment: "deployments", StatefulSet: "statefulsets" } as const;

export const PATHS = {
  version: "/version",
  systemNamespace: "/api/v1/namespaces/kube-system",
  nodes: "/api/v1/nodes",
  storageClasses: "/apis/storage.k8s.io/v1/storageclasses",
  allPods: "/api/v1/pods",
  allBudgets: "/apis/policy/v1/poddisruptionbudgets",
  allNetworkPolicies: "/apis/networking.k8s.io/v1/networkpolicies",
  allDeployments: "/apis/apps/v1/deployments",
  allEndpointSlices: "/apis/discovery.k8s.io/v1/endpointslices",
  allStatefulSets: "/apis/apps/v1/statefulsets",
  apiService: (name: string) => `/apis/apiregistration.k8s.io/v1/apiservices/${name}`,
  namespace: core,
  pods: (namespace: string) => `${core(namespace)}/pods`,
  podLog: (namespace: string, pod: string) => `${core(namespace)}/pods/${pod}/log`,
  events: (namespace: string) => `${core(namespace)}/events`,
  services: (namespace: string) => `${core(namespace)}/services`,
  service: (namespace: string, name: string) => `${core(namespace)}/services/${name}`,
  endpointSlices: (namespace: string) => `${group("discovery.k8s.io/v1", namespace)}/endpointslices`,
  workload: (namespace: string, kind: keyof typeof PLURALS, name: string) =>
    `${group("apps/v1", namespace)}/${PLURALS[kind]}/${name}`,
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

/** Who takes part in a flow: our own pods by label, and the parties around them. */

/** Pods that Seldon Core runs. The operator lives in one namespace, all others in every runtime namespace. */
export const COMPONENTS = [
  "operator",
  "scheduler",
  "envoy",
  "server",
  "modelgateway",
  "pipelinegateway",
  "dataflow",
  "hodometer",
] as const;
export type Component = (typeof COMPONENTS)[number];

/**
 * Labels that select a component's pods, set by the charts and the operator's reconcilers (Seldon Core 2.9.1 and 2.10.2,
 * `operator/controllers/reconcilers/{seldon,server}`).
 */
export const POD_LABELS: Readonly<Record<Component, Readonly<Record<string, string>>>> = {
  operator: { "control-plane": "v2-controller-manager" },
  scheduler: { "app.kubernetes.io/name": "seldon-scheduler" },
  envoy: { "app.kubernetes.io/name": "seldon-envoy" },
  server: { "app.kubernetes.io/name": "seldon-server" },
  modelgateway: { "app.kubernetes.io/name": "seldon-modelgateway" },
  pipelinegateway: { "app.kubernetes.io/name": "seldon-pipelinegateway" },
  dataflow: { "app.kubernetes.io/name": "seldon-dataflow-engine" },
  hodometer: { "app.kubernetes.io/name": "hodometer" },
};

/** Labels of CoreDNS as K3s deploys it. */
export const DNS_NAMESPACE = "kube-system";
export const DNS_LABELS: Readonly<Record<string, string>> = { "k8s-app": "kube-dns" };

/** Label that the API server puts on every namespace. */
export const NAMESPACE_LABEL = "kubernetes.io/metadata.name";

/** Parties outside our namespaces, and `any`: every pod inside them. */
export const PARTIES = {
  any: "every pod of ours",
  client: "clients (policies.clients)",
  prometheus: "Prometheus (policies.monitoringNamespace)",
  kubelet: "kubelet of the pod's node",
  apiserver: "Kubernetes API server",
  dns: "cluster DNS",
  storage: "object storage (policies.storage)",
  kafka: "Kafka (seldon.kafka)",
  schemaRegistry: "schema registry",
  collector: "OpenTelemetry collector (seldon.tracing)",
  internet: "Internet",
} as const;
export type Party = keyof typeof PARTIES;

export type Endpoint = Component | Party;

/** Whether an endpoint is one of Seldon Core's own pods. */
export const isComponent = (endpoint: Endpoint): endpoint is Component => endpoint in POD_LABELS;

/**
 * The flow table: the single source of network truth. The policies, the table of what must and must not be reachable,
 * and the diagram in the docs are made from it.
 *
 * Upstream ships no NetworkPolicy (v2.10.2 names none). The rows are its flows as read from its source, the row number
 * being that of the survey; one upstream row can be several here, where parts of it hold at different times.
 *
 * What needs no row:
 * - Replies: policies are stateful.
 * - `kubectl port-forward`, `exec` and `logs`, and so every check of ours: the kubelet enters the pod's network
 *   namespace and uses its loopback, which no policy sees.
 * - Loopback inside a pod (agent to MLServer 9500 or rclone 5572, Envoy to its mirror listener): never leaves the pod.
 * - The kubelet's probes: the rows below name them, but every implementation admits the pod's own node (Calico 3.31
 *   does not police host to workload, `felix/rules/static.go`; K3s' kube-router has a rule for `--src-type LOCAL`), and
 *   NetworkPolicy has no selector for it. A policy by node range would also admit what runs on any host network.
 * - API server to pods: Seldon Core has no webhook and no aggregated API.
 */
import type { Component, Endpoint, Party } from "./endpoints";
import type { ConfiguredPorts, Flow } from "./flow";
import { PORTS } from "./ports";

type Details = Omit<Flow, "id" | "row" | "from" | "to" | "ports">;

function flow<const Id extends string>(
  row: number,
  id: Id,
  from: readonly Endpoint[],
  to: Component | Party,
  ports: readonly number[] | ConfiguredPorts,
  details: Details,
): Flow<Id> {
  return { id, row, from, to, ports, ...details };
}

const KAFKA_CLIENTS = ["modelgateway", "pipelinegateway", "dataflow"] as const;
const { operator, scheduler, envoy, server, modelgateway, pipelinegateway, dataflow, hodometer, kubernetes } = PORTS;

export const FLOWS = [
  // Control plane
  flow(1, "operator-to-scheduler", ["operator"], "scheduler", [scheduler.control], {
    tlsPorts: [scheduler.controlTls],
    why: "the operator tells every runtime's scheduler about Models, Pipelines and Servers and reads their state",
    source: "operator/scheduler/client.go",
  }),
  flow(2, "operator-to-apiserver", ["operator"], "apiserver", [kubernetes.apiServer], {
    why: "the operator watches custom resources and holds its leader lease",
    source: "operator/main.go",
  }),
  flow(3, "server-to-scheduler", ["server"], "scheduler", [scheduler.agent], {
    tlsPorts: [scheduler.agentTls],
    why: "agents register their capacity and take load and unload orders",
    source: "scheduler/cmd/agent/main.go",
  }),
  flow(4, "server-to-apiserver", ["server"], "apiserver", [kubernetes.apiServer], {
    why: "agents read rclone Secrets and, from 2.10 on, wait for their EndpointSlice; without it they never get ready",
    source: "scheduler/pkg/agent (Role agent-role)",
  }),
  flow(7, "envoy-to-scheduler", ["envoy"], "scheduler", [scheduler.xds], {
    why: "Envoy takes its listeners, routes and clusters from the scheduler (delta xDS)",
    source: "scheduler/pkg/envoy/xdscache",
  }),
  flow(20, "scheduler-to-apiserver", ["scheduler"], "apiserver", [kubernetes.apiServer], {
    when: ["certificates"],
    why: "the scheduler watches its certificate Secrets",
    source: "components/tls/pkg/tls/k8s_secret.go",
  }),

  // Data plane
  flow(10, "client-to-envoy", ["client"], "envoy", [envoy.inference], {
    when: ["clients"],
    why: "inference requests, REST and gRPC, behind Service seldon-mesh:80",
    source: "operator/controllers/reconcilers/seldon/service_reconciler.go",
  }),
  flow(8, "envoy-to-server", ["envoy"], "server", [server.proxyHttp, server.proxyGrpc], {
    why: "inference requests to the agent's reverse proxies, never to the inference server itself",
    source: "scheduler/cmd/agent/main.go createReplicaConfig",
  }),
  flow(6, "server-to-envoy", ["server"], "envoy", [envoy.inference], {
    why: "explainers and language-model runtimes call other models through seldon-mesh",
    source: "chart seldon-core-v2-setup, SELDON_ENVOY_HOST",
  }),
  flow(5, "server-to-storage", ["server"], "storage", "storage", {
    why: "rclone downloads model artefacts",
    source: "scheduler/pkg/agent/rclone",
  }),

  // Pipelines
  flow(9, "envoy-to-pipelinegateway", ["envoy"], "pipelinegateway", [pipelinegateway.http, pipelinegateway.grpc], {
    when: ["pipelines"],
    why: "inference requests for pipelines",
    source: "scheduler/pkg/envoy/xdscache/resource.go",
  }),
  flow(11, "modelgateway-to-scheduler", ["modelgateway"], "scheduler", [scheduler.control], {
    when: ["pipelines"],
    tlsPorts: [scheduler.controlTls],
    why: "the model gateway learns which models to serve from Kafka",
    source: "scheduler/cmd/modelgateway/main.go",
  }),
  flow(12, "modelgateway-to-envoy", ["modelgateway"], "envoy", [envoy.inference], {
    when: ["pipelines"],
    why: "the model gateway infers each Kafka message through seldon-mesh",
    source: "scheduler/cmd/modelgateway/main.go",
  }),
  flow(13, "pipelinegateway-to-scheduler", ["pipelinegateway"], "scheduler", [scheduler.control], {
    when: ["pipelines"],
    tlsPorts: [scheduler.controlTls],
    why: "the pipeline gateway learns which pipelines to serve",
    source: "scheduler/cmd/pipelinegateway/main.go",
  }),
  flow(14, "pipelinegateway-to-envoy", ["pipelinegateway"], "envoy", [envoy.inference], {
    when: ["pipelines"],
    why: "the pipeline gateway asks whether a pipeline's models are ready",
    source: "scheduler/cmd/pipelinegateway/main.go",
  }),
  flow(15, "dataflow-to-scheduler", ["dataflow"], "scheduler", [scheduler.chainer], {
    when: ["pipelines"],
    why: "the dataflow engine subscribes to pipeline topologies, in plaintext even under TLS",
    source: "scheduler/data-flow PipelineSubscriber.kt",
  }),
  flow(16, "kafka-clients-to-kafka", KAFKA_CLIENTS, "kafka", "kafka", {
    when: ["pipelines"],
    why: "pipeline topics",
    source: "scheduler/pkg/kafka, scheduler/data-flow",
  }),
  flow(17, "kafka-clients-to-schema-registry", KAFKA_CLIENTS, "schemaRegistry", "schemaRegistry", {
    when: ["pipelines", "schemaRegistry"],
    why: "schemas of pipeline messages",
    source: "chart seldon-core-v2-setup, SCHEMA_REGISTRY_CONFIG_PATH",
  }),
  flow(20, "kafka-clients-to-apiserver", KAFKA_CLIENTS, "apiserver", [kubernetes.apiServer], {
    when: ["pipelines", "componentSecrets"],
    why: "gateways and dataflow engine read the Secrets with the Kafka password and certificates",
    source: "components/tls/pkg/password/k8s_secret.go",
  }),

  // Usage reports
  flow(18, "hodometer-to-scheduler", ["hodometer"], "scheduler", [scheduler.control], {
    when: ["hodometer"],
    tlsPorts: [scheduler.controlTls],
    why: "usage statistics",
    source: "hodometer/cmd/hodometer",
  }),
  flow(19, "hodometer-to-internet", ["hodometer"], "internet", [hodometer.publish], {
    when: ["hodometer"],
    why: "usage reports to hodometer.seldon.io",
    source: "chart seldon-core-v2-setup, PUBLISH_URL",
  }),
  flow(20, "hodometer-to-apiserver", ["hodometer"], "apiserver", [kubernetes.apiServer], {
    when: ["hodometer"],
    why: "the cluster's version, for usage reports",
    source: "hodometer/pkg/hodometer",
  }),

  // Observability
  flow(21, "prometheus-to-server", ["prometheus"], "server", [server.agentMetrics, server.mlserverMetrics], {
    when: ["monitoring"],
    why: "metrics of agents and MLServer",
    source: "prometheus/monitors (PodMonitors agent, server)",
  }),
  flow(21, "prometheus-to-triton", ["prometheus"], "server", [server.tritonMetrics], {
    when: ["monitoring", "triton"],
    why: "metrics of Triton",
    source: "prometheus/monitors (PodMonitor server)",
  }),
  flow(22, "prometheus-to-envoy", ["prometheus"], "envoy", [envoy.stats], {
    when: ["monitoring"],
    why: "metrics of Envoy, /stats/prometheus",
    source: "prometheus/monitors (ServiceMonitor envoy)",
  }),
  flow(23, "prometheus-to-pipelinegateway", ["prometheus"], "pipelinegateway", [pipelinegateway.metrics], {
    when: ["monitoring", "pipelines"],
    why: "metrics of the pipeline gateway",
    source: "prometheus/monitors (PodMonitor pipelinegateway)",
  }),
  flow(24, "prometheus-to-operator", ["prometheus"], "operator", [operator.metrics], {
    when: ["monitoring"],
    why: "controller-runtime metrics",
    source: "operator/main.go, flag metrics-bind-address",
  }),
  flow(25, "models-to-collector", ["scheduler", "server"], "collector", "collector", {
    when: ["tracing"],
    why: "traces",
    source: "scheduler/pkg/tracing",
  }),
  flow(25, "kafka-clients-to-collector", KAFKA_CLIENTS, "collector", "collector", {
    when: ["tracing", "pipelines"],
    why: "traces",
    source: "scheduler/pkg/tracing, scheduler/data-flow",
  }),

  // Platform
  flow(26, "any-to-dns", ["any"], "dns", [kubernetes.dns], {
    protocols: ["UDP", "TCP"],
    why: "names; Envoy asks again every 2 s",
    source: "scheduler/pkg/envoy/xdscache/resource.go (STRICT_DNS)",
  }),
  flow(27, "kubelet-to-operator", ["kubelet"], "operator", [operator.health], {
    why: "probes",
    source: "chart seldon-core-v2-setup",
  }),
  flow(27, "kubelet-to-scheduler", ["kubelet"], "scheduler", [scheduler.health], {
    why: "probes, from 2.10 on",
    source: "chart seldon-core-v2-setup",
  }),
  flow(27, "kubelet-to-envoy", ["kubelet"], "envoy", [envoy.stats], {
    why: "readiness probe",
    source: "chart seldon-core-v2-setup",
  }),
  flow(
    27,
    "kubelet-to-server",
    ["kubelet"],
    "server",
    [server.inferenceHttp, server.readiness, server.rclone, server.drainer],
    { why: "probes, and the preStop hooks that drain the agent", source: "chart seldon-core-v2-setup" },
  ),
  flow(27, "kubelet-to-modelgateway", ["kubelet"], "modelgateway", [modelgateway.health], {
    when: ["pipelines"],
    why: "probes, from 2.10 on",
    source: "chart seldon-core-v2-setup",
  }),
  flow(27, "kubelet-to-pipelinegateway", ["kubelet"], "pipelinegateway", [pipelinegateway.health], {
    when: ["pipelines"],
    why: "probes, from 2.10 on",
    source: "chart seldon-core-v2-setup",
  }),
  flow(27, "kubelet-to-dataflow", ["kubelet"], "dataflow", [dataflow.health], {
    when: ["pipelines"],
    why: "probes, from 2.10 on",
    source: "chart seldon-core-v2-setup",
  }),
] as const satisfies readonly Flow[];

/** Names of the rows. */
export type FlowId = (typeof FLOWS)[number]["id"];

const BY_ID: ReadonlyMap<string, Flow<FlowId>> = new Map(FLOWS.map((row) => [row.id, row]));

/** The row of that name. */
export function flowById(id: FlowId): Flow<FlowId> {
  const found = BY_ID.get(id);
  if (found === undefined) throw new Error(`no flow ${JSON.stringify(id)}; there are: ${[...BY_ID.keys()].join(", ")}`);
  return found;
}

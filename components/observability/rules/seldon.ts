/** Alerts about Seldon Core: servers, scheduler, agents, inference. Labels as for Calico's. */
import type { Alert, AlertContext } from "./alert";

/**
 * Answers that are the platform's fault. An agent that cannot load a model answers 404 or NotFound (v2.10.2,
 * `scheduler/pkg/agent/rproxy.go`, EnsureLoadModel): whoever asks for a model that does not exist is turned away by Envoy.
 */
export const FAULT_CODES =
  "5..|404|NotFound|Internal|Unavailable|Unknown|DeadlineExceeded|ResourceExhausted|Aborted|DataLoss|Unimplemented";

const runtime = ({ runtimes }: AlertContext): string => `namespace=~"${runtimes}"`;

/** Share of faults among requests, by namespace and one label. */
function faultRatio(metric: string, label: string, context: AlertContext): string {
  const sum = (codes: string) => `sum by (namespace, ${label}) (rate(${metric}{${runtime(context)}${codes}}[5m]))`;
  return `${sum(`,code=~"${FAULT_CODES}"`)} / ${sum("")} > ${context.thresholds.errorRatio}`;
}

const slow = (metric: string, label: string, context: AlertContext): string =>
  `histogram_quantile(0.99, sum by (namespace, ${label}, le) (rate(${metric}_bucket{${runtime(context)}}[5m]))) > ${context.thresholds.latencySeconds}`;

export const SELDON_ALERTS: readonly Alert[] = [
  {
    name: "SeldonNoReadyServer",
    severity: "critical",
    for: "5m",
    expr: (context) =>
      `kube_statefulset_status_replicas_ready{${runtime(context)},statefulset=~"${context.servers}"} == 0 and on (namespace, statefulset) kube_statefulset_replicas{${runtime(context)}} > 0`,
    summary: "Server {{ $labels.statefulset }} in {{ $labels.namespace }} has no ready pod",
    description: "Its models answer nobody, and models that need it cannot be scheduled.",
    fix: "`npm run diagnose -- <stack>`: it tells a server that starts, that died for memory, and an agent that gave up apart.",
  },
  {
    name: "SeldonAgentStuck",
    severity: "critical",
    for: "15m",
    expr: (context) =>
      `kube_pod_container_status_ready{${runtime(context)},container="agent"} == 0 and on (namespace, pod) kube_pod_container_status_ready{${runtime(context)},container=~"mlserver|triton"} == 1`,
    summary: "the agent of {{ $labels.namespace }}/{{ $labels.pod }} is not ready beside a ready inference server",
    description:
      "An agent that lost its inference server for too long gives up for good and has no liveness probe (2.9.1 to 2.10.2); the same is seen when it does not reach the scheduler.",
    fix: "`kubectl -n <namespace> logs <pod> -c agent --tail 50`. If it gave up: `kubectl -n <namespace> delete pod <pod>`, and more memory for the server, which was the cause.",
  },
  {
    name: "SeldonSchedulerDown",
    severity: "critical",
    for: "5m",
    expr: (context) =>
      `kube_statefulset_status_replicas_ready{${runtime(context)},statefulset="seldon-scheduler"} == 0 and on (namespace, statefulset) kube_statefulset_replicas{${runtime(context)}} > 0`,
    summary: "the scheduler of {{ $labels.namespace }} is down",
    description:
      "Models that are loaded go on answering; nothing is loaded, moved or removed, and a new Envoy has no routes.",
    fix: "`kubectl -n <namespace> describe pod seldon-scheduler-0` and its log; its volume must bind to the node.",
  },
  {
    name: "SeldonEnvoyUnavailable",
    severity: "critical",
    for: "5m",
    expr: (context) =>
      `kube_deployment_status_replicas_available{${runtime(context)},deployment="seldon-envoy"} == 0 and on (namespace, deployment) kube_deployment_spec_replicas{${runtime(context)}} > 0`,
    summary: "no Envoy answers in {{ $labels.namespace }}",
    description: "Envoy is the only way in: every inference request fails.",
    fix: "`kubectl -n <namespace> describe deployment seldon-envoy` and the pods' events.",
  },
  {
    name: "SeldonEnvoyWithoutScheduler",
    severity: "warning",
    for: "10m",
    expr: (context) => `envoy_control_plane_connected_state{${runtime(context)}} == 0`,
    summary: "Envoy at {{ $labels.instance }} has lost the scheduler of {{ $labels.namespace }}",
    description:
      "It answers with the routes it had. The scheduler has no metrics of its own; this is its pulse. For up to ten minutes after a start it waits for servers.",
    fix: "Port 9002 from Envoy to the scheduler: `npm run validate` (policy-table), and the scheduler's log.",
  },
  {
    name: "SeldonModelScheduleFailed",
    severity: "critical",
    for: "10m",
    expr: (context) => `seldon_model_condition{${runtime(context)},type="ModelReady",state="ScheduleFailed"} == 0`,
    summary: "Model {{ $labels.name }} in {{ $labels.namespace }} fits on no server",
    description: "No connected server has the capabilities and the free memory that the Model asks for.",
    fix: "`kubectl -n <namespace> get model <name> -o yaml` for the reason, then `npm run diagnose -- <stack>`: capabilities, memory, replicas.",
  },
  {
    name: "SeldonModelNotReady",
    severity: "warning",
    for: "30m",
    expr: (context) =>
      `seldon_model_condition{${runtime(context)},type="ModelReady",state!~"ScheduleFailed|ModelScaledDown"} == 0`,
    summary: "Model {{ $labels.name }} in {{ $labels.namespace }} is not ready ({{ $labels.state }})",
    description:
      "Loading takes longer than half an hour, or failed: the artefact cannot be had or the server refuses it.",
    fix: "Log of the agent (download) and of the inference server (load); the way to the object storage (`policies.storage`).",
  },
  {
    name: "SeldonServerConditionFalse",
    severity: "warning",
    for: "30m",
    expr: (context) => `seldon_server_condition{${runtime(context)},type="Ready"} == 0`,
    summary: "Server {{ $labels.name }} in {{ $labels.namespace }} is not Ready for Seldon's operator",
    description: "Also so when the operator does not reach the scheduler, while every pod is ready.",
    fix: "`kubectl -n <namespace> get server <name> -o yaml`: the condition's message carries the error of the connection.",
  },
  {
    name: "SeldonInferenceErrors",
    severity: "critical",
    for: "10m",
    expr: (context) => faultRatio("seldon_model_infer_total", "model", context),
    summary:
      "{{ $value | humanizePercentage }} of the requests to model {{ $labels.model }} in {{ $labels.namespace }} fail",
    description: "Counted by the agents; requests that the caller got wrong (other 4xx, InvalidArgument) do not count.",
    fix: "Log of the inference server; memory of its pod; 404 means that the agent could not load the model again.",
  },
  {
    name: "SeldonInferenceSlow",
    severity: "warning",
    for: "10m",
    expr: (context) => slow("seldon_model_infer_api_seconds", "server", context),
    summary:
      "inference on server {{ $labels.server }} in {{ $labels.namespace }} takes {{ $value | humanizeDuration }}",
    description: "99th percentile at the agent, all models of the server together: the histogram has no model.",
    fix: "By model in the dashboard; queue of MLServer; CPU of the pod; models that take turns in memory (cache misses).",
  },
  {
    name: "SeldonMeshErrors",
    severity: "critical",
    for: "10m",
    expr: (context) => {
      const listener = `${runtime(context)},envoy_http_conn_manager_prefix="seldon_http"`;
      return `sum by (namespace) (rate(envoy_http_downstream_rq_xx{${listener},envoy_response_code_class="5"}[5m])) / sum by (namespace) (rate(envoy_http_downstream_rq_total{${listener}}[5m])) > ${context.thresholds.errorRatio}`;
    },
    summary: "Envoy answers {{ $value | humanizePercentage }} of the requests in {{ $labels.namespace }} with 5xx",
    description: "More than the agents see: also requests that reach no server.",
    fix: "Compare with SeldonInferenceErrors: without it, Envoy does not reach the servers (9001, 9501): `npm run validate`.",
  },
  {
    name: "SeldonPipelineErrors",
    severity: "critical",
    for: "10m",
    expr: (context) => faultRatio("seldon_pipeline_infer_total", "pipeline", context),
    summary:
      "{{ $value | humanizePercentage }} of the requests to pipeline {{ $labels.pipeline }} in {{ $labels.namespace }} fail",
    description: "Counted by the pipeline gateway: Kafka, the dataflow engine or a model of the pipeline.",
    fix: "Log of the pipeline gateway; reach of Kafka; the models of the pipeline by SeldonInferenceErrors.",
  },
  {
    name: "SeldonPipelineSlow",
    severity: "warning",
    for: "10m",
    expr: (context) => slow("seldon_pipeline_infer_api_seconds", "pipeline", context),
    summary: "pipeline {{ $labels.pipeline }} in {{ $labels.namespace }} takes {{ $value | humanizeDuration }}",
    description: "99th percentile at the pipeline gateway, Kafka included.",
    fix: "Partitions and lag of the topics; the pipeline's models in the dashboard.",
  },
  {
    name: "SeldonServerMemoryFull",
    severity: "warning",
    for: "15m",
    expr: (context) =>
      `sum by (namespace, server, server_replica) (seldon_loaded_model_memory_bytes_gauge{${runtime(context)}}) / on (namespace, server, server_replica) max by (namespace, server, server_replica) (seldon_server_replica_memory_capacity_overcommit_bytes_gauge{${runtime(context)}}) > ${context.thresholds.memoryUsage}`,
    summary:
      "{{ $value | humanizePercentage }} of the memory for models of {{ $labels.namespace }}/{{ $labels.server }}-{{ $labels.server_replica }} is taken",
    description: "What Models say they need, against the server's size with overcommit: the next Model may not fit.",
    fix: "More replicas or memory for the Server (`seldon.servers`), or Models that are not used any more.",
  },
  {
    name: "SeldonOperatorErrors",
    severity: "warning",
    for: "15m",
    expr: ({ operatorNamespace }) =>
      `sum by (controller) (rate(controller_runtime_reconcile_errors_total{namespace="${operatorNamespace}"}[10m])) > 0.1`,
    summary: "Seldon's operator fails on {{ $labels.controller }} {{ $value | humanize }} times a second",
    description: "It tries again and again; what was applied does not take effect.",
    fix: "Log of seldon-v2-controller-manager; port 9004 from it to every scheduler.",
  },
  {
    name: "MetricsTargetDown",
    severity: "warning",
    for: "15m",
    expr: ({ watched }) => `up{namespace=~"${watched}"} == 0`,
    summary: "{{ $labels.instance }} in {{ $labels.namespace }} cannot be scraped",
    description: "The program is down, or the way from Prometheus to it is closed.",
    fix: "`policies.monitoringNamespace` must be Prometheus' namespace; `npm run validate` (policy-table) shows the rows from prometheus.",
  },
];

/** Metrics about the cluster's objects and about scraping itself. */
import { type Metric, metricsOf } from "./metric";

const state = metricsOf("kube-state-metrics", "kube-state-metrics, docs/metrics (stable)");
const custom = metricsOf("custom-resources", "components/observability/custom-resources.ts");
const prometheus = metricsOf("prometheus", "Prometheus, docs: jobs and instances, alerting rules");

const POD = { namespace: "financial-ml", pod: "mlserver-0" };
const DAEMON = { namespace: "calico-system", daemonset: "calico-node" };
const DEPLOYMENT = { namespace: "calico-system", deployment: "calico-typha" };
const STATEFUL = { namespace: "financial-ml", statefulset: "mlserver" };

/** Name of the metric of each custom resource; one series a condition: 1 when True, 0 when False or Unknown. */
export const CONDITION_METRICS = {
  model: "seldon_model_condition",
  server: "seldon_server_condition",
  tigeraStatus: "tigera_status_condition",
} as const;

export const CLUSTER_METRICS: readonly Metric[] = [
  state("gauge", "kube_node_info", { node: "node-1" }),
  state("gauge", "kube_node_status_condition", { node: "node-1", condition: "NetworkUnavailable", status: "true" }),
  state("gauge", "kube_daemonset_status_desired_number_scheduled", DAEMON),
  state("gauge", "kube_daemonset_status_number_ready", DAEMON),
  state("gauge", "kube_deployment_spec_replicas", DEPLOYMENT),
  state("gauge", "kube_deployment_status_replicas_available", DEPLOYMENT),
  state("gauge", "kube_statefulset_replicas", STATEFUL),
  state("gauge", "kube_statefulset_status_replicas_ready", STATEFUL),
  state("gauge", "kube_pod_container_status_ready", { ...POD, container: "agent" }),
  custom("gauge", CONDITION_METRICS.model, {
    namespace: "financial-ml",
    name: "iris",
    type: "ModelReady",
    state: "ModelAvailable",
  }),
  custom("gauge", CONDITION_METRICS.server, { namespace: "financial-ml", name: "mlserver", type: "Ready" }),
  custom("gauge", CONDITION_METRICS.tigeraStatus, { name: "calico", type: "Available" }),
  prometheus("gauge", "up"),
  prometheus("gauge", "ALERTS", { alertname: "FelixNotInSync", alertstate: "firing", severity: "critical" }),
];

/**
 * Metrics of Seldon Core v2 that the stack reads: v2.9.1 and v2.10.2 agree (`scheduler/pkg/metrics` does not differ).
 *
 * The scheduler has none: no program but agent and pipeline gateway serves `/metrics` (v2.10.2, the only two uses of
 * `promhttp.Handler`). What it does is seen from outside: Envoy's connection to it, its pod, and the state of Models.
 */
import { type Metric, metricsOf } from "./metric";

const agent = metricsOf("agent", "scheduler/pkg/metrics/agent.go");
const gateway = metricsOf("pipelinegateway", "scheduler/pkg/metrics/gateway.go");
const mlserver = metricsOf("mlserver", "MLServer 1.7.1, mlserver/handlers/dataplane.py");
const envoy = metricsOf("envoy", "Envoy 1.34, docs: HTTP connection manager statistics");
const operator = metricsOf("seldon-operator", "controller-runtime 0.21, pkg/internal/controller/metrics");

const REPLICA = { server: "mlserver", server_replica: "0" };
const LOADED = { ...REPLICA, model_internal: "iris_1" };
const INFER = { ...LOADED, model: "iris", method_type: "rest", code: "500" };
const PIPELINE = { server: "pipeline-gateway", pipeline: "chain", method_type: "rest", code: "500" };
/** Python's client adds `_total` to the names of counters. */
const MLSERVER = { model: "iris_1", version: "1" };
/** The listener that inference comes through (v2.10.2, `scheduler/pkg/envoy/xdscache/seldoncache.go`). */
const LISTENER = { envoy_http_conn_manager_prefix: "seldon_http" };

export const SELDON_METRICS: readonly Metric[] = [
  agent("counter", "seldon_model_infer_total", INFER),
  agent("counter", "seldon_model_infer_seconds_total", INFER),
  agent("histogram", "seldon_model_infer_api_seconds", { ...REPLICA, method: "post", code: "200" }),
  agent("gauge", "seldon_loaded_model_gauge", LOADED),
  agent("gauge", "seldon_loaded_model_memory_bytes_gauge", LOADED),
  agent("gauge", "seldon_server_replica_memory_capacity_bytes_gauge", REPLICA),
  agent("gauge", "seldon_server_replica_memory_capacity_overcommit_bytes_gauge", REPLICA),
  agent("counter", "seldon_cache_miss_count", REPLICA),
  agent("counter", "seldon_load_model_counter", REPLICA),
  agent("counter", "seldon_unload_model_counter", REPLICA),
  gateway("counter", "seldon_pipeline_infer_total", PIPELINE),
  gateway("histogram", "seldon_pipeline_infer_api_seconds", {
    server: "pipeline-gateway",
    pipeline: "chain",
    method: "rest",
    code: "200",
  }),
  mlserver("counter", "model_infer_request_failure_total", MLSERVER),
  mlserver("histogram", "parallel_request_queue", {}, "MLServer 1.7.1, mlserver/parallel/dispatcher.py"),
  envoy("counter", "envoy_http_downstream_rq_total", LISTENER),
  envoy("counter", "envoy_http_downstream_rq_xx", { ...LISTENER, envoy_response_code_class: "2" }),
  envoy("histogram", "envoy_http_downstream_rq_time", LISTENER),
  envoy("gauge", "envoy_control_plane_connected_state", {}, "Envoy 1.34, docs: management server statistics"),
  operator("counter", "controller_runtime_reconcile_errors_total", { controller: "model" }),
  operator("counter", "controller_runtime_reconcile_total", { controller: "model", result: "success" }),
];

/** Seldon Core: do models answer, how fast, is there room, and do the parts see one another. */
import { FAULT_CODES } from "../rules/seldon";
import { type Dashboard, graph, NONE_IS_GOOD, stat, type Step, THIRD } from "./panel";

const NS = `namespace=~"$namespace"`;
const FAULTS = `${NS},code=~"${FAULT_CODES}"`;
const LISTENER = `${NS},envoy_http_conn_manager_prefix="seldon_http"`;
const RATE = "[$__rate_interval]";

/** Colours of a share of faults. */
const ERROR_STEPS: readonly Step[] = [
  { at: 0, color: "green" },
  { at: 0.01, color: "orange" },
  { at: 0.05, color: "red" },
];

const quantile = (share: number, metric: string, by: string): string =>
  `histogram_quantile(${share}, sum by (${by}, le) (rate(${metric}_bucket{${NS}}${RATE})))`;

export const SELDON_DASHBOARD: Dashboard = {
  uid: "seldon-k3s-models",
  title: "Seldon Core v2: models",
  description:
    "Whether models answer and how fast, by namespace; whether servers have room; whether the parts see one another.",
  namespacesOf: "seldon_server_replica_memory_capacity_bytes_gauge",
  rows: [
    {
      title: "State",
      panels: [
        stat(
          "Requests a second",
          "reqps",
          `sum(rate(seldon_model_infer_total{${NS}}${RATE}))`,
          "As the agents count them.",
        ),
        stat(
          "Failed",
          "percentunit",
          `sum(rate(seldon_model_infer_total{${FAULTS}}${RATE})) / sum(rate(seldon_model_infer_total{${NS}}${RATE})) or vector(0)`,
          "Answers that are the platform's fault; what callers got wrong does not count.",
          { steps: ERROR_STEPS },
        ),
        stat(
          "99th percentile",
          "s",
          quantile(0.99, "seldon_model_infer_api_seconds", "namespace"),
          "At the agent, by namespace.",
        ),
        stat("Models loaded", "short", `sum(seldon_loaded_model_gauge{${NS}})`, "One a model and server replica."),
        stat(
          "Servers without a ready pod",
          "short",
          `count(kube_statefulset_status_replicas_ready{${NS}} == 0 and on (namespace, statefulset) kube_statefulset_replicas{${NS}} > 0) or vector(0)`,
          "StatefulSets of the namespace, the scheduler too.",
          { steps: NONE_IS_GOOD },
        ),
        stat(
          "Alerts firing",
          "short",
          `count(ALERTS{alertstate="firing",alertname=~"Seldon.*|MetricsTargetDown"}) or vector(0)`,
          "Of the alerts about Seldon.",
          { steps: NONE_IS_GOOD },
        ),
      ],
    },
    {
      title: "Inference",
      panels: [
        graph(
          "Requests by model",
          "reqps",
          [[`sum by (namespace, model) (rate(seldon_model_infer_total{${NS}}${RATE}))`, "{{namespace}} {{model}}"]],
          "REST and gRPC together.",
        ),
        graph(
          "Faults by model and code",
          "reqps",
          [
            [
              `sum by (namespace, model, code) (rate(seldon_model_infer_total{${FAULTS}}${RATE}))`,
              "{{namespace}} {{model}} {{code}}",
            ],
          ],
          "404 and NotFound: the agent could not load the model again.",
        ),
        graph(
          "Time by server",
          "s",
          [
            [quantile(0.5, "seldon_model_infer_api_seconds", "namespace, server"), "50 % {{namespace}} {{server}}"],
            [quantile(0.99, "seldon_model_infer_api_seconds", "namespace, server"), "99 % {{namespace}} {{server}}"],
          ],
          "The histogram has no model; its buckets end at 10 s.",
        ),
        graph(
          "Mean time by model",
          "s",
          [
            [
              `sum by (namespace, model) (rate(seldon_model_infer_seconds_total{${NS}}${RATE})) / sum by (namespace, model) (rate(seldon_model_infer_total{${NS}}${RATE}))`,
              "{{namespace}} {{model}}",
            ],
          ],
          "From the agents' counters.",
        ),
      ],
    },
    {
      title: "Way in (Envoy)",
      panels: [
        graph(
          "Answers by class",
          "reqps",
          [
            [
              `sum by (namespace, envoy_response_code_class) (rate(envoy_http_downstream_rq_xx{${LISTENER}}${RATE}))`,
              "{{namespace}} {{envoy_response_code_class}}xx",
            ],
          ],
          "More 5xx than the agents see means that Envoy does not reach them.",
          THIRD,
        ),
        graph(
          "Time, 99th percentile",
          "ms",
          [
            [
              `histogram_quantile(0.99, sum by (namespace, le) (rate(envoy_http_downstream_rq_time_bucket{${LISTENER}}${RATE})))`,
              "{{namespace}}",
            ],
          ],
          "From the first byte of the request to the last of the answer.",
          THIRD,
        ),
        graph(
          "Connected to the scheduler",
          "short",
          [[`min by (namespace) (envoy_control_plane_connected_state{${NS}})`, "{{namespace}}"]],
          "1 is connected. The scheduler has no metrics of its own.",
          THIRD,
        ),
      ],
    },
    {
      title: "Servers",
      panels: [
        graph(
          "Memory for models",
          "percentunit",
          [
            [
              `sum by (namespace, server, server_replica) (seldon_loaded_model_memory_bytes_gauge{${NS}}) / on (namespace, server, server_replica) max by (namespace, server, server_replica) (seldon_server_replica_memory_capacity_overcommit_bytes_gauge{${NS}})`,
              "{{namespace}} {{server}}-{{server_replica}}",
            ],
          ],
          "What Models say they need, of the server's size with overcommit.",
          {
            steps: [
              { at: 0, color: "green" },
              { at: 0.9, color: "orange" },
            ],
          },
        ),
        graph(
          "Models that take turns",
          "ops",
          [[`sum by (namespace, server) (rate(seldon_cache_miss_count{${NS}}${RATE}))`, "{{namespace}} {{server}}"]],
          "A model had to be loaded again for a request: the server is too small for its models.",
        ),
        graph(
          "Loads and unloads",
          "ops",
          [
            [
              `sum by (namespace, server) (rate(seldon_load_model_counter{${NS}}${RATE}))`,
              "load {{namespace}} {{server}}",
            ],
            [
              `sum by (namespace, server) (rate(seldon_unload_model_counter{${NS}}${RATE}))`,
              "unload {{namespace}} {{server}}",
            ],
          ],
          "By the scheduler's order.",
        ),
        graph(
          "MLServer: failures and queue",
          "short",
          [
            [
              `sum by (namespace, model) (rate(model_infer_request_failure_total{${NS}}${RATE}))`,
              "failed {{namespace}} {{model}}",
            ],
            [
              `sum by (namespace) (rate(parallel_request_queue_sum{${NS}}${RATE})) / sum by (namespace) (rate(parallel_request_queue_count{${NS}}${RATE}))`,
              "mean queue {{namespace}}",
            ],
          ],
          "The queue to its workers; only with parallel workers.",
        ),
      ],
    },
    {
      title: "Pipelines",
      panels: [
        graph(
          "Requests by pipeline",
          "reqps",
          [
            [
              `sum by (namespace, pipeline) (rate(seldon_pipeline_infer_total{${NS}}${RATE}))`,
              "{{namespace}} {{pipeline}}",
            ],
          ],
          "At the pipeline gateway.",
        ),
        graph(
          "Time by pipeline, 99th percentile",
          "s",
          [[quantile(0.99, "seldon_pipeline_infer_api_seconds", "namespace, pipeline"), "{{namespace}} {{pipeline}}"]],
          "Kafka included.",
        ),
      ],
    },
    {
      title: "Control",
      panels: [
        graph(
          "Models by state",
          "short",
          [
            [
              `count by (namespace, state) (seldon_model_condition{${NS},type="ModelReady"})`,
              "{{namespace}} {{state}}",
            ],
          ],
          "As the scheduler tells the operator.",
        ),
        graph(
          "Operator",
          "ops",
          [
            ["sum by (controller) (rate(controller_runtime_reconcile_total[$__rate_interval]))", "runs {{controller}}"],
            [
              "sum by (controller) (rate(controller_runtime_reconcile_errors_total[$__rate_interval]))",
              "errors {{controller}}",
            ],
          ],
          "Errors that go on mean that what was applied does not take effect.",
        ),
      ],
    },
  ],
};

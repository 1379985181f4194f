import { type AlertCase, growing, steady, then } from "./case";

const NS = 'namespace="financial-ml"';
const SET = `{${NS},statefulset="mlserver"}`;
const SCHEDULER = `{${NS},statefulset="seldon-scheduler"}`;
const ENVOY = `{${NS},deployment="seldon-envoy"}`;
const POD = `${NS},pod="mlserver-0"`;
const READY = "kube_pod_container_status_ready";
const MODEL = `${NS},name="iris",type="ModelReady"`;
const INFER = `${NS},server="mlserver",server_replica="0",model="iris",model_internal="iris_1",method_type="rest"`;
const PIPELINE = `${NS},server="pipeline-gateway",pipeline="chain",method_type="rest"`;
const REPLICA = `${NS},server="mlserver",server_replica="0"`;
const LISTENER = `${NS},envoy_http_conn_manager_prefix="seldon_http"`;

/** Buckets of a histogram into which so many requests a minute fall, by upper bound. */
const buckets = (name: string, labels: string, counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(counts).map(([le, count]) => [`${name}_bucket{${labels},le="${le}"}`, growing(count)]),
  );

const API = "seldon_model_infer_api_seconds";
const PIPELINE_API = "seldon_pipeline_infer_api_seconds";
const API_LABELS = `${REPLICA},method="post",code="200"`;
const PIPELINE_LABELS = `${NS},server="pipeline-gateway",pipeline="chain",method="rest",code="200"`;

export const SELDON_CASES: readonly AlertCase[] = [
  {
    alert: "SeldonNoReadyServer",
    fires: {
      when: "the only pod of a Server is not ready",
      series: {
        [`kube_statefulset_status_replicas_ready${SET}`]: then(1, 3, 0),
        [`kube_statefulset_replicas${SET}`]: steady(1),
      },
      at: "10m",
      labels: { namespace: "financial-ml", statefulset: "mlserver" },
    },
    silent: [
      {
        when: "one of two pods is ready",
        series: {
          [`kube_statefulset_status_replicas_ready${SET}`]: steady(1),
          [`kube_statefulset_replicas${SET}`]: steady(2),
        },
        at: "10m",
      },
      {
        when: "the Server is scaled to none, and a database of somebody else is down",
        series: {
          [`kube_statefulset_status_replicas_ready${SET}`]: steady(0),
          [`kube_statefulset_replicas${SET}`]: steady(0),
          'kube_statefulset_status_replicas_ready{namespace="shop",statefulset="mlserver"}': steady(0),
          'kube_statefulset_replicas{namespace="shop",statefulset="mlserver"}': steady(1),
        },
        at: "10m",
      },
    ],
  },
  {
    alert: "SeldonAgentStuck",
    fires: {
      when: "the agent gave up while MLServer came back",
      series: {
        [`${READY}{${POD},container="agent"}`]: then(1, 5, 0),
        [`${READY}{${POD},container="mlserver"}`]: steady(1),
      },
      at: "21m",
      labels: { namespace: "financial-ml", pod: "mlserver-0", container: "agent" },
    },
    silent: [
      {
        when: "neither is ready: MLServer itself is down",
        series: {
          [`${READY}{${POD},container="agent"}`]: steady(0),
          [`${READY}{${POD},container="mlserver"}`]: steady(0),
        },
        at: "21m",
      },
      {
        when: "the agent needs ten minutes to start",
        series: {
          [`${READY}{${POD},container="agent"}`]: then(0, 10, 1),
          [`${READY}{${POD},container="mlserver"}`]: steady(1),
        },
        at: "21m",
      },
    ],
  },
  {
    alert: "SeldonSchedulerDown",
    fires: {
      when: "its pod is not ready",
      series: {
        [`kube_statefulset_status_replicas_ready${SCHEDULER}`]: steady(0),
        [`kube_statefulset_replicas${SCHEDULER}`]: steady(1),
      },
      at: "6m",
      labels: { namespace: "financial-ml", statefulset: "seldon-scheduler" },
    },
    silent: [
      {
        when: "it restarts in two minutes",
        series: {
          [`kube_statefulset_status_replicas_ready${SCHEDULER}`]: then(0, 2, 1),
          [`kube_statefulset_replicas${SCHEDULER}`]: steady(1),
        },
        at: "6m",
      },
    ],
  },
  {
    alert: "SeldonEnvoyUnavailable",
    fires: {
      when: "no pod of it is available",
      series: {
        [`kube_deployment_status_replicas_available${ENVOY}`]: steady(0),
        [`kube_deployment_spec_replicas${ENVOY}`]: steady(1),
      },
      at: "6m",
      labels: { namespace: "financial-ml", deployment: "seldon-envoy" },
    },
    silent: [
      {
        when: "it is available, and the dataflow engine wants no pod",
        series: {
          [`kube_deployment_status_replicas_available${ENVOY}`]: steady(1),
          [`kube_deployment_spec_replicas${ENVOY}`]: steady(1),
          [`kube_deployment_status_replicas_available{${NS},deployment="seldon-dataflow-engine"}`]: steady(0),
        },
        at: "6m",
      },
    ],
  },
  {
    alert: "SeldonEnvoyWithoutScheduler",
    fires: {
      when: "the stream of routes is broken",
      series: { [`envoy_control_plane_connected_state{${NS},instance="10.42.130.5:9003"}`]: steady(0) },
      at: "11m",
      labels: { namespace: "financial-ml", instance: "10.42.130.5:9003" },
    },
    silent: [
      {
        when: "it connects after six minutes",
        series: { [`envoy_control_plane_connected_state{${NS},instance="10.42.130.5:9003"}`]: then(0, 6, 1) },
        at: "11m",
      },
    ],
  },
  {
    alert: "SeldonModelScheduleFailed",
    fires: {
      when: "the scheduler finds no server",
      series: { [`seldon_model_condition{${MODEL},state="ScheduleFailed"}`]: steady(0) },
      at: "11m",
      labels: { namespace: "financial-ml", name: "iris", type: "ModelReady", state: "ScheduleFailed" },
    },
    silent: [
      {
        when: "the model is loading",
        series: { [`seldon_model_condition{${MODEL},state="ModelProgressing"}`]: steady(0) },
        at: "11m",
      },
    ],
  },
  {
    alert: "SeldonModelNotReady",
    fires: {
      when: "loading fails",
      series: { [`seldon_model_condition{${MODEL},state="ModelFailed"}`]: steady(0) },
      at: "31m",
      labels: { namespace: "financial-ml", name: "iris", type: "ModelReady", state: "ModelFailed" },
    },
    silent: [
      {
        when: "the model is ready, and another is scaled down",
        series: {
          [`seldon_model_condition{${MODEL},state="ModelAvailable"}`]: steady(1),
          [`seldon_model_condition{${NS},name="idle",type="ModelReady",state="ModelScaledDown"}`]: steady(0),
        },
        at: "31m",
      },
    ],
  },
  {
    alert: "SeldonServerConditionFalse",
    fires: {
      when: "the operator does not reach the scheduler",
      series: { [`seldon_server_condition{${NS},name="mlserver",type="Ready"}`]: steady(0) },
      at: "31m",
      labels: { namespace: "financial-ml", name: "mlserver", type: "Ready" },
    },
    silent: [
      {
        when: "the Server is Ready",
        series: { [`seldon_server_condition{${NS},name="mlserver",type="Ready"}`]: steady(1) },
        at: "31m",
      },
    ],
  },
  {
    alert: "SeldonInferenceErrors",
    fires: {
      when: "one in ten requests ends in 500",
      series: {
        [`seldon_model_infer_total{${INFER},code="200"}`]: growing(90),
        [`seldon_model_infer_total{${INFER},code="500"}`]: growing(10),
      },
      at: "20m",
      labels: { namespace: "financial-ml", model: "iris" },
      value: "10%",
    },
    silent: [
      {
        when: "half of the requests are malformed",
        series: {
          [`seldon_model_infer_total{${INFER},code="200"}`]: growing(50),
          [`seldon_model_infer_total{${INFER},code="422"}`]: growing(50),
        },
        at: "20m",
      },
      {
        when: "one in a hundred fails",
        series: {
          [`seldon_model_infer_total{${INFER},code="200"}`]: growing(99),
          [`seldon_model_infer_total{${INFER},code="503"}`]: growing(1),
        },
        at: "20m",
      },
    ],
  },
  {
    alert: "SeldonInferenceSlow",
    fires: {
      when: "one request in twenty takes between one and two and a half seconds",
      series: buckets(API, API_LABELS, { "0.5": 95, "1": 95, "2.5": 100, "+Inf": 100 }),
      at: "20m",
      labels: { namespace: "financial-ml", server: "mlserver" },
      value: "2.2s",
    },
    silent: [
      {
        when: "all are answered within half a second",
        series: buckets(API, API_LABELS, { "0.5": 100, "1": 100, "2.5": 100, "+Inf": 100 }),
        at: "20m",
      },
      {
        when: "nobody asks",
        series: buckets(API, API_LABELS, { "0.5": 0, "1": 0, "2.5": 0, "+Inf": 0 }),
        at: "20m",
      },
    ],
  },
  {
    alert: "SeldonMeshErrors",
    fires: {
      when: "Envoy reaches no server for a fifth of the requests",
      series: {
        [`envoy_http_downstream_rq_xx{${LISTENER},envoy_response_code_class="5"}`]: growing(20),
        [`envoy_http_downstream_rq_total{${LISTENER}}`]: growing(100),
      },
      at: "20m",
      labels: { namespace: "financial-ml" },
      value: "20%",
    },
    silent: [
      {
        when: "the errors are those of the mirror listener",
        series: {
          [`envoy_http_downstream_rq_xx{${NS},envoy_http_conn_manager_prefix="seldon_mirrors",envoy_response_code_class="5"}`]:
            growing(20),
          [`envoy_http_downstream_rq_total{${LISTENER}}`]: growing(100),
        },
        at: "20m",
      },
    ],
  },
  {
    alert: "SeldonPipelineErrors",
    fires: {
      when: "a third of a pipeline's requests fails",
      series: {
        [`seldon_pipeline_infer_total{${PIPELINE},code="200"}`]: growing(75),
        [`seldon_pipeline_infer_total{${PIPELINE},code="500"}`]: growing(25),
      },
      at: "20m",
      labels: { namespace: "financial-ml", pipeline: "chain" },
      value: "25%",
    },
    silent: [
      {
        when: "all are answered",
        series: { [`seldon_pipeline_infer_total{${PIPELINE},code="200"}`]: growing(100) },
        at: "20m",
      },
    ],
  },
  {
    alert: "SeldonPipelineSlow",
    fires: {
      when: "half of the requests take more than five seconds",
      series: buckets(PIPELINE_API, PIPELINE_LABELS, { "1": 50, "5": 50, "10": 100, "+Inf": 100 }),
      at: "20m",
      labels: { namespace: "financial-ml", pipeline: "chain" },
      value: "9.9s",
    },
    silent: [
      {
        when: "all take less than one",
        series: buckets(PIPELINE_API, PIPELINE_LABELS, { "1": 100, "5": 100, "10": 100, "+Inf": 100 }),
        at: "20m",
      },
    ],
  },
  {
    alert: "SeldonServerMemoryFull",
    fires: {
      when: "two models take 95 of 100 bytes",
      series: {
        [`seldon_loaded_model_memory_bytes_gauge{${REPLICA},model_internal="iris_1"}`]: steady(50),
        [`seldon_loaded_model_memory_bytes_gauge{${REPLICA},model_internal="wine_1"}`]: steady(45),
        [`seldon_server_replica_memory_capacity_overcommit_bytes_gauge{${REPLICA}}`]: steady(100),
      },
      at: "16m",
      labels: { namespace: "financial-ml", server: "mlserver", server_replica: "0" },
      value: "95%",
    },
    silent: [
      {
        when: "they take half",
        series: {
          [`seldon_loaded_model_memory_bytes_gauge{${REPLICA},model_internal="iris_1"}`]: steady(50),
          [`seldon_server_replica_memory_capacity_overcommit_bytes_gauge{${REPLICA}}`]: steady(100),
        },
        at: "16m",
      },
    ],
  },
  {
    alert: "SeldonOperatorErrors",
    fires: {
      when: "it fails on a Model every two seconds",
      series: {
        'controller_runtime_reconcile_errors_total{namespace="financial-ml",controller="model"}': growing(30),
      },
      at: "30m",
      labels: { controller: "model" },
      value: "500m",
    },
    silent: [
      {
        when: "it fails three times a minute, and somebody else's operator often",
        series: {
          'controller_runtime_reconcile_errors_total{namespace="financial-ml",controller="model"}': growing(3),
          'controller_runtime_reconcile_errors_total{namespace="shop",controller="model"}': growing(300),
        },
        at: "30m",
      },
    ],
  },
  {
    alert: "MetricsTargetDown",
    fires: {
      when: "an agent cannot be scraped",
      series: { [`up{${NS},instance="10.42.130.6:9006",job="agent"}`]: steady(0) },
      at: "16m",
      labels: { namespace: "financial-ml", instance: "10.42.130.6:9006", job: "agent" },
    },
    silent: [
      {
        when: "a program of somebody else cannot",
        series: {
          [`up{${NS},instance="10.42.130.6:9006",job="agent"}`]: steady(1),
          'up{namespace="shop",instance="10.42.130.9:80",job="shop"}': steady(0),
        },
        at: "16m",
      },
    ],
  },
];

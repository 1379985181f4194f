/** What Seldon Core's operator would make of its resources (2.10.2, `operator/controllers/reconcilers`). */
import { MESH_SERVICE_PORT, PORTS } from "../../../components/network-policies/ports";
import { fields, type KubernetesObject } from "../../api/objects";
import { withPodSpec } from "./pod-spec";
import { service, workload, type WorkloadKind } from "./workload";

interface Component {
  readonly kind: WorkloadKind;
  readonly container: string;
}

const COMPONENTS: Readonly<Record<string, Component>> = {
  "seldon-scheduler": { kind: "StatefulSet", container: "scheduler" },
  "seldon-envoy": { kind: "Deployment", container: "envoy" },
  "seldon-dataflow-engine": { kind: "Deployment", container: "dataflow-engine" },
  "seldon-modelgateway": { kind: "Deployment", container: "modelgateway" },
  "seldon-pipelinegateway": { kind: "Deployment", container: "pipelinegateway" },
  hodometer: { kind: "Deployment", container: "hodometer" },
};

const NAME_LABEL = "app.kubernetes.io/name";

const count = (value: unknown, otherwise: number) => (typeof value === "number" ? value : otherwise);

/** For a SeldonRuntime: the components with the replicas and pods of its overrides, and their Services. */
export function forSeldonRuntime(runtime: KubernetesObject): readonly KubernetesObject[] {
  const namespace = runtime.metadata.namespace ?? "default";
  const list = runtime.spec?.["overrides"];
  const overrides = (Array.isArray(list) ? list : []).map(fields);
  const overrideOf = (name: string) => overrides.find((override) => override["name"] === name) ?? {};
  const typeOf = (name: string) => {
    const type = overrideOf(name)["serviceType"];
    return typeof type === "string" ? type : undefined;
  };
  const components = Object.entries(COMPONENTS)
    .filter(([name]) => overrideOf(name)["disable"] !== true)
    .map(([name, { kind, container }]) =>
      workload({
        kind,
        name,
        namespace,
        labels: { [NAME_LABEL]: name },
        ...withPodSpec([container], overrideOf(name)["podSpec"]),
        replicas: count(overrideOf(name)["replicas"], 1),
      }),
    );
  const scheduler = {
    xds: PORTS.scheduler.xds,
    scheduler: PORTS.scheduler.control,
    "scheduler-mtls": PORTS.scheduler.controlTls,
    agent: PORTS.scheduler.agent,
    "agent-mtls": PORTS.scheduler.agentTls,
    dataflow: PORTS.scheduler.chainer,
  };
  return [
    ...components,
    service({
      name: "seldon-mesh",
      namespace,
      selector: { [NAME_LABEL]: "seldon-envoy" },
      type: typeOf("seldon-envoy"),
      ports: { data: [MESH_SERVICE_PORT, PORTS.envoy.inference], stats: [PORTS.envoy.stats, PORTS.envoy.stats] },
    }),
    service({
      name: "seldon-scheduler",
      namespace,
      selector: { [NAME_LABEL]: "seldon-scheduler" },
      type: typeOf("seldon-scheduler"),
      ports: Object.fromEntries(Object.entries(scheduler).map(([name, port]) => [name, [port, port] as const])),
    }),
  ];
}

/** For a Server: the StatefulSet of its replicas, and one headless Service each. */
export function forServer({ metadata, spec }: KubernetesObject): readonly KubernetesObject[] {
  const { name, namespace = "default" } = metadata;
  const replicas = count(spec?.["replicas"], 1);
  const inference = spec?.["serverConfig"] === "triton" ? "triton" : "mlserver";
  const labels = { [NAME_LABEL]: "seldon-server", "seldon-server-name": name };
  const services = Array.from({ length: replicas }, (_, index) =>
    service({
      name: `${name}-${index}`,
      namespace,
      selector: { "statefulset.kubernetes.io/pod-name": `${name}-${index}` },
      headless: true,
      ports: {
        http: [PORTS.server.proxyHttp, PORTS.server.proxyHttp],
        grpc: [PORTS.server.proxyGrpc, PORTS.server.proxyGrpc],
      },
    }),
  );
  const pod = withPodSpec(["rclone", inference, "agent"], spec?.["podSpec"]);
  return [workload({ kind: "StatefulSet", name, namespace, labels, ...pod, replicas }), ...services];
}

/** The objects of a healthy little Seldon cluster, shaped as the charts of 2.10.2 and Calico's operator leave them. */
import { renderPolicies } from "../../../components/network-policies/render";
import type { PolicyContext } from "../../../components/network-policies/context";
import type { Objects, Writable } from "./diagnosis-world";
import type { WireContainer, WirePod } from "../../../checks/evidence/objects";

export const NS = "financial-ml";
export const OPERATOR_NS = "seldon-system";
export const UID = "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001";
/** The moment of every look. */
export const AT = new Date("2026-11-23T02:00:00Z");

const HOUR_AGO = new Date(AT.getTime() - 3_700_000).toISOString();
const ADDRESSES: Readonly<Record<string, string>> = { s1: "192.0.2.11", a1: "192.0.2.21" };

const env = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

/** The containers of a server pod (operator/config/serverconfigs/mlserver.yaml). */
export const serverContainers = (): Writable<WireContainer>[] => [
  {
    name: "rclone",
    image: "docker.io/seldonio/seldon-rclone:2.10.2",
    ports: [{ name: "rclone", containerPort: 5572 }],
    resources: { requests: { memory: "128Mi" }, limits: { memory: "256Mi" } },
  },
  {
    name: "agent",
    image: "docker.io/seldonio/seldon-agent:2.10.2",
    env: env({
      SELDON_SERVER_CAPABILITIES:
        "mlserver,alibi-detect,alibi-explain,huggingface,lightgbm,mlflow,python,sklearn,spark-mlib,xgboost",
      SELDON_OVERCOMMIT_PERCENTAGE: "10",
      SELDON_SERVER_HTTP_PORT: "9000",
      SELDON_SERVER_GRPC_PORT: "9500",
      SELDON_SCHEDULER_HOST: "seldon-scheduler",
      SELDON_SCHEDULER_PORT: "9005",
      SELDON_READINESS_PORT: "9008",
    }),
    ports: [9501, 9001, 9006, 9008].map((containerPort) => ({ containerPort })),
    resources: { requests: { memory: "1Gi" }, limits: { memory: "1Gi" } },
    startupProbe: { failureThreshold: 60, periodSeconds: 15 },
  },
  {
    name: "mlserver",
    image: "docker.io/seldonio/mlserver:1.7.1",
    env: env({ MLSERVER_HTTP_PORT: "9000", MLSERVER_GRPC_PORT: "9500" }),
    ports: [9500, 9000, 8082].map((containerPort) => ({ containerPort })),
    resources: { requests: { memory: "1Gi" }, limits: { memory: "1Gi" } },
    startupProbe: { failureThreshold: 10, periodSeconds: 10 },
  },
];

const running = (name: string) => ({
  name,
  ready: true,
  restartCount: 0,
  started: true,
  state: { running: { startedAt: HOUR_AGO } },
});

interface Shape {
  readonly namespace?: string;
  readonly node: string;
  readonly ip: string;
  readonly labels: Record<string, string>;
  readonly containers: readonly (Writable<WireContainer> | string)[];
  readonly hostNetwork?: boolean;
}

export function podOf(
  name: string,
  { namespace = NS, node, ip, labels, containers, hostNetwork }: Shape,
): Writable<WirePod> {
  const whole = containers.map((one) => (typeof one === "string" ? { name: one } : one));
  return {
    metadata: { name, namespace, labels, creationTimestamp: HOUR_AGO },
    spec: { nodeName: node, ...(hostNetwork === true ? { hostNetwork } : {}), containers: whole },
    status: {
      phase: "Running",
      podIP: ip,
      startTime: HOUR_AGO,
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "True" },
      ],
      containerStatuses: whole.map((container) => running(container.name)),
    },
  };
}

export const serverPod = (name: string, node: string, ip: string): Writable<WirePod> =>
  podOf(name, {
    node,
    ip,
    labels: { "app.kubernetes.io/name": "seldon-server", "seldon-server-name": name.replace(/-\d+$/, "") },
    containers: serverContainers(),
  });

const calicoNode = (name: string, node: string): Writable<WirePod> =>
  podOf(name, {
    namespace: "calico-system",
    node,
    ip: ADDRESSES[node]!,
    labels: { "k8s-app": "calico-node" },
    containers: ["calico-node"],
    hostNetwork: true,
  });

/** The policies that the stack itself declares for one runtime namespace. */
export function declaredPolicies(): Objects["policies"] {
  const context: PolicyContext = {
    operatorNamespace: OPERATOR_NS,
    namespaces: [OPERATOR_NS, NS],
    conditions: new Set(),
    clients: [],
    nodeCidrs: ["192.0.2.0/24"],
    reserved: [],
    storageCidrs: ["0.0.0.0/0"],
    kafka: { cidrs: [] },
    collector: { cidrs: [] },
    ports: { storage: [443], kafka: [], collector: [], schemaRegistry: [] },
  };
  return structuredClone(renderPolicies(context)) as unknown as Objects["policies"];
}

const ready = (status = "True") => [{ type: "Ready", status }];

export function healthyObjects(): Objects {
  const scheduler = podOf("seldon-scheduler-0", {
    node: "s1",
    ip: "10.42.128.10",
    labels: { "app.kubernetes.io/name": "seldon-scheduler" },
    containers: [{ name: "scheduler", env: env({ SCHEDULER_READY_TIMEOUT_SECONDS: "600" }) }],
  });
  const envoy = podOf("seldon-envoy-5d4f-x2x4z", {
    node: "a1",
    ip: "10.42.160.11",
    labels: { "app.kubernetes.io/name": "seldon-envoy" },
    containers: ["envoy"],
  });
  const dns = podOf("coredns-1", {
    namespace: "kube-system",
    node: "s1",
    ip: "10.42.128.2",
    labels: { "k8s-app": "kube-dns" },
    containers: ["coredns"],
  });
  const node = (name: string, podCIDR: string, labels: Record<string, string> = {}) => ({
    metadata: { name, labels },
    spec: { podCIDR },
    status: {
      addresses: [{ type: "InternalIP", address: ADDRESSES[name]! }],
      conditions: [
        { type: "Ready", status: "True" },
        { type: "NetworkUnavailable", status: "False", reason: "CalicoIsUp" },
      ],
    },
  });
  const service = (name: string, clusterIP: string, ports: readonly number[], namespace = NS) => ({
    metadata: { name, namespace, creationTimestamp: HOUR_AGO },
    spec: { clusterIP, ports: ports.map((port) => ({ port })), selector: { "app.kubernetes.io/name": name } },
  });
  const available = (name: string) => ({
    metadata: { name },
    status: {
      conditions: [
        { type: "Available", status: "True" },
        { type: "Degraded", status: "False" },
      ],
    },
  });
  return {
    nodes: [
      node("s1", "10.42.0.0/24", { "node-role.kubernetes.io/control-plane": "true" }),
      node("a1", "10.42.1.0/24"),
    ],
    pods: [
      serverPod("mlserver-0", "s1", "10.42.128.20"),
      serverPod("mlserver-1", "a1", "10.42.160.21"),
      scheduler,
      envoy,
      dns,
      calicoNode("calico-node-s1", "s1"),
      calicoNode("calico-node-a1", "a1"),
    ],
    events: [],
    services: [
      service("seldon-scheduler", "10.43.0.20", [9002, 9004, 9044, 9005, 9055, 9008]),
      service("seldon-mesh", "10.43.0.21", [80, 9003]),
      service("mlserver-0", "None", [9000, 9500, 9005]),
      service("mlserver-1", "None", [9000, 9500, 9005]),
    ],
    endpoints: [
      {
        metadata: {
          name: "seldon-scheduler-x",
          namespace: NS,
          labels: { "kubernetes.io/service-name": "seldon-scheduler" },
        },
        endpoints: [{ conditions: { ready: true }, targetRef: { kind: "Pod", name: "seldon-scheduler-0" } }],
      },
    ],
    policies: declaredPolicies(),
    servers: [
      {
        metadata: { name: "mlserver", namespace: NS },
        spec: { serverConfig: "mlserver", replicas: 2 },
        status: { conditions: ready() },
      },
    ],
    serverConfigs: [
      { metadata: { name: "mlserver", namespace: OPERATOR_NS }, spec: { podSpec: { containers: serverContainers() } } },
    ],
    models: [
      {
        metadata: { name: "iris", namespace: NS },
        spec: { requirements: ["sklearn"], memory: "100Ki" },
        status: { conditions: ready() },
      },
    ],
    runtimes: [
      {
        metadata: { name: "seldon", namespace: NS },
        spec: { seldonConfig: "default" },
        status: { conditions: ready() },
      },
    ],
    seldonConfigs: [
      {
        metadata: { name: "default", namespace: OPERATOR_NS },
        spec: { config: { kafkaConfig: { "bootstrap.servers": "seldon-kafka-bootstrap.financial-ml:9092" } } },
      },
    ],
    calico: {
      tigera: ["calico", "ippools", "apiserver"].map(available),
      installations: [
        { metadata: { name: "default" }, spec: { calicoNetwork: { ipPools: [{ cidr: "10.42.128.0/17" }] } } },
      ],
      pools: [{ metadata: { name: "default-ipv4-ippool" }, spec: { cidr: "10.42.128.0/17" } }],
      globalPolicies: [],
      policies: [],
    },
  };
}

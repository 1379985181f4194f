/** The objects of a small Seldon deployment, as its charts and its operator leave them in 2.10.2. Pure. */
import { type Component, POD_LABELS } from "../../../components/network-policies/endpoints";
import { isDeepStrictEqual } from "node:util";
import { policyContext, type PolicyConfig } from "../../../components/network-policies/context";
import { renderPolicies } from "../../../components/network-policies/render";
import { STAND_IN_IMAGE } from "../image/seldon-image";
import { merged, type PodSpec, serverConfigSpec } from "./pod";

/** Namespace of the operator and of the runtime: the stack's default. */
export const NAMESPACE = "financial-ml";
/** The Server, its StatefulSet, and the pod of its one replica. */
export const SERVER = "mlserver";
export const POD = `${SERVER}-0`;
export const MODEL = "test-model-simple";
/** The machine that runs the server pod; the scheduler runs on the other one. */
export const SERVER_NODE = "a1";
export const SCHEDULER_NODE = "s1";

const SELDON = "mlops.seldon.io/v1alpha1";
type Manifest = Readonly<Record<string, unknown>>;

const on = (node: string): object => ({ nodeSelector: { "kubernetes.io/hostname": node } });
const metadata = (name: string, more: object = {}): object => ({ name, namespace: NAMESPACE, ...more });

/** How the deployment of one run differs from a healthy one. */
export interface Change {
  /** The Server's podSpec. @default none */
  readonly server?: PodSpec;
  /** The pod that comes of both, where a cluster may change what the operator made. @default as it is */
  readonly pod?: (spec: PodSpec) => PodSpec;
}

/** The namespace, the scheduler's stand-in and what never changes. */
export const runtimeObjects = (config: PolicyConfig): Manifest[] => [
  { apiVersion: SELDON, kind: "SeldonConfig", metadata: metadata("default"), spec: { components: [] } },
  { apiVersion: SELDON, kind: "SeldonRuntime", metadata: metadata("seldon"), spec: { seldonConfig: "default" } },
  {
    apiVersion: SELDON,
    kind: "ServerConfig",
    metadata: metadata("mlserver"),
    spec: { podSpec: serverConfigSpec(), volumeClaimTemplates: [] },
  },
  {
    apiVersion: SELDON,
    kind: "Model",
    metadata: metadata(MODEL),
    spec: {
      storageUri: "gs://seldon-models/scv2/samples/mlserver_1.6.0/iris-sklearn",
      requirements: ["sklearn"],
      memory: "100Ki",
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("seldon-scheduler"),
    spec: { selector: POD_LABELS.scheduler, ports: [{ name: "agent", port: 9005 }] },
  },
  // One headless Service a replica, as the operator makes it.
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(POD),
    spec: {
      clusterIP: "None",
      selector: { "statefulset.kubernetes.io/pod-name": POD },
      ports: [
        { name: "http", port: 9000 },
        { name: "grpc", port: 9500 },
      ],
    },
  },
  {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata("seldon-scheduler"),
    spec: {
      replicas: 1,
      serviceName: "seldon-scheduler",
      selector: { matchLabels: POD_LABELS.scheduler },
      template: {
        metadata: { labels: POD_LABELS.scheduler },
        spec: {
          ...on(SCHEDULER_NODE),
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "scheduler",
              image: STAND_IN_IMAGE,
              command: ["/bin/scheduler"],
              ports: [{ name: "agent", containerPort: 9005 }],
              readinessProbe: { httpGet: { path: "/ready", port: 9999 }, periodSeconds: 2 },
            },
          ],
        },
      },
    },
  },
  ...(renderPolicies(policyContext(config)) as unknown as Manifest[]),
];

/** Names of the NetworkPolicies that open anything for a component. */
export const policiesOf = (config: PolicyConfig, component: Component): string[] =>
  renderPolicies(policyContext(config))
    .filter(({ spec }) => isDeepStrictEqual(spec.podSelector.matchLabels, POD_LABELS[component]))
    .map(({ metadata: { name } }) => name);

/** The Server, and the StatefulSet that the operator makes of it. */
export function serverObjects({ server, pod = (spec) => spec }: Change): Manifest[] {
  const labels = { ...POD_LABELS.server, "seldon-server-name": SERVER };
  const spec = { serverConfig: "mlserver", replicas: 1, ...(server === undefined ? {} : { podSpec: server }) };
  return [
    { apiVersion: SELDON, kind: "Server", metadata: metadata(SERVER), spec },
    {
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: metadata(SERVER),
      spec: {
        replicas: 1,
        serviceName: SERVER,
        podManagementPolicy: "Parallel",
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { ...on(SERVER_NODE), ...pod(merged(serverConfigSpec(), server)) } },
      },
    },
  ];
}

/** What the operator writes into a Model's status. */
export const modelStatus = (ready: boolean): Manifest => {
  const condition = (type: string): object => ({
    type,
    status: ready ? "True" : "False",
    ...(ready
      ? {}
      : { reason: "ScheduleFailed", message: "Failed to schedule model as no matching servers are available" }),
    lastTransitionTime: new Date().toISOString(),
  });
  return {
    status: {
      conditions: [condition("ModelReady"), condition("Ready")],
      replicas: 1,
      availableReplicas: ready ? 1 : 0,
    },
  };
};

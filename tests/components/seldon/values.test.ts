/** Helm values: exact, and each path known to the charts. */
import { load } from "js-yaml";
import { SELDON_VERSIONS, type SeldonVersion } from "../../../config/compatibility";
import type { StackConfig } from "../../../config/schema";
import { needsKafkaSecret, runtimeValues, setupValues } from "../../../components/seldon/values";
import { describeWithUpstream, unknownValues, upstreamText } from "../../support/crd-schema";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

const CLUSTER_IP = { serviceType: "ClusterIP" };
const BASE_SETUP = {
  services: { defaultServiceType: "ClusterIP" },
  autoscaling: { autoscalingServerEnabled: false },
  serverConfig: { agent: { maxElapsedTimeReadySubServiceAfterStartSeconds: "300" } },
};
const SASL = {
  protocol: "SASL_SSL",
  sasl: {
    mechanism: "SCRAM-SHA-512",
    client: { username: "seldon", secret: "seldon-kafka-sasl", passwordPath: "password" },
  },
};
const CA = {
  ...PIPELINES,
  kafka: {
    bootstrap: "k.example.com:9093",
    brokerCaSecret: "kafka-ca",
    username: "ml",
    topicPrefix: "risk",
    replicationFactor: 2,
    partitions: 6,
  },
};

describe("values of the setup chart", () => {
  test.each([
    ["the models profile", {}, BASE_SETUP],
    ["Kafka settings that the profile does not use", { ...PIPELINES, profile: "models" }, BASE_SETUP],
    [
      "tenants",
      { tenants: [{ namespace: "a" }, { namespace: "b" }] },
      { ...BASE_SETUP, controller: { clusterwide: true, watchNamespaces: ["financial-ml", "a", "b"] } },
    ],
    [
      "pipelines with a password",
      PIPELINES,
      {
        ...BASE_SETUP,
        kafka: {
          bootstrap: "seldon-kafka-bootstrap.kafka:9093",
          topicPrefix: "seldon",
          topics: { replicationFactor: 3, numPartitions: 1 },
        },
        security: { kafka: SASL },
      },
    ],
    [
      "pipelines with the brokers' certificate authority",
      CA,
      {
        ...BASE_SETUP,
        kafka: {
          bootstrap: "k.example.com:9093",
          topicPrefix: "risk",
          topics: { replicationFactor: 2, numPartitions: 6 },
        },
        security: {
          kafka: {
            ...SASL,
            sasl: { ...SASL.sasl, client: { ...SASL.sasl.client, username: "ml" } },
            ssl: { client: { brokerValidationSecret: "kafka-ca" } },
          },
        },
      },
    ],
    [
      "pipelines in plaintext",
      { profile: "pipelines", kafka: { bootstrap: "k:9092", protocol: "PLAINTEXT" } },
      {
        ...BASE_SETUP,
        kafka: { bootstrap: "k:9092", topicPrefix: "seldon", topics: { replicationFactor: 3, numPartitions: 1 } },
      },
    ],
    [
      "tracing",
      { tracing: { endpoint: "otel.observability:4317", ratio: 0.1 } },
      { ...BASE_SETUP, opentelemetry: { endpoint: "otel.observability:4317", protocol: "grpc", ratio: 0.1 } },
    ],
  ])("for %s", (_, seldon, expected) => {
    expect(setupValues(seldonStack({ seldon }))).toEqual(expected);
  });
});

describe("values of the runtime chart", () => {
  const OFF = { replicas: 0 };
  const base = { hodometer: OFF, scheduler: CLUSTER_IP, envoy: CLUSTER_IP };
  test.each([
    [
      "the models profile: no Kafka component",
      {},
      { ...base, dataflow: OFF, modelgateway: OFF, pipelinegateway: OFF, config: { tracingConfig: { disable: true } } },
    ],
    [
      "the pipelines profile: the chart's replicas",
      PIPELINES,
      { ...base, config: { tracingConfig: { disable: true } } },
    ],
    [
      "tracing",
      { ...PIPELINES, tracing: { endpoint: "otel:4317" } },
      { ...base, config: { tracingConfig: { disable: false } } },
    ],
  ])("for %s", (_, seldon, expected) => {
    expect(runtimeValues(seldonStack({ seldon }))).toEqual(expected);
  });
});

test.each([
  ["models", { ...PIPELINES, profile: "models" }, false],
  ["pipelines over SASL_SSL", PIPELINES, true],
  ["pipelines in plaintext", { profile: "pipelines", kafka: { bootstrap: "k:9092", protocol: "PLAINTEXT" } }, false],
])("the Kafka Secret is needed: %s", (_, seldon, expected) => {
  expect(needsKafkaSecret(seldonStack({ seldon }).seldon)).toBe(expected);
});

/** Every path to a value that is no object. Lists count as values. */
function paths(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [at];
  return Object.entries(value).flatMap(([key, item]) => paths(item, at === "" ? key : `${at}.${key}`));
}

/**
 * Paths that a template reads although the chart's values.yaml does not list them. Both versions'
 * `seldon-core-v2-setup` read `controller.watchNamespaces` (joined into WATCH_NAMESPACES, and for the ClusterRole);
 * both versions' `seldon-core-v2-runtime` read every component's `podSpec`.
 */
const READ_BUT_NOT_LISTED: Readonly<Record<Chart, readonly string[]>> = {
  setup: ["controller.watchNamespaces"],
  runtime: ["hodometer", "scheduler", "envoy", "dataflow", "modelgateway", "pipelinegateway"].map(
    (component) => `${component}.podSpec`,
  ),
};

/** A pod's spec is Kubernetes' business; what is of interest is whether the chart takes one. */
const upToPodSpec = (path: string): string => path.replace(/(\.podSpec)\..*$/, "$1");

/** Listed by values.yaml and read by no template: setting one would look like a setting and be none. */
const DEAD = [
  "envoy.service.type",
  "scheduler.service.type",
  "controller.skipOperatorClusterRoleCreation",
  "kafka.consumer.topicMetadataRefreshIntervalMs",
];

const FULL = {
  ...CA,
  tenants: [{ namespace: "a" }],
  tracing: { endpoint: "otel:4317" },
  podSecurity: "restricted",
  envoy: { replicas: 2 },
  storage: { remotes: [{ kind: "s3", name: "s3", region: "eu-central-1" }] },
  agent: {
    startMinutes: 20,
    loadMinutes: 10,
    loadRetries: 1,
    unloadMinutes: 10,
    unloadGraceSeconds: 1,
    overcommitPercent: 0,
    memory: "512Mi",
  },
  mlserver: { modelStorage: "2Gi" },
  triton: { modelStorage: "2Gi" },
};
/** What 2.9.1 does not read. */
const SINCE_2_10 = { mlserver: { modelStorage: "2Gi", parallelWorkers: 2 } };
const CHARTS = { setup: setupValues, runtime: runtimeValues } as const;
type Chart = keyof typeof CHARTS;
const cases = SELDON_VERSIONS.flatMap((version) =>
  (Object.keys(CHARTS) as Chart[]).map((chart) => ({ version, chart })),
);

const stacksOf = (version: SeldonVersion): StackConfig[] => [
  seldonStack(),
  seldonStack({ seldon: { ...FULL, ...(version === "2.9.1" ? {} : SINCE_2_10) } }),
];

function setPaths(chart: Chart): string[] {
  const all = stacksOf("2.10.2").flatMap((config) => paths(CHARTS[chart](config)));
  return [...new Set(all)];
}

describe("every value that we set", () => {
  test.each(Object.keys(CHARTS) as Chart[])("is none of the dead ones: %s", (chart) => {
    expect(setPaths(chart).filter((path) => DEAD.includes(path))).toEqual([]);
    expect(setPaths(chart).length).toBeGreaterThan(3);
  });

  test.each(Object.keys(CHARTS) as Chart[])("leaves images alone: %s", (chart) => {
    expect(setPaths(chart).filter((path) => /image|\btag\b|registry/i.test(path))).toEqual([]);
  });
});

describeWithUpstream("every value that we set exists in the chart's own values file", () => {
  test.each(cases)("chart $chart $version", ({ version, chart }) => {
    const listed = load(upstreamText(`seldon-core-v${version}`, `${chart}.values.yaml`));
    const unknown = stacksOf(version).flatMap((stack) => unknownValues(listed, CHARTS[chart](stack)));
    expect([...new Set(unknown.map(upToPodSpec))].sort()).toEqual([...READ_BUT_NOT_LISTED[chart]].sort());
  });
});

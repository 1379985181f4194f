/** A Kafka cluster by Strimzi: its objects, their order, and what clients are told. */
import * as pulumi from "@pulumi/pulumi";
import { KafkaCluster } from "../../../components/kafka/kafka-cluster";
import { kafkaObjects } from "../../../components/kafka/objects";
import { policyContext } from "../../../components/network-policies/context";
import { setupValues } from "../../../components/seldon/values";
import { subjectOf } from "../../../checks/subject";
import { edgeStack, STRIMZI } from "../../support/edge-stack";
import { recordComponent } from "../../support/record";

type Raw = Record<string, unknown>;

const stackWith = (strimzi: Raw, kafka: Raw = {}) =>
  edgeStack({ seldon: { profile: "pipelines", tenants: [{ namespace: "fraud-ml" }], kafka: { ...kafka, strimzi } } });

const objects = (strimzi: Raw = {}, kafka: Raw = {}) => {
  const found = kafkaObjects(stackWith(strimzi, kafka));
  if (found === undefined) throw new Error("no cluster");
  return found;
};

const record = (password: string | undefined, seldon: Raw = STRIMZI) => {
  const config = edgeStack({ seldon });
  const kafkaPassword = password === undefined ? undefined : pulumi.secret(password);
  const args = { ...config, subject: subjectOf("test", config), protect: true, kafkaPassword };
  return recordComponent(() => new KafkaCluster("kafka", args));
};

describe("the objects", () => {
  test("a listener with TLS and a password, open to Seldon's own clients only", () => {
    expect(objects().kafka).toMatchObject({
      metadata: { name: "seldon", namespace: "kafka" },
      spec: {
        kafka: {
          version: "3.9.1",
          listeners: [
            {
              port: 9093,
              tls: true,
              authentication: { type: "scram-sha-512" },
              configuration: { brokerCertChainAndKey: { secretName: "seldon-kafka-brokers" } },
              networkPolicyPeers: ["seldon-modelgateway", "seldon-pipelinegateway", "seldon-dataflow-engine"].map(
                (name) => ({
                  namespaceSelector: {
                    matchExpressions: [
                      { key: "kubernetes.io/metadata.name", operator: "In", values: ["models", "fraud-ml"] },
                    ],
                  },
                  podSelector: { matchLabels: { "app.kubernetes.io/name": name } },
                }),
              ),
            },
          ],
        },
      },
    });
  });

  test.each([
    [3, 3, { default: 3, sync: 2, offsets: 3, log: 2 }],
    [5, 2, { default: 2, sync: 1, offsets: 3, log: 2 }],
    [1, 1, { default: 1, sync: 1, offsets: 1, log: 1 }],
  ])("%d brokers, %d replicas: one copy may be lost where there are two", (brokers, replicationFactor, expected) => {
    const spec = objects({ brokers }, { replicationFactor }).kafka.spec as {
      kafka: { config: Record<string, number> };
    };
    const { config } = spec.kafka;
    expect({
      default: config["default.replication.factor"],
      sync: config["min.insync.replicas"],
      offsets: config["offsets.topic.replication.factor"],
      log: config["transaction.state.log.min.isr"],
    }).toEqual(expected);
  });

  test("volumes of the size and class that are named, kept on deletion", () => {
    const { pool } = objects({ brokers: 5, storage: "50Gi", storageClass: "fast", memory: "4Gi", cpu: "1" });
    expect(pool).toMatchObject({
      metadata: { labels: { "strimzi.io/cluster": "seldon" } },
      spec: {
        replicas: 5,
        roles: ["controller", "broker"],
        resources: { requests: { cpu: "1", memory: "4Gi" }, limits: { memory: "4Gi" } },
        storage: { volumes: [{ size: "50Gi", class: "fast", deleteClaim: false }] },
      },
    });
    expect(JSON.stringify(objects().pool)).not.toContain('"class"');
  });

  test("brokers' names and the authority for every runtime", () => {
    const { certificates } = objects({ name: "bus", namespace: "brokers" });
    expect(certificates.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      "brokers/seldon-kafka-brokers",
      "models/seldon-kafka-ca",
      "fraud-ml/seldon-kafka-ca",
    ]);
    expect(certificates[0]?.spec.dnsNames).toEqual([
      "bus-kafka-bootstrap.brokers.svc",
      "bus-kafka-bootstrap.brokers.svc.cluster.local",
      "*.bus-kafka-brokers.brokers.svc",
      "*.bus-kafka-brokers.brokers.svc.cluster.local",
    ]);
  });
});

test("clients and policies follow the cluster", () => {
  const config = stackWith({ name: "bus", namespace: "brokers" });
  expect(setupValues(config)).toMatchObject({
    kafka: { bootstrap: "bus-kafka-bootstrap.brokers.svc:9093" },
    security: {
      kafka: {
        protocol: "SASL_SSL",
        ssl: { client: { brokerValidationSecret: "seldon-kafka-ca", endpointIdentificationAlgorithm: "https" } },
      },
    },
  });
  const context = policyContext(config);
  expect([context.kafka, context.ports.kafka]).toEqual([{ namespace: "brokers", cidrs: [] }, [9093]]);
  expect(context.conditions.has("componentSecrets")).toBe(true);
});

describe("the component", () => {
  test("starts the operator, then nodes, cluster and user, and waits for them", async () => {
    const recording = await record("hush");
    const order = ["kafka-namespace", "kafka-operator", "kafka-nodes", "kafka-cluster", "kafka-user", "kafka-ready"];
    for (const [index, name] of order.slice(1).entries()) {
      expect([name, recording.isAfter(recording.named(name), recording.named(order[index] ?? ""))]).toEqual([
        name,
        true,
      ]);
    }
    expect(recording.isAfter(recording.named("kafka-nodes"), recording.named("kafka-certificates-ready"))).toBe(true);
    expect(recording.named("kafka-operator").inputs).toMatchObject({
      chart: "./charts/strimzi-kafka-operator-0.47.0",
      namespace: "kafka",
    });
    expect(JSON.parse(String(recording.named("kafka-ready").inputs["stdin"]))).toMatchObject({
      awaited: [
        { resource: "kafkas.v1beta2.kafka.strimzi.io", namespace: "kafka", name: "seldon" },
        { resource: "kafkausers.v1beta2.kafka.strimzi.io", namespace: "kafka", name: "seldon" },
      ],
    });
  });

  test("leaves the operator to the platform where it has one", async () => {
    const recording = await record("hush", { profile: "pipelines", kafka: { strimzi: { operator: false } } });
    expect(recording.ofType("Release")).toEqual([]);
  });

  test.each<[string, string | undefined, Raw, string]>([
    ["no password", undefined, STRIMZI, "kafkaPassword: got none for seldon.kafka.strimzi"],
    ["no cluster", "hush", {}, "seldon.kafka.strimzi: got none"],
  ])("refuses %s", async (_, password, seldon, message) => {
    await expect(record(password, seldon)).rejects.toThrow(message);
  });
});

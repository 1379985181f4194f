/** The part of `seldon` about Kafka: brokers that exist, or a cluster that the stack declares. Part of `config/schema-seldon.ts`. */
import { z } from "zod";
import { STRIMZI_VERSIONS } from "./compatibility";
import { cidr, dnsLabel, hostPort, quantity } from "./values";

/** Settings of a cluster that Strimzi runs; everything that clients need to know of it follows from them (`config/kafka.ts`). */
const strimzi = z.strictObject({
  version: z.enum(STRIMZI_VERSIONS).default("0.47.0").describe("Version of the Strimzi operator and of its chart."),
  operator: z
    .boolean()
    .default(true)
    .describe(
      "Install the operator by Helm, in the cluster's namespace and for that namespace only. Off where the platform has one that watches it.",
    ),
  namespace: dnsLabel.default("kafka").describe("Namespace of operator and brokers; the stack makes it."),
  name: dnsLabel.max(30).default("seldon").describe("Name of the Kafka cluster; the names of its pods begin with it."),
  brokers: z
    .union([z.literal(1), z.literal(3), z.literal(5)], { error: "expected 1, 3 or 5: a quorum of controllers is odd" })
    .default(3)
    .describe("Number of nodes; each is broker and KRaft controller."),
  storage: quantity.default("20Gi").describe("Volume of each broker; it is kept when the cluster is deleted."),
  storageClass: dnsLabel
    .optional()
    .describe(
      "StorageClass of these volumes. Default: the cluster's own, K3s' local-path, which ties a broker to its node.",
    ),
  memory: quantity.default("2Gi").describe("Memory request and limit of each broker."),
  cpu: quantity.default("500m").describe("CPU request of each broker."),
});

export const kafka = z.strictObject({
  bootstrap: hostPort
    .optional()
    .describe("Bootstrap address of brokers that exist, as host:port. A cluster of the stack's own has one by itself."),
  topicPrefix: z.string().default("seldon").describe("Prefix of all topics."),
  replicationFactor: z.int().min(1).max(9).default(3).describe("Replicas of each topic."),
  partitions: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .describe("Partitions of each topic; bounds the useful gateway replicas."),
  protocol: z.enum(["PLAINTEXT", "SASL_SSL"]).default("SASL_SSL").describe("How clients speak to the brokers."),
  username: z.string().default("seldon").describe("SASL user name; the password is the secret key `kafkaPassword`."),
  brokerCaSecret: z
    .string()
    .optional()
    .describe("Secret in the Seldon namespaces with the brokers' `ca.crt`, for SASL_SSL."),
  cidrs: z.array(cidr).default([]).describe("Addresses of brokers outside the cluster, for the network policies."),
  namespace: dnsLabel.optional().describe("Namespace of brokers inside the cluster, for the network policies."),
  strimzi: strimzi
    .optional()
    .describe(
      "A Kafka cluster that the stack declares, in place of bootstrap, namespace, cidrs and brokerCaSecret; needs certificates (seldon.tls).",
    ),
});

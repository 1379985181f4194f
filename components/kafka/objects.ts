/**
 * Objects of Strimzi 0.47 (`kafka.strimzi.io/v1beta2`) for one Kafka cluster, as plain data. Its definitions are read from
 * the chart of that version; they are in no Go module and not with the project.
 */
import { STRIMZI_KAFKA } from "../../config/compatibility";
import {
  bootstrapService,
  brokersService,
  KAFKA_CA_SECRET,
  STRIMZI_PORT,
  strimziOf,
  type Strimzi,
} from "../../config/kafka";
import { runtimeNamespaces } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { issuerOf } from "../../config/tls";
import { labels } from "../component";
import { NAMESPACE_LABEL, POD_LABELS } from "../network-policies/endpoints";
import { certificate, type CertificateResource, SERVER_ONLY } from "../tls/objects";

export type KafkaConfig = Pick<StackConfig, "seldon" | "network">;

const API = "kafka.strimzi.io/v1beta2";

/** Secret with the password, in the brokers' namespace, and the key under which it is. */
export const PASSWORD_SECRET = "seldon-kafka-password";
export const PASSWORD_KEY = "password";

/** Secret with the brokers' certificate. */
const BROKER_CERTIFICATE = "seldon-kafka-brokers";

/** Seldon's producers are set to it (chart seldon-core-v2-setup, `kafka.producer.messageMaxBytes`); Kafka's own is 1 MiB. */
const MESSAGE_MAX_BYTES = 1_000_000_000;

/** Label by which Strimzi finds what belongs to a cluster. */
const clusterLabel = ({ name }: Strimzi): Record<string, string> => ({ "strimzi.io/cluster": name });

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** A custom resource of Strimzi. */
export interface StrimziResource {
  readonly apiVersion: typeof API;
  readonly kind: "Kafka" | "KafkaNodePool" | "KafkaUser";
  readonly metadata: Metadata;
  readonly spec: object;
}

/** Pods that speak to brokers: the same as in the flow table. */
const CLIENTS = [POD_LABELS.modelgateway, POD_LABELS.pipelinegateway, POD_LABELS.dataflow];

/** Who may reach the listener, for the NetworkPolicy that Strimzi makes: gateways and dataflow engine of the runtimes. */
const listenerPeers = (namespaces: readonly string[]) =>
  CLIENTS.map((matchLabels) => ({
    namespaceSelector: { matchExpressions: [{ key: NAMESPACE_LABEL, operator: "In", values: [...namespaces] }] },
    podSelector: { matchLabels },
  }));

/** One copy may be lost without a write being refused. */
const minInSync = (replicas: number): number => Math.max(1, replicas - 1);

/**
 * The cluster. One listener, TLS with SCRAM-SHA-512; its certificate comes from the stack's issuer and not from Strimzi's
 * own authority, because Seldon reads the authority in its own namespaces, and cert-manager keeps it there.
 */
export function kafkaResource(config: KafkaConfig, strimzi: Strimzi): StrimziResource {
  const { name, namespace, version, brokers } = strimzi;
  const replicas = Math.min(config.seldon.kafka?.replicationFactor ?? brokers, brokers);
  const copies = Math.min(3, brokers);
  return {
    apiVersion: API,
    kind: "Kafka",
    metadata: {
      name,
      namespace,
      labels: labels(),
      // Strimzi 0.47 still asks for both; later ones ignore them.
      annotations: { "strimzi.io/kraft": "enabled", "strimzi.io/node-pools": "enabled" },
    },
    spec: {
      kafka: {
        version: STRIMZI_KAFKA[version],
        listeners: [
          {
            name: "tls",
            port: STRIMZI_PORT,
            type: "internal",
            tls: true,
            authentication: { type: "scram-sha-512" },
            configuration: {
              brokerCertChainAndKey: { secretName: BROKER_CERTIFICATE, certificate: "tls.crt", key: "tls.key" },
            },
            networkPolicyPeers: listenerPeers(runtimeNamespaces(config)),
          },
        ],
        config: {
          "auto.create.topics.enable": true,
          "default.replication.factor": replicas,
          "min.insync.replicas": minInSync(replicas),
          "offsets.topic.replication.factor": copies,
          "transaction.state.log.replication.factor": copies,
          "transaction.state.log.min.isr": minInSync(copies),
          "message.max.bytes": MESSAGE_MAX_BYTES,
        },
      },
      entityOperator: { userOperator: {} },
    },
  };
}

/** The nodes, each broker and controller; on different machines where there are enough. */
export function nodePoolResource(strimzi: Strimzi): StrimziResource {
  const { namespace, brokers, storage, storageClass, memory, cpu } = strimzi;
  const spread = {
    podAffinityTerm: {
      labelSelector: { matchLabels: clusterLabel(strimzi) },
      topologyKey: "kubernetes.io/hostname",
    },
    weight: 100,
  };
  return {
    apiVersion: API,
    kind: "KafkaNodePool",
    metadata: { name: "nodes", namespace, labels: labels(clusterLabel(strimzi)) },
    spec: {
      replicas: brokers,
      roles: ["controller", "broker"],
      resources: { requests: { cpu, memory }, limits: { memory } },
      storage: {
        type: "jbod",
        volumes: [
          {
            id: 0,
            type: "persistent-claim",
            size: storage,
            ...(storageClass === undefined ? {} : { class: storageClass }),
            deleteClaim: false,
            kraftMetadata: "shared",
          },
        ],
      },
      template: {
        pod: { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [spread] } } },
      },
    },
  };
}

/** Seldon's user, with the password that the stack has. */
export function userResource(config: KafkaConfig, strimzi: Strimzi): StrimziResource {
  const valueFrom = { secretKeyRef: { name: PASSWORD_SECRET, key: PASSWORD_KEY } };
  return {
    apiVersion: API,
    kind: "KafkaUser",
    metadata: {
      name: config.seldon.kafka?.username ?? "seldon",
      namespace: strimzi.namespace,
      labels: labels(clusterLabel(strimzi)),
    },
    spec: { authentication: { type: "scram-sha-512", password: { valueFrom } } },
  };
}

/** The brokers' certificate, and one in every runtime namespace for the sake of its `ca.crt`. */
export function kafkaCertificates(config: KafkaConfig, strimzi: Strimzi): CertificateResource[] {
  const { namespace } = strimzi;
  const domain = config.network.clusterDomain;
  const shared = { issuer: issuerOf(config), lifetime: config.seldon.tls };
  const bootstrap = bootstrapService(strimzi);
  const brokers = `*.${brokersService(strimzi)}`;
  const forms = (host: string) => [`${host}.${namespace}.svc`, `${host}.${namespace}.svc.${domain}`];
  return [
    certificate({
      name: BROKER_CERTIFICATE,
      namespace,
      dnsNames: [...forms(bootstrap), ...forms(brokers)],
      usages: SERVER_ONLY,
      ...shared,
    }),
    ...runtimeNamespaces(config).map((runtime) =>
      certificate({
        name: KAFKA_CA_SECRET,
        namespace: runtime,
        dnsNames: [`kafka-client.${runtime}.svc.${domain}`],
        usages: ["digital signature", "client auth"],
        ...shared,
      }),
    ),
  ];
}

/** The cluster that a stack declares, with everything that belongs to it. */
export function kafkaObjects(config: KafkaConfig) {
  const strimzi = strimziOf(config);
  if (strimzi === undefined) return undefined;
  return {
    strimzi,
    certificates: kafkaCertificates(config, strimzi),
    kafka: kafkaResource(config, strimzi),
    pool: nodePoolResource(strimzi),
    user: userResource(config, strimzi),
  };
}

/** Values of the chart `strimzi-kafka-operator`: it watches its own namespace by itself. */
export const strimziValues = ({ network }: Pick<StackConfig, "network">) => ({
  kubernetesServiceDnsDomain: network.clusterDomain,
});

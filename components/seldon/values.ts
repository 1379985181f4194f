/**
 * Helm values for the charts `seldon-core-v2-setup` and `seldon-core-v2-runtime`, 2.9.1 and 2.10.2. Only what differs
 * from the chart's own default is set; image names stay the chart's. Each value was followed into the chart's templates:
 * several keys of values.yaml are read by none of them (`envoy.service.type`, `scheduler.service.type`,
 * `controller.skipOperatorClusterRoleCreation`, `kafka.consumer.topicMetadataRefreshIntervalMs`) and are never set here.
 */
import { type Kafka, kafkaOf } from "../../config/kafka";
import { isClusterWide, runtimeNamespaces } from "../../config/runtimes";
import { type Runtime, runtimesOf } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { type TlsValues, tlsValues } from "../tls/seldon-certificates";
import { overlay } from "./overlay";
import { remoteSecretName, remotesOf } from "./remotes";
import { type PodValues, podValues, type ServerValues, serverValues } from "./server-values";

type Seldon = StackConfig["seldon"];

/** Secret with the Kafka password, in every runtime namespace. */
export const KAFKA_SECRET = "seldon-kafka-sasl";
/** Key inside {@link KAFKA_SECRET}; the chart's default for `security.kafka.sasl.client.passwordPath`. */
export const KAFKA_PASSWORD_KEY = "password";

/** Values of one Kafka-backed runtime component. */
export interface Replicas {
  readonly replicas: number;
}

/** Values of `seldon-core-v2-setup`. */
export interface SetupValues extends ServerValues {
  readonly services: { readonly defaultServiceType: "ClusterIP" };
  readonly controller?: { readonly clusterwide: true; readonly watchNamespaces: readonly string[] };
  readonly kafka?: {
    readonly bootstrap: string;
    readonly topicPrefix: string;
    readonly topics: { readonly replicationFactor: number; readonly numPartitions: number };
  };
  readonly security?: { readonly kafka?: KafkaSecurity } & TlsValues;
  readonly opentelemetry?: { readonly endpoint: string; readonly protocol: "grpc"; readonly ratio: number };
}

interface KafkaSecurity {
  readonly protocol: "SASL_SSL";
  readonly sasl: {
    readonly mechanism: "SCRAM-SHA-512";
    readonly client: { readonly username: string; readonly secret: string; readonly passwordPath: string };
  };
  readonly ssl?: {
    readonly client: { readonly brokerValidationSecret: string; readonly endpointIdentificationAlgorithm?: string };
  };
}

/** Values of `seldon-core-v2-runtime`. */
export interface RuntimeValues {
  readonly hodometer: Replicas & PodValues;
  readonly scheduler: { readonly serviceType: "ClusterIP" } & PodValues;
  readonly envoy: { readonly serviceType: "ClusterIP" } & PodValues;
  readonly dataflow?: PodValues;
  readonly modelgateway?: PodValues;
  readonly pipelinegateway?: PodValues;
  readonly config: {
    readonly tracingConfig: { readonly disable: boolean };
    readonly agentConfig?: { readonly rclone: { readonly configSecrets: readonly string[] } };
  };
}

function kafkaSecurity(kafka: Kafka): KafkaSecurity {
  const { username, brokerCaSecret, checkNames } = kafka;
  return {
    protocol: "SASL_SSL",
    sasl: {
      mechanism: "SCRAM-SHA-512",
      client: { username, secret: KAFKA_SECRET, passwordPath: KAFKA_PASSWORD_KEY },
    },
    ...(brokerCaSecret === undefined
      ? {}
      : {
          ssl: {
            client: {
              brokerValidationSecret: brokerCaSecret,
              ...(checkNames ? { endpointIdentificationAlgorithm: "https" } : {}),
            },
          },
        }),
  };
}

/**
 * Kafka settings belong into this chart and not into the runtime's: the dataflow engine reads its own from environment
 * variables that only this chart renders.
 */
function kafkaValues(kafka: Kafka): Pick<SetupValues, "kafka"> {
  const { bootstrap, topicPrefix, replicationFactor, partitions } = kafka;
  return { kafka: { bootstrap, topicPrefix, topics: { replicationFactor, numPartitions: partitions } } };
}

/** Who is told to speak TLS: clients of Kafka, and Seldon's components among themselves. */
function securityValues(seldon: Seldon): Pick<SetupValues, "security"> {
  const kafka = kafkaOf({ seldon });
  const security = {
    ...(kafka?.protocol === "SASL_SSL" ? { kafka: kafkaSecurity(kafka) } : {}),
    ...tlsValues(seldon),
  };
  return Object.keys(security).length > 0 ? { security } : {};
}

/** Whether the stack keeps a Secret with the Kafka password. */
export const needsKafkaSecret = (seldon: Seldon): boolean => kafkaOf({ seldon })?.protocol === "SASL_SSL";

/**
 * Values of the setup chart: operator, SeldonConfig and ServerConfigs.
 *
 * - `defaultServiceType`: the chart's LoadBalancer would let K3s' ServiceLB publish the unauthenticated control plane on
 *   every node.
 * - `clusterwide` and `watchNamespaces` only where the operator has to see other namespaces than its own; without them
 *   it gets no ClusterRole.
 */
export function setupValues(config: Pick<StackConfig, "seldon">): SetupValues {
  const { seldon } = config;
  const kafka = kafkaOf(config);
  return {
    services: { defaultServiceType: "ClusterIP" },
    ...serverValues(config),
    ...(isClusterWide(config) ? { controller: { clusterwide: true, watchNamespaces: runtimeNamespaces(config) } } : {}),
    ...(kafka === undefined ? {} : kafkaValues(kafka)),
    ...securityValues(seldon),
    ...(seldon.tracing === undefined
      ? {}
      : { opentelemetry: { endpoint: seldon.tracing.endpoint, protocol: "grpc", ratio: seldon.tracing.ratio } }),
  };
}

const OFF: Replicas = { replicas: 0 };

/** The Kafka components without a pod; with pipelines they keep the chart's replicas. */
const KAFKA_COMPONENTS: Readonly<Record<Seldon["profile"], Partial<RuntimeValues>>> = {
  models: { dataflow: OFF, modelgateway: OFF, pipelinegateway: OFF },
  pipelines: {},
};

/**
 * Values of the runtime chart: one SeldonRuntime.
 *
 * - `replicas: 0` and not `disable: true`: a disabled component keeps the Deployment it once had, and leaves the
 *   SeldonRuntime's Ready condition Unknown for ever.
 * - The hodometer sends usage reports to its vendor over plain HTTP; it has no other use.
 * - `serviceType`: this chart's LoadBalancer overrides the setup chart's default type.
 * - `tracingConfig.disable`: must be here, because the operator does not copy it from the setup chart's setting
 *   (2.9.1 to 2.10.2, `TracingConfig.addDefaults`); its other tracing settings it does.
 * - `configSecrets` come beside the chart's own `seldon-rclone-gs-public`, not in its place
 *   (2.9.1 to 2.10.2, `RcloneConfiguration.addDefaults`).
 *
 * @param runtime the runtime. @default the first one
 */
export function runtimeValues(
  config: Pick<StackConfig, "seldon">,
  runtime: Pick<Runtime, "namespace" | "podSecurity"> = runtimesOf(config)[0],
): RuntimeValues {
  const { seldon } = config;
  const pods = podValues(config, runtime);
  const remotes = remotesOf(seldon, runtime.namespace).map(remoteSecretName);
  const base: RuntimeValues = {
    hodometer: OFF,
    scheduler: { serviceType: "ClusterIP" },
    envoy: { serviceType: "ClusterIP" },
    ...KAFKA_COMPONENTS[seldon.profile],
    config: {
      tracingConfig: { disable: seldon.tracing === undefined },
      ...(remotes.length === 0 ? {} : { agentConfig: { rclone: { configSecrets: remotes } } }),
    },
  };
  return overlay(base, pods);
}

/** The Kafka that pipelines use, whoever runs it: what clients and policies need to know. Pure. */
import type { StackConfig } from "./schema";

type Section = NonNullable<StackConfig["seldon"]["kafka"]>;

/** Settings of a cluster that the stack declares. */
export type Strimzi = NonNullable<Section["strimzi"]>;

/** Kafka as a client sees it. */
export type Kafka = Omit<Section, "bootstrap" | "strimzi"> & {
  readonly bootstrap: string;
  /** Whether clients compare the broker's name with its certificate; brokers of others may have any name in theirs. */
  readonly checkNames: boolean;
};

/** Port of the one listener that a declared cluster has: TLS with SCRAM-SHA-512. */
export const STRIMZI_PORT = 9093;

/** Secret in every runtime namespace whose `ca.crt` a declared cluster's certificate is checked against. */
export const KAFKA_CA_SECRET = "seldon-kafka-ca";

/** Name of the Service that leads to any broker of a declared cluster (Strimzi 0.47.0). */
export const bootstrapService = ({ name }: Strimzi): string => `${name}-kafka-bootstrap`;

/** Name of the headless Service by which a declared cluster's brokers are told apart (Strimzi 0.47.0). */
export const brokersService = ({ name }: Strimzi): string => `${name}-kafka-brokers`;

/** Kafka by this section; undefined when it neither names brokers nor declares any. */
export function kafkaFrom(section: Section | undefined): Kafka | undefined {
  if (section === undefined) return undefined;
  const { strimzi, bootstrap, ...rest } = section;
  if (strimzi === undefined) return bootstrap === undefined ? undefined : { ...rest, bootstrap, checkNames: false };
  return {
    ...rest,
    bootstrap: `${bootstrapService(strimzi)}.${strimzi.namespace}.svc:${STRIMZI_PORT}`,
    namespace: strimzi.namespace,
    protocol: "SASL_SSL",
    brokerCaSecret: KAFKA_CA_SECRET,
    checkNames: true,
  };
}

/** Kafka, when it is the one that pipelines use. */
export const kafkaOf = ({ seldon }: Pick<StackConfig, "seldon">): Kafka | undefined =>
  seldon.profile === "pipelines" ? kafkaFrom(seldon.kafka) : undefined;

/** The cluster that the stack declares for its pipelines. */
export const strimziOf = ({ seldon }: Pick<StackConfig, "seldon">): Strimzi | undefined =>
  seldon.profile === "pipelines" ? seldon.kafka?.strimzi : undefined;

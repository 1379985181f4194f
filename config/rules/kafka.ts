import { kafkaFrom, strimziOf } from "../kafka";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

/** Keys of `seldon.kafka` that a declared cluster answers by itself. */
const ANSWERED = ["bootstrap", "namespace", "brokerCaSecret"] as const;

/** Keys of `seldon.kafka` that contradict a declared cluster, with what they hold. */
function contradictions({ seldon }: StackConfig): [key: string, got: unknown][] {
  const kafka = seldon.kafka;
  if (kafka?.strimzi === undefined) return [];
  return [
    ...ANSWERED.flatMap((key): [string, unknown][] => (kafka[key] === undefined ? [] : [[key, kafka[key]]])),
    ...(kafka.cidrs.length > 0 ? [["cidrs", kafka.cidrs] as [string, unknown]] : []),
  ];
}

/** A KafkaUser's name is the user's name, and an object's name is an RFC 1123 subdomain. */
const USER_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Kafka that exists, or a cluster that the stack declares: one of the two, and whole. */
export const KAFKA_RULES: readonly Rule[] = [
  {
    id: "seldon.kafka-address-missing",
    *check({ seldon }) {
      if (seldon.kafka === undefined || kafkaFrom(seldon.kafka) !== undefined) return;
      yield {
        path: "seldon.kafka.bootstrap",
        problem: "is missing, and no cluster is declared in its place",
        allowed: "host:port of brokers that exist, or the section seldon.kafka.strimzi",
        fix: "set seldon.kafka.bootstrap, or add seldon.kafka.strimzi: {}",
      };
    },
  },
  {
    id: "seldon.strimzi-and-address",
    *check(config) {
      for (const [key, got] of contradictions(config)) {
        yield {
          path: `seldon.kafka.${key}`,
          problem: "is set beside seldon.kafka.strimzi, whose cluster answers it by itself",
          got,
          allowed: "brokers that exist, or a declared cluster, not both",
          fix: `remove seldon.kafka.${key}, or remove seldon.kafka.strimzi`,
        };
      }
    },
  },
  {
    id: "seldon.strimzi-protocol",
    *check(config) {
      if (strimziOf(config) === undefined || config.seldon.kafka?.protocol !== "PLAINTEXT") return;
      yield {
        path: "seldon.kafka.protocol",
        problem: "is not what a declared cluster speaks: it has one listener, with TLS and SCRAM-SHA-512",
        got: "PLAINTEXT",
        allowed: "SASL_SSL",
        fix: "remove seldon.kafka.protocol",
      };
    },
  },
  {
    id: "seldon.strimzi-user",
    *check(config) {
      const username = config.seldon.kafka?.username ?? "";
      if (strimziOf(config) === undefined || USER_NAME.test(username)) return;
      yield {
        path: "seldon.kafka.username",
        problem: "cannot be the name of a KafkaUser, which is the user's name",
        got: username,
        allowed: "lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
        fix: "use seldon",
      };
    },
  },
  {
    id: "seldon.strimzi-replication",
    *check(config) {
      const strimzi = strimziOf(config);
      const factor = config.seldon.kafka?.replicationFactor ?? 0;
      if (strimzi === undefined || factor <= strimzi.brokers) return;
      yield {
        path: "seldon.kafka.replicationFactor",
        problem: `is more than the ${strimzi.brokers} brokers of seldon.kafka.strimzi: no topic could be made`,
        got: factor,
        allowed: `1 to ${strimzi.brokers}`,
        fix: `set it to ${strimzi.brokers}, or declare more brokers`,
      };
    },
  },
];

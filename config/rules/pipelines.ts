import { kafkaOf } from "../kafka";
import type { Rule } from "./rule";

/** Host part of `host:port`. */
export const hostOf = (hostPort: string): string => hostPort.slice(0, hostPort.lastIndexOf(":"));

/** Namespace in the DNS name of a Service: `kafka` for `broker.kafka.svc.cluster.local`; undefined for other names. */
export function serviceNamespace(host: string, clusterDomain: string): string | undefined {
  const short = host.endsWith(`.${clusterDomain}`) ? host.slice(0, -clusterDomain.length - 1) : host;
  const labels = short.split(".");
  return labels.length >= 3 && labels.at(-1) === "svc" ? labels.at(-2) : undefined;
}

/** The pipelines profile, Kafka and its secrets. */
export const PIPELINE_RULES: readonly Rule[] = [
  {
    id: "seldon.pipelines-without-kafka",
    *check({ seldon }) {
      if (seldon.profile !== "pipelines" || seldon.kafka !== undefined) return;
      yield {
        path: "seldon.kafka",
        problem: "is missing, and the pipelines profile works through Kafka only",
        allowed: "a section with at least bootstrap",
        fix: "add seldon.kafka, or set seldon.profile to models",
      };
    },
  },
  {
    id: "seldon.kafka-without-pipelines",
    *check({ seldon }) {
      if (seldon.profile !== "models" || seldon.kafka === undefined) return;
      yield {
        path: "seldon.kafka",
        problem: "is set, but the models profile runs nothing that speaks to Kafka",
        got: seldon.kafka.bootstrap ?? seldon.kafka.strimzi,
        allowed: "only with seldon.profile pipelines",
        fix: "set seldon.profile to pipelines, or remove seldon.kafka",
      };
    },
  },
  {
    id: "seldon.kafka-password-missing",
    *check(config, { secrets }) {
      if (kafkaOf(config)?.protocol !== "SASL_SSL" || secrets.has("kafkaPassword")) return;
      yield {
        path: "kafkaPassword",
        problem: "is missing, and SASL_SSL logs in with it",
        allowed: "a secret",
        fix: "pulumi config set --secret kafkaPassword, or set seldon.kafka.protocol to PLAINTEXT",
      };
    },
  },
  {
    id: "seldon.kafka-password-unused",
    *check(config, { secrets }) {
      if (!secrets.has("kafkaPassword") || kafkaOf(config)?.protocol === "SASL_SSL") return;
      yield {
        path: "kafkaPassword",
        problem: "is set, but nothing logs in with it",
        allowed: "only with seldon.profile pipelines and seldon.kafka.protocol SASL_SSL",
        fix: "pulumi config rm kafkaPassword, or set profile and protocol",
      };
    },
  },
  {
    id: "seldon.kafka-ca-missing",
    *check(config) {
      const kafka = kafkaOf(config);
      if (kafka?.protocol !== "SASL_SSL" || kafka.brokerCaSecret !== undefined) return;
      yield {
        path: "seldon.kafka.brokerCaSecret",
        problem: "is missing, and SASL_SSL checks the brokers' certificate against it",
        allowed: "the name of a Secret with the key ca.crt in each Seldon namespace",
        fix: "make the Secret and name it here",
      };
    },
  },
  {
    id: "seldon.kafka-ca-unused",
    *check(config) {
      const kafka = kafkaOf(config);
      if (kafka?.protocol !== "PLAINTEXT" || kafka.brokerCaSecret === undefined) return;
      yield {
        path: "seldon.kafka.brokerCaSecret",
        problem: "is set, but PLAINTEXT checks no certificate",
        got: kafka.brokerCaSecret,
        allowed: "only with seldon.kafka.protocol SASL_SSL",
        fix: "set the protocol to SASL_SSL, or remove brokerCaSecret",
      };
    },
  },
  {
    id: "seldon.kafka-ca-name",
    *check(config) {
      const name = kafkaOf(config)?.brokerCaSecret;
      if (name === undefined || /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) return;
      yield {
        path: "seldon.kafka.brokerCaSecret",
        problem: "cannot be the name of a Secret",
        got: name,
        allowed: "lower-case letters, digits, '-' and '.', starting and ending with a letter or digit",
        fix: "write the Secret's name, not its content or path",
      };
    },
  },
  {
    id: "seldon.kafka-topic-prefix",
    *check(config) {
      const prefix = kafkaOf(config)?.topicPrefix;
      if (prefix === undefined || /^[A-Za-z0-9_-]{1,100}$/.test(prefix)) return;
      yield {
        path: "seldon.kafka.topicPrefix",
        problem: "cannot start the name of a Kafka topic",
        got: prefix,
        allowed: "1 to 100 letters, digits, '_' or '-' ('.' separates the parts that Seldon adds)",
        fix: "use seldon, or the environment's name",
      };
    },
  },
  {
    id: "seldon.kafka-namespace-mismatch",
    *check(config) {
      const kafka = kafkaOf(config);
      if (kafka?.namespace === undefined) return;
      const named = serviceNamespace(hostOf(kafka.bootstrap), config.network.clusterDomain);
      if (named === undefined || named === kafka.namespace) return;
      yield {
        path: "seldon.kafka.namespace",
        problem: `is not the namespace of the bootstrap Service ${hostOf(kafka.bootstrap)}, so policies would close the way to it`,
        got: kafka.namespace,
        allowed: named,
        fix: `set it to ${named}, or correct the bootstrap address`,
      };
    },
  },
];

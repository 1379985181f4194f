import { contains, overlaps } from "../cidr";
import { type Client, clientsOf } from "../ingress";
import { type Kafka, kafkaOf } from "../kafka";
import { storageRanges } from "../policies";
import { seldonNamespaces } from "../runtimes";
import type { StackConfig } from "../schema";
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from "./labels";
import { hostOf, serviceNamespace } from "./pipelines";
import type { Rule } from "./rule";

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** Kafka where the policies must let it through. */
const guardedKafka = (config: StackConfig): Kafka | undefined =>
  config.policies.enabled ? kafkaOf(config) : undefined;

/** Namespaces of others that policies name, with their places. */
function peers({ policies, seldon, ingress }: StackConfig): { path: string; namespace: string | undefined }[] {
  return [
    ...(policies.clients ?? []).map(({ namespace }, index) => ({
      path: `policies.clients[${index}].namespace`,
      namespace,
    })),
    { path: "ingress.istio.namespace", namespace: ingress.provider === "istio" ? ingress.istio.namespace : undefined },
    { path: "policies.monitoringNamespace", namespace: policies.monitoringNamespace },
    { path: "policies.storage.service.namespace", namespace: policies.storage.service?.namespace },
    { path: "seldon.kafka.namespace", namespace: seldon.kafka?.namespace },
    { path: "seldon.kafka.strimzi.namespace", namespace: seldon.kafka?.strimzi?.namespace },
    { path: "seldon.tracing.namespace", namespace: seldon.tracing?.namespace },
  ];
}

/** Ranges of the cluster itself, which are cut out of what servers may reach outside. */
const ownRanges = ({ network }: StackConfig): string[] => [
  network.clusterCidr,
  network.serviceCidr,
  ...network.nodeCidrs,
];

/** Whether the flow table, filled in with this configuration, leaves open what the configuration needs. */
export const POLICY_RULES: readonly Rule[] = [
  {
    id: "policies.peer-under-default-deny",
    *check(config) {
      if (!config.policies.enabled) return;
      for (const { path, namespace } of peers(config)) {
        if (namespace === undefined || !seldonNamespaces(config).includes(namespace)) continue;
        yield {
          path,
          problem: "is a namespace with a Seldon runtime: its pods sit under the default deny and may not even send",
          got: namespace,
          allowed: `any namespace but ${seldonNamespaces(config).join(", ")}`,
          fix: "run them in a namespace of their own",
        };
      }
    },
  },
  {
    id: "policies.client-labels",
    *check({ policies }) {
      for (const [index, client] of (policies.clients ?? []).entries()) {
        for (const [key, value] of Object.entries(client.podLabels)) {
          if (isLabelKey(key) && isLabelValue(value)) continue;
          yield {
            path: `policies.clients[${index}].podLabels[${JSON.stringify(key)}]`,
            problem: "is no label that a pod can have",
            got: value,
            allowed: `key: ${LABEL_KEY_FORM}; value: ${LABEL_VALUE_FORM}`,
            fix: "copy the label from the pods (kubectl get pods --show-labels)",
          };
        }
      }
    },
  },
  {
    id: "policies.client-repeated",
    *check({ policies }) {
      const clients = policies.clients ?? [];
      const texts = clients.map(({ namespace, podLabels }) =>
        JSON.stringify([namespace, Object.entries(podLabels).sort()]),
      );
      for (const [index, text] of texts.entries()) {
        const first = texts.indexOf(text);
        if (first === index) continue;
        yield {
          path: `policies.clients[${index}]`,
          problem: `repeats policies.clients[${first}]`,
          got: clients[index],
          allowed: "each client once",
          fix: "remove it, or correct what was meant",
        };
      }
    },
  },
  {
    id: "policies.only-client-disabled",
    *check(config) {
      const { k3s, policies, ingress } = config;
      const clients = clientsOf(config);
      if (!policies.enabled || !k3s.disable.includes("traefik") || clients.length === 0) return;
      const isTraefik = ({ namespace, podLabels }: Client): boolean =>
        namespace === "kube-system" && podLabels["app.kubernetes.io/name"] === "traefik";
      // With provider traefik, the rule of the ingress says what is wrong.
      if (ingress.provider === "traefik" || !clients.every(isTraefik)) return;
      yield {
        path: "policies.clients",
        problem: "admit K3s' Traefik only, which k3s.disable takes away: nobody could call a model",
        got: clients,
        allowed: "the namespace of the ingress or of the callers, or an empty list to close the door",
        fix: "name the pods that call models",
      };
    },
  },
  {
    id: "policies.kafka-unreachable",
    *check(config) {
      const kafka = guardedKafka(config);
      if (kafka === undefined || kafka.namespace !== undefined || kafka.cidrs.length > 0) return;
      if (IPV4.test(hostOf(kafka.bootstrap))) return;
      const named = serviceNamespace(hostOf(kafka.bootstrap), config.network.clusterDomain);
      yield {
        path: "seldon.kafka",
        problem: "has neither namespace nor cidrs, so the policies close the way to the brokers",
        got: kafka.bootstrap,
        allowed: "namespace for brokers in the cluster, cidrs for brokers outside",
        fix:
          named === undefined
            ? "set seldon.kafka.cidrs to the brokers' ranges"
            : `set seldon.kafka.namespace to ${named}`,
      };
    },
  },
  {
    id: "policies.kafka-cidr-in-cluster",
    *check(config) {
      const kafka = guardedKafka(config);
      for (const [index, cidr] of (kafka?.cidrs ?? []).entries()) {
        const own = [config.network.clusterCidr, config.network.serviceCidr].find((range) => overlaps(range, cidr));
        if (own === undefined) continue;
        yield {
          path: `seldon.kafka.cidrs[${index}]`,
          problem: `overlaps ${own} of the cluster: addresses of pods change, and those of Services are replaced before policies look`,
          got: cidr,
          allowed: "ranges outside the cluster",
          fix: "set seldon.kafka.namespace for brokers inside the cluster",
        };
      }
    },
  },
  {
    id: "policies.tracing-unreachable",
    *check({ network, policies, seldon }) {
      const { tracing } = seldon;
      if (!policies.enabled || tracing === undefined || tracing.namespace !== undefined) return;
      const host = hostOf(tracing.endpoint);
      if (IPV4.test(host)) return;
      const named = serviceNamespace(host, network.clusterDomain);
      yield {
        path: "seldon.tracing.namespace",
        problem: "is missing, and a policy cannot open the way to a host name: the collector would be unreachable",
        got: tracing.endpoint,
        allowed: "the collector's namespace, or an endpoint with an IPv4 address",
        fix: named === undefined ? "set it, or write the collector's address" : `set it to ${named}`,
      };
    },
  },
  {
    id: "policies.tracing-namespace-mismatch",
    *check({ network, policies, seldon }) {
      const { tracing } = seldon;
      if (!policies.enabled || tracing?.namespace === undefined) return;
      const named = serviceNamespace(hostOf(tracing.endpoint), network.clusterDomain);
      if (named === undefined || named === tracing.namespace) return;
      yield {
        path: "seldon.tracing.namespace",
        problem: `is not the namespace of ${hostOf(tracing.endpoint)}, so policies would close the way to the collector`,
        got: tracing.namespace,
        allowed: named,
        fix: `set it to ${named}, or correct the endpoint`,
      };
    },
  },
  {
    id: "policies.storage-cut-away",
    *check(config) {
      if (!config.policies.enabled) return;
      for (const [index, cidr] of (config.policies.storage.cidrs ?? []).entries()) {
        const own = ownRanges(config).find((range) => contains(range, cidr));
        if (own === undefined) continue;
        yield {
          path: `policies.storage.cidrs[${index}]`,
          problem: `lies wholly in ${own} of the cluster, which is always cut out: nothing of it is left`,
          got: cidr,
          allowed: "ranges that reach outside pod, Service and node ranges",
          fix: "name the addresses of the object storage",
        };
      }
    },
  },
  {
    id: "policies.storage-none",
    *check({ policies }) {
      const { service, sets, cidrs } = policies.storage;
      if (!policies.enabled || service !== undefined || sets.length > 0 || storageRanges(policies).length > 0) return;
      yield {
        path: "policies.storage.cidrs",
        problem: "is empty, and neither service nor sets name a storage: no server could load a model",
        got: cidrs,
        allowed: "at least one range, or policies.storage.service, or policies.storage.sets",
        fix: "name the addresses of the object storage, or remove the key to allow all addresses outside the cluster",
      };
    },
  },
  {
    id: "policies.storage-port",
    *check({ policies, seldon }) {
      const { storageUri } = seldon.smokeModel;
      if (!policies.enabled || !/^(gs|https):\/\//.test(storageUri) || policies.storage.ports.includes(443)) return;
      yield {
        path: "policies.storage.ports",
        problem: `lack 443, by which the smoke model is loaded from ${storageUri}`,
        got: policies.storage.ports,
        allowed: "a list with 443",
        fix: "add 443, or load the model from elsewhere",
      };
    },
  },
];

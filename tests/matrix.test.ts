/** What a stack of production chooses, in every combination: declared objects fit the definitions, contradictions are refused. */
import { formatFault } from "../config/faults";
import { parseConfig } from "../config/parse";
import { CALICO } from "../config/compatibility";
import type { KubernetesObject } from "../sandbox/api/objects";
import { evaluate } from "../tools/plan/evaluate";
import { setPath } from "./config/cases/case";
import { describeWithUpstream, type Schema, schemaIn, upstreamText, violations } from "./support/crd-schema";
import { type Definitions, edgeDefinitions, groupOf, skipped } from "./support/edge-definitions";
import { COMBINATIONS, type Combination, stackOf, titleOf } from "./support/matrix";
import { renderedObjects } from "./support/rendered-objects";

jest.setTimeout(120_000);

const definitions = edgeDefinitions();

/** Definitions that a combination's objects need, with those of Calico and Seldon at its versions. */
function definitionsOf({ calico }: Combination): Definitions[] {
  const upstream = (folder: string, groups: string[]): Definitions => ({
    groups,
    found: { text: upstreamText(folder, "crds.yaml") },
  });
  return [
    ...definitions,
    upstream(`calico-v${calico}`, ["operator.tigera.io", "crd.projectcalico.org"]),
    upstream("seldon-core-v2.10.2", ["mlops.seldon.io"]),
  ];
}

const schemas = new Map<string, Schema>();

const PLURALS: Readonly<Record<string, string>> = { FelixConfiguration: "felixconfigurations", IPPool: "ippools" };

/** Name of a kind in paths. */
function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  return PLURALS[kind] ?? (/(s|x|ch)$/.test(lower) ? `${lower}es` : `${lower.replace(/([^aeiou])y$/, "$1ie")}s`);
}

/** The schema of an object's kind; undefined for kinds of Kubernetes itself and for those that cannot be had. */
function schemaOf(object: KubernetesObject, combination: Combination): Schema | undefined {
  const group = groupOf(object);
  const source = definitionsOf(combination).find(({ groups }) => groups.includes(group));
  if (source === undefined || "absent" in source.found) return undefined;
  const key = `${combination.calico} ${object.apiVersion} ${object.kind}`;
  const version = object.apiVersion.split("/")[1] ?? "";
  const schema = schemas.get(key) ?? schemaIn(source.found.text, group, `${pluralOf(object.kind)}.${group}`, version);
  schemas.set(key, schema);
  return schema;
}

/** Kinds that a combination must declare, and no other of the edge's. */
function edgeKinds({ profile, tls, ingress }: Combination): string[] {
  const pipelines = profile === "pipelines";
  const secured = tls && ingress !== "none";
  const byIngress = {
    none: [],
    traefik: ["IngressRoute", ...(secured ? ["Middleware", "ServersTransport", "TLSOption"] : [])],
    istio: ["DestinationRule", "Gateway", "VirtualService"],
  } as const;
  return [
    ...(tls || pipelines ? ["Certificate", "ClusterIssuer"] : []),
    ...(pipelines ? ["Kafka", "KafkaNodePool", "KafkaUser"] : []),
    ...byIngress[ingress],
  ].sort();
}

const EDGE_GROUPS = definitions.flatMap(({ groups }) => groups);

describeWithUpstream(`every combination's objects fit the definitions${skipped(definitions)}`, () => {
  test.each(COMBINATIONS.map((combination) => [titleOf(combination), combination] as const))(
    "%s",
    async (_, combination) => {
      const { resources } = await evaluate(stackOf(combination));
      const objects = renderedObjects(resources);
      const faults = objects.flatMap((object) => {
        const schema = schemaOf(object, combination);
        const integerFormats = CALICO[combination.calico].kubernetes[1] >= 36;
        return schema === undefined
          ? []
          : violations(schema, object, { integerFormats }).map(
              (one) => `${object.kind} ${object.metadata.name}: ${one}`,
            );
      });
      expect(faults).toEqual([]);
      const kinds = new Set(objects.filter((one) => EDGE_GROUPS.includes(groupOf(one))).map(({ kind }) => kind));
      expect([...kinds].sort()).toEqual(edgeKinds(combination));
      expect(objects.filter(({ kind }) => kind === "Server")).toHaveLength(combination.tenants);
      expect(objects.filter(({ kind }) => kind === "IngressRoute" || kind === "VirtualService").length).toBe(
        combination.ingress === "none"
          ? 0
          : combination.tenants * (combination.ingress === "traefik" && combination.tls ? 2 : 1),
      );
    },
  );

  test("there are 48 of them, and each is another", () => {
    expect(new Set(COMBINATIONS.map(titleOf)).size).toBe(48);
  });
});

/** A choice that contradicts a combination, and the rule that says so. */
interface Contradiction {
  readonly when: string;
  readonly holds: (combination: Combination) => boolean;
  readonly set: Readonly<Record<string, unknown>>;
  readonly rule: string;
  readonly says: string;
}

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    when: "Traefik brings requests and K3s deploys none",
    holds: ({ ingress }) => ingress === "traefik",
    set: { "k3s.disable": ["traefik"] },
    rule: "ingress.traefik-disabled",
    says: "no controller and no CRDs",
  },
  {
    when: "Istio brings requests and is no client",
    holds: ({ ingress }) => ingress === "istio",
    set: { "policies.clients": [{ namespace: "applications" }] },
    rule: "ingress.not-a-client",
    says: "every request would time out",
  },
  {
    when: "TLS is wanted of no ingress",
    holds: ({ ingress }) => ingress === "none",
    set: { "ingress.tls": {} },
    rule: "ingress.tls-unused",
    says: "choose a provider",
  },
  {
    when: "a host has no ingress",
    holds: ({ ingress }) => ingress === "none",
    set: { "seldon.host": "models.example.com" },
    rule: "ingress.host-unused",
    says: "no ingress leads to it",
  },
  {
    when: "two tenants share a host",
    holds: ({ ingress, tenants }) => ingress !== "none" && tenants === 3,
    set: { "seldon.tenants.1.host": "models.example.com" },
    rule: "ingress.host-repeated",
    says: "requests of one tenant would end at another",
  },
  {
    when: "Kafka is declared and nothing uses it",
    holds: ({ profile }) => profile === "models",
    set: { "seldon.kafka": { strimzi: {} } },
    rule: "seldon.kafka-without-pipelines",
    says: "set seldon.profile to pipelines",
  },
  {
    when: "pipelines have no Kafka",
    holds: ({ profile }) => profile === "pipelines",
    set: { "seldon.kafka": undefined },
    rule: "seldon.pipelines-without-kafka",
    says: "works through Kafka only",
  },
  {
    when: "a declared Kafka has an address too",
    holds: ({ profile }) => profile === "pipelines",
    set: { "seldon.kafka.bootstrap": "kafka.example.com:9093" },
    rule: "seldon.strimzi-and-address",
    says: "not both",
  },
  {
    when: "cert-manager is installed and signs nothing",
    holds: ({ tls, profile }) => !tls && profile === "models",
    set: { "seldon.tls.certManager": { install: true } },
    rule: "seldon.tls-install-unused",
    says: "nothing asks for a certificate",
  },
  {
    when: "certificates come from an issuer of one namespace",
    holds: ({ tls }) => tls,
    set: { "seldon.tls.issuer": { name: "ours", kind: "Issuer" } },
    rule: "seldon.tls-issuer-namespaced",
    says: "make it a ClusterIssuer",
  },
  {
    when: "Calico 3.32 meets an older K3s",
    holds: ({ calico }) => calico === "3.32.1",
    set: { "k3s.version": "v1.33.8+k3s1" },
    rule: "versions.k3s-calico",
    says: "3.32.1",
  },
  {
    when: "Seldon meets a Kubernetes that it does not document",
    holds: ({ calico }) => calico === "3.32.1",
    set: { "seldon.allowUntestedKubernetes": false },
    rule: "versions.seldon-kubernetes",
    says: "allowUntestedKubernetes",
  },
  {
    when: "a runtime's namespace is the brokers'",
    holds: ({ profile }) => profile === "pipelines",
    set: { "seldon.kafka.strimzi": { namespace: "models" } },
    rule: "policies.peer-under-default-deny",
    says: "under the default deny",
  },
];

describe("every combination is refused when", () => {
  test.each(CONTRADICTIONS)("$when ($rule)", ({ holds, set, rule, says }) => {
    const combinations = COMBINATIONS.filter(holds);
    expect(combinations.length).toBeGreaterThan(0);
    for (const combination of combinations) {
      const { values, secretKeys } = stackOf(combination);
      const changed = structuredClone(values);
      for (const [path, value] of Object.entries(set)) setPath(changed, path, value);
      const { config, faults } = parseConfig(changed, new Set(secretKeys));
      expect([titleOf(combination), config]).toEqual([titleOf(combination), undefined]);
      expect(
        faults
          .filter((fault) => fault.rule === rule)
          .map(formatFault)
          .join("\n"),
      ).toContain(says);
    }
  });
});

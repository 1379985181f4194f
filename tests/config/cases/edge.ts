import { PIPELINES, type RuleCase } from "./case";

/** Pipelines over a cluster that the stack declares. */
const STRIMZI = { "seldon.profile": "pipelines", "seldon.kafka": { strimzi: {} } };
const TRAEFIK = { "ingress.provider": "traefik", "seldon.host": "models.example.com" };
const ISTIO = { ...TRAEFIK, "ingress.provider": "istio" };
const PASSWORD = ["kafkaPassword"];

/** Certificates, declared Kafka, ingress. */
export const EDGE_CASES: readonly RuleCase[] = [
  {
    when: "Kafka neither exists nor is declared",
    rule: "seldon.kafka-address-missing",
    set: { "seldon.profile": "pipelines", "seldon.kafka": { partitions: 2 } },
    at: "seldon.kafka.bootstrap",
    says: ["no cluster is declared in its place", "seldon.kafka.strimzi: {}"],
  },
  {
    when: "brokers are named beside a declared cluster",
    rule: "seldon.strimzi-and-address",
    set: { ...PIPELINES, "seldon.kafka": { bootstrap: "kafka.example.com:9093", strimzi: {} } },
    secrets: PASSWORD,
    at: "seldon.kafka.bootstrap",
    says: ['got "kafka.example.com:9093"', "not both"],
  },
  {
    when: "ranges are named beside a declared cluster",
    rule: "seldon.strimzi-and-address",
    set: { ...PIPELINES, "seldon.kafka": { cidrs: ["198.51.100.0/24"], strimzi: {} } },
    secrets: PASSWORD,
    at: "seldon.kafka.cidrs",
    says: ["remove seldon.kafka.cidrs"],
  },
  {
    when: "a declared cluster shall speak plaintext",
    rule: "seldon.strimzi-protocol",
    set: { ...STRIMZI, "seldon.kafka": { protocol: "PLAINTEXT", strimzi: {} }, "policies.enabled": false },
    secrets: PASSWORD,
    at: "seldon.kafka.protocol",
    says: ["one listener, with TLS and SCRAM-SHA-512"],
  },
  {
    when: "a declared cluster's user has no name that an object can have",
    rule: "seldon.strimzi-user",
    set: { ...STRIMZI, "seldon.kafka": { username: "Seldon_1", strimzi: {} } },
    secrets: PASSWORD,
    at: "seldon.kafka.username",
    says: ['got "Seldon_1"', "name of a KafkaUser"],
  },
  {
    when: "topics want more replicas than brokers are declared",
    rule: "seldon.strimzi-replication",
    set: { ...STRIMZI, "seldon.kafka": { strimzi: { brokers: 1 } } },
    secrets: PASSWORD,
    at: "seldon.kafka.replicationFactor",
    says: ["more than the 1 brokers", "1 to 1"],
  },
  {
    when: "a declared cluster lives with a runtime",
    rule: "policies.peer-under-default-deny",
    set: { ...STRIMZI, "seldon.kafka": { strimzi: { namespace: "financial-ml" } } },
    secrets: PASSWORD,
    at: "seldon.kafka.strimzi.namespace",
    says: ["under the default deny"],
  },
  {
    when: "a certificate would be renewed after its end",
    rule: "seldon.tls-renewal",
    set: { "seldon.tls": { controlPlane: true, duration: "24h", renewBefore: "24h" } },
    at: "seldon.tls.renewBefore",
    says: ["at most 23h"],
  },
  {
    when: "an issuer is named and signs nothing",
    rule: "seldon.tls-issuer-unused",
    set: { "seldon.tls": { issuer: { name: "platform-ca" } } },
    at: "seldon.tls.issuer",
    says: ['got "platform-ca"', "nothing asks for a certificate"],
  },
  {
    when: "cert-manager is installed and signs nothing",
    rule: "seldon.tls-install-unused",
    set: { "seldon.tls.certManager": { install: true } },
    at: "seldon.tls.certManager.install",
    says: ["nothing asks for a certificate"],
  },
  {
    when: "the issuer is known in one namespace only",
    rule: "seldon.tls-issuer-namespaced",
    set: { "seldon.tls": { dataPlane: true, issuer: { name: "platform-ca", kind: "Issuer" } } },
    at: "seldon.tls.issuer.kind",
    says: ["must trust each other", "make it a ClusterIssuer"],
  },
  {
    when: "cert-manager lives with a runtime",
    rule: "seldon.tls-cert-manager-namespace",
    set: { "seldon.tls": { dataPlane: true, certManager: { namespace: "financial-ml" } } },
    at: "seldon.tls.certManager.namespace",
    says: ["under its default deny"],
  },
  {
    when: "the ingress is a Traefik that K3s does not deploy",
    rule: "ingress.traefik-disabled",
    set: { "ingress.provider": "traefik", "seldon.host": "models.example.com", "k3s.disable": ["traefik"] },
    at: "ingress.provider",
    says: ["no controller and no CRDs", "remove traefik from k3s.disable"],
  },
  {
    when: "an ingress has no host to lead to",
    rule: "ingress.host-missing",
    set: { "ingress.provider": "traefik", "seldon.tenants": [{ namespace: "fraud-ml" }] },
    at: "seldon.host",
    says: ["those of all tenants", "set ingress.provider to none"],
  },
  {
    when: "a tenant has a host and nothing leads to it",
    rule: "ingress.host-unused",
    set: { "seldon.tenants": [{ namespace: "fraud-ml", host: "fraud.example.com" }] },
    at: "seldon.tenants[0].host",
    says: ['got "fraud.example.com"', "choose a provider"],
  },
  {
    when: "two runtimes share a host",
    rule: "ingress.host-repeated",
    set: { ...TRAEFIK, "seldon.tenants": [{ namespace: "fraud-ml", host: "models.example.com" }] },
    at: "seldon.tenants[0].host",
    says: ["is also seldon.host", "requests of one tenant would end at another"],
  },
  {
    when: "TLS is wanted of no ingress",
    rule: "ingress.tls-unused",
    set: { "ingress.tls": { from: "secret" } },
    at: "ingress.tls",
    says: ["no route that it could hold for"],
  },
  {
    when: "an issuer is named for a Secret that exists",
    rule: "ingress.issuer-unused",
    set: { ...TRAEFIK, "ingress.tls": { from: "secret", issuer: { name: "letsencrypt" } } },
    at: "ingress.tls.issuer",
    says: ['got "letsencrypt"'],
  },
  {
    when: "Istio's gateway is selected by nothing",
    rule: "ingress.istio-selector",
    set: { ...ISTIO, "ingress.istio.selector": {} },
    at: "ingress.istio.selector",
    says: ["on every gateway of the mesh"],
  },
  {
    when: "Istio's gateway lives with a runtime",
    rule: "policies.peer-under-default-deny",
    set: { ...ISTIO, "ingress.istio.namespace": "financial-ml" },
    at: "ingress.istio.namespace",
    says: ["under the default deny"],
  },
  {
    when: "policies leave the ingress out",
    rule: "ingress.not-a-client",
    set: { ...ISTIO, "policies.clients": [{ namespace: "applications" }] },
    at: "policies.clients",
    says: ["leave out istio-system", '"podLabels":{"istio":"ingressgateway"}'],
  },
];

import { HOST_KEY } from "../support/host-key";
import { formatFault } from "../../config/faults";
import { parseConfig } from "../../config/parse";
import { RULES } from "../../config/rules";
import { CALICO_CASES } from "./cases/calico";
import { changed, KAFKA, soundConfig } from "./cases/case";
import { EDGE_CASES } from "./cases/edge";
import { HARDENING_CASES } from "./cases/hardening";
import { NETWORK_CASES } from "./cases/network";
import { NODE_CASES } from "./cases/nodes";
import { OBSERVABILITY_CASES } from "./cases/observability";
import { PLATFORM_CASES } from "./cases/platform";
import { POLICY_CASES } from "./cases/policies";
import { RUNTIME_CASES } from "./cases/runtimes";
import { SELDON_CASES } from "./cases/seldon";

const CASES = [
  ...PLATFORM_CASES,
  ...HARDENING_CASES,
  ...NETWORK_CASES,
  ...NODE_CASES,
  ...CALICO_CASES,
  ...SELDON_CASES,
  ...RUNTIME_CASES,
  ...POLICY_CASES,
  ...OBSERVABILITY_CASES,
  ...EDGE_CASES,
];

test("the configuration that the cases break is sound", () => {
  expect(parseConfig(soundConfig(), new Set()).faults).toEqual([]);
});

describe("a configuration is refused when", () => {
  test.each(CASES)("$when ($rule)", ({ rule, set, secrets = [], at, says }) => {
    const { config, faults } = parseConfig(changed(set), new Set(secrets));
    expect(config).toBeUndefined();
    expect(faults.map((fault) => [fault.rule, fault.path])).toEqual([[rule, at]]);
    const message = faults.map(formatFault).join("\n");
    for (const fragment of says) expect(message).toContain(fragment);
    expect(message).toMatch(/: .+; allowed: [^]+; fix: .+ \[.+\]$/);
  });
});

test("every rule has an id of its own and a case that breaks it", () => {
  const ids = RULES.map((rule) => rule.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !CASES.some((each) => each.rule === id))).toEqual([]);
  expect(ids.length).toBeGreaterThanOrEqual(40);
});

describe("a configuration is accepted when", () => {
  const pipelines = { "seldon.profile": "pipelines" };
  const plain = { bootstrap: "198.51.100.7:9092", protocol: "PLAINTEXT" };
  test.each<[string, Record<string, unknown>, string[]?]>([
    [
      "Kubernetes is untested and this is accepted",
      { "k3s.version": "v1.34.4+k3s1", "seldon.allowUntestedKubernetes": true },
    ],
    [
      "Calico's version does not matter because Flannel runs",
      { "cni.provider": "flannel", "calico.version": "3.32.1" },
    ],
    [
      "Calico's pool does not matter because Flannel runs",
      { "cni.provider": "flannel", "calico.pool.cidr": "192.168.0.0/16" },
    ],
    [
      "the egress selector looks for pods where Flannel puts them",
      { "cni.provider": "flannel", "k3s.egressSelectorMode": "pod" },
    ],
    ["the pool takes the lower half too, once Flannel is gone", { "calico.pool.cidr": "10.42.0.0/16" }],
    [
      "a wildcard covers the endpoint",
      { "cluster.endpoint": "https://k3s.example.com", "cluster.tlsSans": ["*.example.com"] },
    ],
    [
      "the endpoint is loopback and no machine is declared",
      { "cluster.endpoint": "https://127.0.0.1:6443", hosts: undefined },
    ],
    ["hosts is the empty mapping that Pulumi.yaml gives", { hosts: {} }],
    [
      "SQLite serves one server",
      { "k3s.datastore": "sqlite", hosts: { servers: [{ name: "a", address: "192.0.2.11", hostKey: HOST_KEY }] } },
    ],
    ["snapshots are taken on named days", { "k3s.etcdSnapshots.schedule": "*/30 0-6,22 1 JAN-mar mon,3" }],
    ["the CIS profile exempts a namespace", { "k3s.hardening": "cis", "k3s.podSecurityExemptions": ["monitoring"] }],
    [
      "snapshots go to a bucket",
      {
        "k3s.etcdSnapshots.s3": { bucket: "snapshots", region: "eu-central-1" },
        "k3s.version": "v1.33.3+k3s1",
        "k3s.etcdSnapshots.retention": 5,
        "k3s.etcdSnapshots.s3.retention": 5,
      },
      ["etcdS3AccessKey", "etcdS3SecretKey"],
    ],
    [
      "kubelet accepts the label",
      { "hosts.agents.0.labels": { "topology.kubernetes.io/zone": "a", "node.kubernetes.io/x": "" } },
    ],
    ["some nodes are tainted", { "hosts.servers.0.taints": ["node-role.kubernetes.io/control-plane:NoSchedule"] }],
    ["Felix and kube-proxy both use nftables", { "calico.dataplane": "nftables", "k3s.kubeProxy": "nftables" }],
    ["eBPF carries Services", { "calico.dataplane": "bpf", "k3s.kubeProxy": "disabled" }],
    ["the pod MTU follows WireGuard", { "calico.wireguard": true, "network.hostMtu": 1500 }],
    [
      "a pool per purpose lies beside the main one",
      {
        "calico.pool.cidr": "10.42.192.0/18",
        "calico.pools": [
          { name: "gpu", cidr: "10.42.128.0/20", nodeLabels: { "example.com/pool": "gpu" } },
          { name: "fixed", cidr: "10.42.144.0/20", onRequest: true },
        ],
        "hosts.agents.0.labels": { "example.com/pool": "gpu" },
      },
    ],
    [
      "kube-controllers tolerates the control plane's taint",
      {
        "calico.controlPlane.nodeLabels": { tier: "system" },
        "hosts.servers.0.labels": { tier: "system" },
        "hosts.servers.0.taints": ["node-role.kubernetes.io/control-plane:NoSchedule"],
      },
    ],
    ["the pod MTU just fits", { "network.hostMtu": 9000, "network.podMtu": 8950 }],
    [
      "Prometheus' scrapes are let through, and this stack declares nothing for them",
      { "policies.monitoringNamespace": "monitoring" },
    ],
    ["Kafka is reached by an address", { ...pipelines, "seldon.kafka": plain }],
    ["Kafka logs in with a password", { ...pipelines, "seldon.kafka": KAFKA }, ["kafkaPassword"]],
    [
      "Kafka may be unreachable because there are no policies",
      { ...pipelines, "seldon.kafka": { ...plain, bootstrap: "kafka:9092" }, "policies.enabled": false },
    ],
    [
      "a tenant has room, limits and a level of its own, the operator lives apart",
      {
        "seldon.operatorNamespace": "seldon-system",
        "seldon.tenants": [
          {
            namespace: "a",
            podSecurity: "restricted",
            quota: { cpu: "2", memory: "8Gi", pods: 30, storage: "2Gi", volumeClaims: 2 },
            limits: { maxMemory: "1Gi" },
          },
        ],
      },
    ],
    [
      "object storage with credentials is reached",
      {
        "seldon.storage.remotes": [{ kind: "minio", name: "minio", endpoint: "https://minio.example.com" }],
        "policies.storage.ports": [443],
      },
      ["storageCredentials"],
    ],
    [
      "charts get what no key decides",
      {
        "seldon.values": {
          setup: { serverConfig: { mlserver: { image: { registry: "registry.example.com" } } } },
          runtime: { scheduler: { podSpec: { priorityClassName: "high" } } },
        },
      },
    ],
    ["the collector is an address", { "seldon.tracing": { endpoint: "198.51.100.8:4317" } }],
    [
      "an extra capability serves the smoke model",
      {
        "seldon.servers": [{ name: "m", capabilities: ["mine"] }],
        "seldon.smokeModel.requirements": ["mine", "sklearn"],
      },
    ],
    [
      "a thousand agents have room",
      {
        "network.clusterCidr": "10.64.0.0/12",
        "network.serviceCidr": "10.96.0.0/16",
        "network.clusterDns": "10.96.0.10",
        "network.nodeCidrs": ["172.16.0.0/16"],
        "cluster.endpoint": "https://172.16.0.1:6443",
        hosts: {
          servers: [{ name: "s", address: "172.16.0.1", hostKey: HOST_KEY }],
          agents: Array.from({ length: 1000 }, (_, i) => ({
            name: `a-${i}`,
            address: `172.16.${1 + Math.floor(i / 200)}.${1 + (i % 200)}`,
            hostKey: HOST_KEY,
          })),
        },
      },
    ],
  ])("%s", (_, set, secrets = []) => {
    expect(parseConfig(changed(set), new Set(secrets)).faults.map(formatFault)).toEqual([]);
  });
});

import { CALICO } from "../../../config/compatibility";
import { HOST_KEY } from "../../support/host-key";
import type { RuleCase } from "./case";

const BPF = { "calico.dataplane": "bpf", "k3s.kubeProxy": "disabled" };
const POOL = { name: "gpu", cidr: "10.42.128.0/20", nodeLabels: { "example.com/pool": "gpu" } };
/** Room for pools beside the main one, and an agent that they are for. */
const ROOM = { "calico.pool.cidr": "10.42.192.0/18", "hosts.agents.0.labels": { "example.com/pool": "gpu" } };
const pools = (...list: readonly object[]) => ({ ...ROOM, "calico.pools": list });

/** A digest that is none. */
const DIGEST = `sha256:${"0".repeat(64)}`;
const digests = (version: "3.31.7" | "3.32.1", change: (images: string[]) => string[] = (images) => images) => ({
  version,
  images: Object.fromEntries(change([...CALICO[version].images]).map((image) => [image, DIGEST])),
});

/** Data plane, encryption, host endpoints, images, placement and pools of Calico. */
export const CALICO_CASES: readonly RuleCase[] = [
  {
    when: "nftables meets Flannel's iptables",
    rule: "calico.not-while-leaving",
    set: { "cni.leaving": "flannel", "calico.dataplane": "nftables" },
    at: "calico.dataplane",
    says: ['got "nftables"', "guard rule that keeps source addresses", "iptables while cni.leaving is set"],
  },
  {
    when: "encryption starts while two CNIs run",
    rule: "calico.not-while-leaving",
    set: { "cni.leaving": "flannel", "calico.wireguard": true },
    at: "calico.wireguard",
    says: ["larger MTU of VXLAN", "in an update of its own"],
  },
  {
    when: "nodes are closed while two CNIs run",
    rule: "calico.not-while-leaving",
    set: { "cni.leaving": "flannel", "calico.hostEndpoints.mode": "automatic" },
    at: "calico.hostEndpoints.mode",
    says: ['got "automatic"', "Flannel's tunnel", "off while cni.leaving is set"],
  },
  {
    when: "Felix uses nftables and kube-proxy iptables",
    rule: "calico.dataplane-kube-proxy",
    set: { "calico.dataplane": "nftables" },
    at: "k3s.kubeProxy",
    says: ['got "iptables"', "calico.dataplane nftables", "set k3s.kubeProxy to nftables"],
  },
  {
    when: "kube-proxy uses nftables and Felix iptables",
    rule: "calico.dataplane-kube-proxy",
    set: { "k3s.kubeProxy": "nftables" },
    at: "k3s.kubeProxy",
    says: ["two sets of rules", "allowed: iptables"],
  },
  {
    when: "eBPF and kube-proxy both carry Services",
    rule: "calico.dataplane-kube-proxy",
    set: { "calico.dataplane": "bpf" },
    at: "k3s.kubeProxy",
    says: ["Services would be carried twice", "set k3s.kubeProxy to disabled"],
  },
  {
    when: "nobody carries Services",
    rule: "calico.dataplane-kube-proxy",
    set: { "k3s.kubeProxy": "disabled" },
    at: "k3s.kubeProxy",
    says: ["or not at all"],
  },
  {
    when: "Flannel's cluster has no kube-proxy",
    rule: "k3s.kube-proxy-flannel",
    set: { "cni.provider": "flannel", "k3s.kubeProxy": "disabled" },
    at: "k3s.kubeProxy",
    says: ["iptables while Flannel runs"],
  },
  {
    when: "a change of CNI finds kube-proxy in nftables",
    rule: "k3s.kube-proxy-flannel",
    set: { "cni.leaving": "flannel", "k3s.kubeProxy": "nftables" },
    at: "k3s.kubeProxy",
    says: ["measured with iptables only"],
  },
  {
    when: "eBPF reaches the API server by a loopback address",
    rule: "calico.bpf-api-server",
    set: { ...BPF, "calico.apiServer": "127.0.0.1:6444" },
    at: "calico.apiServer",
    says: ['got "127.0.0.1"', "every pod of Calico", "192.0.2.10:6443"],
  },
  {
    when: "eBPF has only the endpoint, and that is loopback",
    rule: "calico.bpf-api-server",
    set: { ...BPF, "cluster.endpoint": "https://127.0.0.1:6443", hosts: undefined },
    at: "cluster.endpoint",
    says: ["set calico.apiServer"],
  },
  {
    when: "eBPF reaches the API server by a name",
    rule: "calico.bpf-api-server",
    set: { ...BPF, "cluster.endpoint": "https://k3s.example.com", "cluster.tlsSans": ["k3s.example.com"] },
    at: "cluster.endpoint",
    says: ['got "k3s.example.com"', "by the cluster's DNS, which cannot answer before Calico"],
  },
  {
    when: "host endpoints are declared of no machine",
    rule: "calico.host-endpoints-without-hosts",
    set: { "calico.hostEndpoints.mode": "declared", hosts: undefined },
    at: "calico.hostEndpoints.mode",
    says: ["none is declared", "use automatic"],
  },
  {
    when: "nothing is enforced on no host endpoint",
    rule: "calico.host-endpoints-enforce-nothing",
    set: { "calico.hostEndpoints.enforce": true },
    at: "calico.hostEndpoints.enforce",
    says: ["there are no host endpoints", "before you enforce"],
  },
  {
    when: "digests are of the version before",
    rule: "calico.digests-other-version",
    set: {
      "calico.version": "3.32.1",
      "k3s.version": "v1.34.4+k3s1",
      "seldon.allowUntestedKubernetes": true,
      "calico.imageDigests": digests("3.31.7"),
    },
    at: "calico.imageDigests.version",
    says: ['got "3.31.7"', "under the new version's name", "change both together"],
  },
  {
    when: "an image has no digest",
    rule: "calico.digests-images",
    set: { "calico.imageDigests": digests("3.31.7", (images) => images.filter((image) => image !== "calico/csi")) },
    at: "calico.imageDigests.images",
    says: ["lacks calico/csi", "the operator stops where an ImageSet lacks an image"],
  },
  {
    when: "a digest is of an image that nobody runs",
    rule: "calico.digests-images",
    set: { "calico.imageDigests": digests("3.31.7", (images) => [...images, "calico/whisker"]) },
    at: "calico.imageDigests.images",
    says: ["names calico/whisker, which Calico 3.31.7 does not run here"],
  },
  {
    when: "a limit is less than the request",
    rule: "calico.memory-limit",
    set: { "calico.resources": { node: { memory: "1Gi", memoryLimit: "512Mi" } } },
    at: "calico.resources.node.memoryLimit",
    says: ["less than the requested 1Gi", "1Gi or more"],
  },
  {
    when: "kube-controllers may run on no machine",
    rule: "calico.control-plane-nowhere",
    set: { "calico.controlPlane.nodeLabels": { tier: "system" } },
    at: "calico.controlPlane.nodeLabels",
    says: ['got "tier=system"', "it would stay Pending"],
  },
  {
    when: "kube-controllers may run on a tainted machine only",
    rule: "calico.control-plane-nowhere",
    set: {
      "calico.controlPlane.nodeLabels": { tier: "system" },
      "hosts.servers.0.labels": { tier: "system" },
      "hosts.servers.0.taints": ["node-role.kubernetes.io/control-plane=true:NoSchedule"],
    },
    at: "calico.controlPlane.nodeLabels",
    says: ["node-role.kubernetes.io/control-plane:NoSchedule only"],
  },
  {
    when: "Calico's API server has more replicas than machines",
    rule: "calico.control-plane-replicas",
    set: {
      "calico.controlPlane": { nodeLabels: { tier: "system" }, replicas: 2 },
      "hosts.servers.0.labels": { tier: "system" },
    },
    at: "calico.controlPlane.replicas",
    says: ["more than the 1 declared machines", "fall together"],
  },
  {
    when: "a pool has the main one's name",
    rule: "calico.pools-name",
    set: pools({ ...POOL, name: "default-ipv4-ippool" }),
    at: "calico.pools[0].name",
    says: ["is the name of the main pool"],
  },
  {
    when: "two pools have one name",
    rule: "calico.pools-name",
    set: pools(POOL, { ...POOL, cidr: "10.42.144.0/20" }),
    at: "calico.pools[1].name",
    says: ["is the name of calico.pools[0]"],
  },
  {
    when: "a pool lies outside the cluster CIDR",
    rule: "calico.pools-outside-cluster",
    set: pools({ ...POOL, cidr: "10.99.0.0/20" }),
    at: "calico.pools[0].cidr",
    says: ["not inside clusterCidr 10.42.0.0/16", "kube-proxy would masquerade"],
  },
  {
    when: "a pool shares addresses with the main one",
    rule: "calico.pools-overlap",
    set: { ...pools(POOL), "calico.pool.cidr": undefined },
    at: "calico.pools[0].cidr",
    says: ["overlaps calico.pool (10.42.128.0/17)", "set calico.pool.cidr"],
  },
  {
    when: "two pools share addresses",
    rule: "calico.pools-overlap",
    set: pools(POOL, { ...POOL, name: "other", cidr: "10.42.136.0/21" }),
    at: "calico.pools[1].cidr",
    says: ["overlaps calico.pools[0] (10.42.128.0/20)"],
  },
  {
    when: "a pool covers podCIDRs of the Flannel that is being left",
    rule: "calico.pools-over-flannel",
    set: { ...pools({ ...POOL, cidr: "10.42.64.0/20" }), "cni.leaving": "flannel" },
    at: "calico.pools[0].cidr",
    says: ["overlaps 10.42.0.0/17", "once Flannel is gone"],
  },
  {
    when: "a pool is smaller than its blocks",
    rule: "calico.pools-block-larger",
    set: pools({ ...POOL, cidr: "10.42.128.0/27" }),
    at: "calico.pools[0].blockSize",
    says: ["larger than the pool 10.42.128.0/27", "27 to 32"],
  },
  {
    when: "a pool has no purpose",
    rule: "calico.pools-purpose",
    set: pools({ ...POOL, nodeLabels: {} }),
    at: "calico.pools[0]",
    says: ["would be chance", "onRequest: true"],
  },
  {
    when: "a pool selects by a malformed label",
    rule: "calico.pools-labels",
    set: { ...pools({ ...POOL, nodeLabels: { "-pool": "gpu" } }), hosts: undefined },
    at: 'calico.pools[0].nodeLabels["-pool"]',
    says: ["is no label that a node can have"],
  },
  {
    when: "a pool has fewer blocks than nodes",
    rule: "calico.pools-blocks",
    set: {
      ...pools({ ...POOL, cidr: "10.42.128.0/26" }),
      "hosts.agents": ["a", "b"].map((name, index) => ({
        name,
        address: `192.0.2.${21 + index}`,
        hostKey: HOST_KEY,
        labels: { "example.com/pool": "gpu" },
      })),
    },
    at: "calico.pools[0].cidr",
    says: ["holds 1 blocks of /26, but 2 declared machines"],
  },
  {
    when: "a pool is for nodes that do not exist",
    rule: "calico.pools-for-nobody",
    set: { ...pools(POOL), "hosts.agents.0.labels": {} },
    at: "calico.pools[0].nodeLabels",
    says: ['got "example.com/pool=gpu"', "fit no declared machine"],
  },
  {
    when: "the pod MTU leaves no room for WireGuard",
    rule: "network.mtu-without-vxlan-room",
    set: { "calico.wireguard": true, "network.podMtu": 1450 },
    at: "network.podMtu",
    says: ["60 bytes of WireGuard", "at most 1440", "or remove it"],
  },
  {
    when: "encryption leaves pods too little",
    rule: "network.mtu-too-small",
    set: { "calico.wireguard": true, "network.hostMtu": 1280 },
    at: "network.hostMtu",
    says: ["leaves pods an MTU of 1220", "at least 1290"],
  },
];

import { HOST_KEY } from "../../support/host-key";
import type { RuleCase } from "./case";

const FLANNEL = { "cni.provider": "flannel" };

/** `count` agents in 192.0.2.0/24, after the three servers. */
const agents = (count: number): { name: string; address: string }[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `agent-${index + 1}`,
    address: `192.0.2.${index + 21}`,
    hostKey: HOST_KEY,
  }));

/** Address ranges and room. */
export const NETWORK_CASES: readonly RuleCase[] = [
  {
    when: "pods and Services share addresses",
    rule: "network.pods-overlap-services",
    set: { "network.clusterCidr": "10.42.0.0/15" },
    at: "network.clusterCidr",
    says: ['got "10.42.0.0/15"', "overlaps network.serviceCidr (10.43.0.0/16)", "a range outside 10.43.0.0/16"],
  },
  {
    when: "nodes have addresses of pods",
    rule: "network.nodes-overlap-pods",
    set: { "network.nodeCidrs": ["192.0.2.0/24", "10.42.7.0/24"] },
    at: "network.nodeCidrs[1]",
    says: ["overlaps network.clusterCidr (10.42.0.0/16)", "routed to pods"],
  },
  {
    when: "nodes have addresses of Services",
    rule: "network.nodes-overlap-services",
    set: { "network.nodeCidrs": ["192.0.2.0/24", "10.43.0.0/20"] },
    at: "network.nodeCidrs[1]",
    says: ["kube-proxy would catch traffic to nodes", "outside 10.43.0.0/16"],
  },
  {
    when: "pods get link-local addresses",
    rule: "network.special-range",
    set: { "network.clusterCidr": "169.254.0.0/16" },
    at: "network.clusterCidr",
    says: ["touches 169.254.0.0/16 (link-local", "choose a private range"],
  },
  {
    when: "nodes get loopback addresses",
    rule: "network.special-range",
    set: { "network.nodeCidrs": ["192.0.2.0/24", "127.0.0.0/8"] },
    at: "network.nodeCidrs[1]",
    says: ["touches 127.0.0.0/8 (loopback)"],
  },
  {
    when: "the Service range is larger than the API server accepts",
    rule: "network.services-too-many",
    set: { "network.serviceCidr": "172.0.0.0/8", "network.clusterDns": "172.16.0.10" },
    at: "network.serviceCidr",
    says: ["larger than kube-apiserver accepts", "/12 to /24"],
  },
  {
    when: "the Service range is tiny",
    rule: "network.services-too-few",
    set: { "network.serviceCidr": "10.43.0.0/28" },
    at: "network.serviceCidr",
    says: ["room for 16 Services only", "it cannot grow later"],
  },
  {
    when: "cluster DNS lies elsewhere",
    rule: "network.dns-outside-services",
    set: { "network.clusterDns": "10.44.0.10" },
    at: "network.clusterDns",
    says: ['got "10.44.0.10"', "an address of 10.43.0.0/16", "set it to 10.43.0.10"],
  },
  {
    when: "cluster DNS is the API server's address",
    rule: "network.dns-reserved",
    set: { "network.clusterDns": "10.43.0.1" },
    at: "network.clusterDns",
    says: ["is the API server's Service of serviceCidr", "10.43.0.2 to 10.43.255.254"],
  },
  {
    when: "cluster DNS is the network address",
    rule: "network.dns-reserved",
    set: { "network.clusterDns": "10.43.0.0" },
    at: "network.clusterDns",
    says: ["is the network address"],
  },
  {
    when: "cluster DNS is the broadcast address",
    rule: "network.dns-reserved",
    set: { "network.clusterDns": "10.43.255.255" },
    at: "network.clusterDns",
    says: ["is the broadcast address"],
  },
  {
    when: "the cluster domain hides the endpoint",
    rule: "network.domain-hides-endpoint",
    set: {
      "network.clusterDomain": "example.com",
      "cluster.endpoint": "https://k3s.example.com",
      "cluster.tlsSans": ["*.example.com"],
    },
    at: "network.clusterDomain",
    says: ["contains k3s.example.com", "use cluster.local"],
  },
  {
    when: "a machine lies outside the node ranges",
    rule: "network.host-outside-nodes",
    set: { "hosts.agents.1.address": "198.51.100.9" },
    at: "hosts.agents[1].address",
    says: ['got "198.51.100.9"', "an address of 192.0.2.0/24", "network.nodeCidrs"],
  },
  {
    when: "a machine has the broadcast address",
    rule: "network.host-reserved-address",
    set: { "hosts.agents.1.address": "192.0.2.255" },
    at: "hosts.agents[1].address",
    says: ["broadcast address of 192.0.2.0/24", "192.0.2.1 to 192.0.2.254"],
  },
  {
    when: "the pod MTU leaves no room for VXLAN",
    rule: "network.mtu-without-vxlan-room",
    set: { "network.podMtu": 1451 },
    at: "network.podMtu",
    says: ["got 1451", "hostMtu 1500", "at most 1450", "set network.podMtu to 1450"],
  },
  {
    when: "podCIDRs are larger than the cluster CIDR",
    rule: "network.node-mask-too-short",
    set: { "network.clusterCidr": "10.42.0.0/20", "network.nodeCidrMaskSize": 19 },
    at: "network.nodeCidrMaskSize",
    says: ["larger than clusterCidr 10.42.0.0/20", "20 or more"],
  },
  {
    when: "podCIDRs are too many to be counted",
    rule: "network.node-mask-too-long",
    set: {
      "network.clusterCidr": "10.32.0.0/11",
      "network.serviceCidr": "172.16.0.0/16",
      "network.clusterDns": "172.16.0.10",
      "network.nodeCidrMaskSize": 28,
    },
    at: "network.nodeCidrMaskSize",
    says: ["kube-controller-manager refuses to start", "at most 27"],
  },
  {
    when: "there are more nodes than podCIDRs",
    rule: "network.too-few-pod-cidrs",
    set: { "network.clusterCidr": "10.42.0.0/22" },
    at: "network.clusterCidr",
    says: ["holds 4 podCIDRs of /24, but 5 nodes", "room for at least 5 podCIDRs"],
  },
  {
    when: "Flannel's half has too few podCIDRs",
    rule: "network.too-few-flannel-pod-cidrs",
    set: { ...FLANNEL, "network.clusterCidr": "10.42.0.0/21" },
    at: "network.clusterCidr",
    says: ["room for 4 podCIDRs of /24 in Flannel's half 10.42.0.0/22, but 5 nodes"],
  },
  {
    when: "Flannel has fewer addresses than kubelet has pods",
    rule: "network.too-few-pods-a-node",
    set: { ...FLANNEL, "network.nodeCidrMaskSize": 26 },
    at: "network.nodeCidrMaskSize",
    says: ["61 pod addresses a node", "kubelet admits 110 pods", "25 or less"],
  },
  {
    when: "the pool lies outside the cluster CIDR",
    rule: "calico.pool-outside-cluster",
    set: { "calico.pool.cidr": "192.168.0.0/16" },
    at: "calico.pool.cidr",
    says: ["is not inside clusterCidr 10.42.0.0/16", "remove calico.pool.cidr"],
  },
  {
    when: "the pool covers the podCIDRs of a Flannel that is being left",
    rule: "calico.pool-over-flannel",
    set: { "cni.leaving": "flannel", "calico.pool.cidr": "10.42.0.0/16" },
    at: "calico.pool.cidr",
    says: ["overlaps 10.42.0.0/17", "two pods could get one address", "upper half of 10.42.0.0/16"],
  },
  {
    when: "the pool covers the podCIDRs of the Flannel that shall run again",
    rule: "calico.pool-over-flannel",
    set: { ...FLANNEL, "cni.leaving": "calico", "calico.pool.cidr": "10.42.64.0/18" },
    at: "calico.pool.cidr",
    says: ['got "10.42.64.0/18"'],
  },
  {
    when: "a block is larger than the pool",
    rule: "calico.block-larger-than-pool",
    set: { "calico.pool.cidr": "10.42.128.0/24", "calico.pool.blockSize": 22 },
    at: "calico.pool.blockSize",
    says: ["larger than the pool 10.42.128.0/24", "24 to 32"],
  },
  {
    when: "there are more nodes than blocks",
    rule: "calico.too-few-blocks",
    set: { "calico.pool.cidr": "10.42.128.0/24" },
    at: "calico.pool.cidr",
    says: ["holds 4 blocks of /26 in 10.42.128.0/24, but 5 nodes"],
  },
  {
    when: "there are more nodes than blocks in the default pool",
    rule: "calico.too-few-blocks",
    set: { "calico.pool.blockSize": 20, "hosts.agents": agents(6) },
    at: "network.clusterCidr",
    says: ["holds 8 blocks of /20 in 10.42.128.0/17, but 9 nodes"],
  },
  {
    when: "servers ask for more pods than the pool has addresses",
    rule: "calico.pool-too-small-for-servers",
    set: {
      "calico.pool.cidr": "10.42.128.0/24",
      "calico.pool.blockSize": 28,
      "seldon.servers": [{ name: "mlserver", replicas: 200 }],
      "seldon.tenants": [{ namespace: "other" }],
    },
    at: "seldon.servers",
    says: ["ask for 400 pods in 2 namespaces (200 in financial-ml)", "at most 256"],
  },
];

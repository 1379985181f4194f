/** Cases of the cluster and its machines, and of what somebody left behind. */
import type { DiagnosisWorld } from "../../support/diagnosis-world";
import { agentWaits, mlserverSilent, type NearMiss, P, type Reproduction } from "./case";
import { noScheduler, TIMEOUT } from "./connections";

const POSTRTG = ["filter cali-FORWARD", "nat FLANNEL-POSTRTG"];
const KUBE_ROUTER = ["filter cali-FORWARD", "filter KUBE-ROUTER-INPUT", "filter KUBE-POD-FW-ABC"];

/** A host port's entry, as the portmap plugin writes it. */
const entry = (network: string, sandbox: string, destination: string): string =>
  [
    `-A CNI-DN-${sandbox} -p tcp -m tcp --dport 80 -j DNAT --to-destination ${destination}`,
    `-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"${network}\\" id: \\"${sandbox}\\"" -m multiport --dports 80 -j CNI-DN-${sandbox}`,
  ].join("\n");

function hostPorts(world: DiagnosisWorld, ...entries: readonly string[]): void {
  world.declareMachines({ s1: { chain: ["nat CNI-HOSTPORT-DNAT", "nat CNI-DN-abc"] } });
  world.machines!.get("s1")!.hostPorts = entries.join("\n");
}

const nodeCondition = (world: DiagnosisWorld, status: string, reason: string): void => {
  world.objects.nodes[0]!.status!.conditions = [
    { type: "Ready", status: "True" },
    { type: "NetworkUnavailable", status, reason },
  ];
};

const degraded = (world: DiagnosisWorld, name: string, message: string): void => {
  world.objects.calico!.tigera.find(({ metadata }) => metadata.name === name)!.status!.conditions = [
    { type: "Available", status: "False" },
    { type: "Degraded", status: "True", reason: "ResourceUpdateError", message },
  ];
};

export const CLUSTER_CASES: readonly Reproduction[] = [
  {
    injected: "hostNetwork in a server pod",
    verdict: "workaround-host-network",
    make: (world) => {
      world.pod(P).spec!.hostNetwork = true;
      world.pod(P).status!.podIP = "192.0.2.11";
    },
    says: [/hostNetwork cures no refused loopback/],
  },
  {
    injected: "SELDON_SERVER_HOST in the agent",
    verdict: "workaround-server-host",
    make: (world) => world.env(P, "agent", { SELDON_SERVER_HOST: "127.0.0.1" }),
    says: [/no version of Seldon Core 2 reads it/],
  },
  {
    injected: "an allow-all NetworkPolicy",
    verdict: "workaround-allow-all",
    make: (world) =>
      world.objects.policies.push({
        metadata: { name: "allow-all", namespace: "financial-ml" },
        spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{}], egress: [{}] },
      }),
    says: [/A policy never touches loopback/],
  },
  {
    injected: "an allow-all GlobalNetworkPolicy",
    verdict: "workaround-allow-all",
    make: (world) =>
      world.objects.calico!.globalPolicies.push({
        metadata: { name: "default.allow-all" },
        spec: { selector: "all()", ingress: [{ action: "Allow" }], egress: [{ action: "Allow" }] },
      }),
  },
  {
    injected: "a pod with an address of Flannel after the change",
    verdict: "pod-address-outside-pools",
    make: (world) => (world.pod(P).status!.podIP = "10.42.0.17"),
    says: [/mlserver-0 has 10\.42\.0\.17; IPPools: 10\.42\.128\.0\/17/, /podCIDR 10\.42\.0\.0\/24 of node s1/],
  },
  {
    injected: "FLANNEL-POSTRTG is left on a machine",
    verdict: "flannel-leftovers",
    make: (world) => world.declareMachines({ a1: { chain: POSTRTG } }),
    says: [/a1: 1 chain \(nat FLANNEL-POSTRTG\)/],
  },
  {
    injected: "FLANNEL-POSTRTG is left, and an agent behind it does not reach the scheduler",
    verdict: "flannel-leftovers",
    make: (world) => {
      world.declareMachines({ a1: { chain: POSTRTG } });
      noScheduler(world, TIMEOUT, "mlserver-1");
    },
  },
  {
    injected: "rules of kube-router are left on a machine",
    verdict: "kube-router-leftovers",
    make: (world) => world.declareMachines({ a1: { chain: KUBE_ROUTER } }),
  },
  {
    injected: "rules of kube-router on the scheduler's machine reject an agent of another machine",
    verdict: "kube-router-leftovers",
    make: (world) => {
      world.declareMachines({ s1: { chain: KUBE_ROUTER } });
      noScheduler(world, "dial tcp 10.43.0.20:9005: connect: connection refused", "mlserver-1");
    },
  },
  {
    injected: "a host port's entry outlives its pod",
    verdict: "dead-host-ports",
    make: (world) =>
      hostPorts(
        world,
        entry("cbr0", "deadsandbox1", "10.42.0.9:80"),
        entry("k8s-pod-network", "livesandbox1", "10.42.128.20:80"),
      ),
    says: [/10\.42\.0\.9:80 \(network cbr0, sandbox deadsandbox1\)/, /1 other entries lead to pods that live/],
  },
  {
    injected: "NetworkUnavailable is stuck",
    verdict: "network-unavailable",
    make: (world) => nodeCondition(world, "True", "NoRouteCreated"),
    says: [/calico-node-s1 of Calico is Ready on it/],
  },
  {
    injected: "a pool outside of the cluster CIDR",
    verdict: "pool-outside-cluster-cidr",
    make: (world) => {
      world.objects.calico!.installations[0]!.spec!.calicoNetwork!.ipPools = [{ cidr: "192.168.0.0/16" }];
      degraded(
        world,
        "ippools",
        "IPPool 192.168.0.0/16 is not within the platform's configured pod network CIDR(s) [10.42.0.0/16]",
      );
    },
  },
  {
    injected: "Calico's operator is degraded",
    verdict: "tigera-degraded",
    make: (world) => degraded(world, "apiserver", "Unable to read the certificate"),
    says: [/Unable to read the certificate/],
  },
  {
    injected: "egress-selector-mode pod with Calico",
    verdict: "egress-selector-mode",
    make: (world) =>
      world.declareMachines(
        {},
        {
          "/etc/rancher/k3s/config.yaml":
            "disable-network-policy: true\nflannel-backend: none\negress-selector-mode: pod\n",
        },
      ),
    says: [/egress-selector-mode pod, from \/etc\/rancher\/k3s\/config\.yaml/],
  },
];

export const CLUSTER_NEAR_MISSES: readonly NearMiss[] = [
  {
    what: "hostNetwork of Calico's own pods",
    not: "workaround-host-network",
    make: () => undefined,
  },
  {
    what: "SELDON_SCHEDULER_HOST, which is read",
    not: "workaround-server-host",
    make: (world) => world.env(P, "agent", { SELDON_SCHEDULER_HOST: "seldon-scheduler" }),
  },
  {
    what: "a default-deny policy, and one that opens a port to all",
    not: "workaround-allow-all",
    make: (world) =>
      world.objects.policies.push(
        {
          metadata: { name: "deny", namespace: "financial-ml" },
          spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [] },
        },
        {
          metadata: { name: "metrics", namespace: "financial-ml" },
          spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ port: 9006 }] }] },
        },
      ),
  },
  {
    what: "a policy of Calico's operator that opens everything in its own tier",
    not: "workaround-allow-all",
    make: (world) =>
      world.objects.calico!.globalPolicies.push({
        metadata: { name: "allow-tigera.cluster-dns" },
        spec: { egress: [{ action: "Allow" }] },
      }),
  },
  {
    what: "an address of Flannel's range while Flannel is being left",
    not: "pod-address-outside-pools",
    make: (world) => {
      world.pod(P).status!.podIP = "10.42.0.17";
      world.objects.calico!.pools.push({
        metadata: { name: "flannel" },
        spec: { cidr: "10.42.0.0/17", disabled: true },
      });
    },
  },
  {
    what: "an address that KWOK made up for a simulated pod",
    not: "pod-address-outside-pools",
    make: (world) => {
      world.pod(P).status!.podIP = "10.42.0.17";
      world.objects.nodes[0]!.metadata.annotations = { "kwok.x-k8s.io/node": "fake" };
    },
  },
  {
    what: "Flannel's rules while the stack leaves Flannel",
    not: "flannel-leftovers",
    make: (world) => {
      world.declared = { cni: { provider: "calico", leaving: "flannel" } };
      world.declareMachines({ a1: { chain: POSTRTG } });
    },
  },
  {
    what: "kube-router's rules while its controller runs",
    not: "kube-router-leftovers",
    make: (world) => {
      world.declared = { cni: { provider: "calico", leaving: "flannel" } };
      world.declareMachines({ s1: { chain: KUBE_ROUTER }, a1: { chain: KUBE_ROUTER } }, {});
    },
  },
  {
    what: "host ports of pods that live",
    not: "dead-host-ports",
    make: (world) => hostPorts(world, entry("k8s-pod-network", "livesandbox1", "10.42.128.20:80")),
  },
  {
    what: "NetworkUnavailable of a node whose Calico is not Ready",
    not: "network-unavailable",
    verdict: "unexplained",
    make: (world) => {
      nodeCondition(world, "True", "CalicoIsDown");
      world.pod("calico-node-s1").status!.conditions = [{ type: "Ready", status: "False" }];
    },
  },
  {
    what: "NetworkUnavailable False with the reason that Flannel wrote",
    not: "network-unavailable",
    make: (world) => nodeCondition(world, "False", "FlannelIsUp"),
  },
  {
    what: "a disabled pool outside, and one that is the whole cluster CIDR",
    not: "pool-outside-cluster-cidr",
    make: (world) =>
      world.objects.calico!.pools.push(
        { metadata: { name: "old" }, spec: { cidr: "192.168.0.0/16", disabled: true } },
        { metadata: { name: "all" }, spec: { cidr: "10.42.0.0/16" } },
      ),
  },
  {
    what: "a part of Calico that is only progressing",
    not: "tigera-degraded",
    verdict: "unexplained",
    make: (world) => {
      world.objects.calico!.tigera[0]!.status!.conditions = [
        { type: "Available", status: "False" },
        { type: "Progressing", status: "True" },
        { type: "Degraded", status: "False" },
      ];
    },
  },
  {
    what: "egress-selector-mode agent",
    not: "egress-selector-mode",
    make: (world) =>
      world.declareMachines(
        {},
        {
          "/etc/rancher/k3s/config.yaml":
            "disable-network-policy: true\nflannel-backend: none\negress-selector-mode: agent\n",
        },
      ),
  },
  {
    what: "leftovers beside a server that is starting: nothing of the network refuses loopback",
    not: "sandbox-failed",
    verdict: "mlserver-starting",
    make: (world) => {
      world.declareMachines({ a1: { chain: POSTRTG } });
      mlserverSilent(world, 20, "mlserver-1");
    },
  },
  {
    what: "a degraded Calico beside a server that refuses on loopback",
    not: "sandbox-failed",
    verdict: "mlserver-starting",
    make: (world) => {
      degraded(world, "apiserver", "Unable to read the certificate");
      mlserverSilent(world, 20);
    },
  },
  {
    what: "an address outside of the pools beside a refused loopback",
    not: "scheduler-policy",
    verdict: "ports-differ",
    make: (world) => {
      world.pod(P).status!.podIP = "10.42.0.17";
      world.env(P, "mlserver", { MLSERVER_GRPC_PORT: "9600" });
      world.ports(P, { 9500: "refused", 9600: "grpc" });
      agentWaits(world);
    },
  },
];

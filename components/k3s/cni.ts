/**
 * What a CNI means on a K3s cluster. A CNI is a row here, never a branch in the code (decision 3 in docs/decisions.md): its K3s
 * settings, where it lives on a node, what it opens, and what it leaves behind when it goes.
 *
 * Sources: K3s 1.33 `pkg/agent/config/config.go` (directories), Flannel 0.26 and kube-router 2.5 (rules), Calico 3.31 to
 * 3.32 (rules, ports); what is left behind was measured on real nodes.
 */
import type { Cni } from "../../config/schema";

/** A port that must be open between nodes. */
export interface NodePort {
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
  readonly purpose: string;
}

/** What of a CNI, or of a policy controller, must be gone from a node that has left it. */
export interface Leftovers {
  /** Files and folders; `*` as in a shell. */
  readonly paths: readonly string[];
  /** Files that others may have placed too: gone unless they were there before. @default none */
  readonly sharedPaths?: readonly string[];
  /** Names, or beginnings of names, of iptables chains in any table. */
  readonly chains: readonly string[];
  /** Beginnings of ipset names. */
  readonly ipsets: readonly string[];
  /** Beginnings of comments of iptables rules that stand in chains of others. */
  readonly comments?: readonly string[];
  /** Number of the routing protocol that the CNI marks its routes with; absent when its routes go with its links. */
  readonly routeProtocol?: number;
}

export interface CniRow {
  /** The two server settings that select the CNI; agents learn both from their server. */
  readonly settings: {
    readonly "flannel-backend": "vxlan" | "none";
    readonly "disable-network-policy": boolean;
  };
  /** Where containerd finds the plugins and their configuration. The two CNIs share neither folder. */
  readonly directories: { readonly bin: string; readonly conf: string };
  /** Configuration that the CNI writes into the conf folder. */
  readonly conflist: string;
  /** Network name in that file. The portmap plugin files host ports under it, so it tells whose entry one is. */
  readonly networkName: string;
  /**
   * Whether its data plane runs on every node before K3s is switched to it, as a DaemonSet does. Flannel runs inside K3s, so
   * a node reaches no Flannel pod before its own K3s has been switched.
   */
  readonly runsBeforeSwitch: boolean;
  /** Where pod addresses come from: each node's own podCIDR, or blocks of an address pool. */
  readonly addresses: "podCIDR" | "pool";
  /** Ports between nodes, beside those of K3s itself. */
  readonly ports: readonly NodePort[];
  /** Network devices; `*` stands for the rest of a name. */
  readonly links: readonly string[];
  readonly leftovers: Leftovers;
}

export const CNI: Readonly<Record<Cni, CniRow>> = {
  flannel: {
    settings: { "flannel-backend": "vxlan", "disable-network-policy": false },
    // K3s points containerd at its own folders only while its embedded Flannel runs.
    directories: { bin: "/var/lib/rancher/k3s/data/cni", conf: "/var/lib/rancher/k3s/agent/etc/cni/net.d" },
    conflist: "10-flannel.conflist",
    networkName: "cbr0",
    runsBeforeSwitch: false,
    addresses: "podCIDR",
    ports: [{ protocol: "UDP", port: 8472, purpose: "Flannel VXLAN (VNI 1)" }],
    links: ["cni0", "flannel.1"],
    leftovers: {
      paths: [
        "/run/flannel",
        "/var/lib/cni/flannel",
        "/var/lib/cni/networks/cbr0",
        "/var/lib/cni/results/cbr0-*",
        "/var/lib/rancher/k3s/agent/etc/cni/net.d/10-flannel.conflist",
      ],
      chains: ["FLANNEL-FWD", "FLANNEL-POSTRTG"],
      ipsets: [],
    },
  },
  calico: {
    settings: { "flannel-backend": "none", "disable-network-policy": true },
    // With flannel-backend none K3s leaves containerd its defaults, and those are the operator's defaults too.
    directories: { bin: "/opt/cni/bin", conf: "/etc/cni/net.d" },
    conflist: "10-calico.conflist",
    networkName: "k8s-pod-network",
    runsBeforeSwitch: true,
    addresses: "pool",
    ports: [
      { protocol: "UDP", port: 4789, purpose: "Calico VXLAN (VNI 4096)" },
      { protocol: "TCP", port: 5473, purpose: "Typha" },
    ],
    links: ["cali*", "vxlan.calico"],
    leftovers: {
      paths: [
        "/etc/cni/net.d/10-calico.conflist",
        "/etc/cni/net.d/calico-kubeconfig",
        "/opt/cni/bin/calico",
        "/opt/cni/bin/calico-ipam",
        "/run/calico",
        "/var/lib/calico",
        "/var/lib/cni/networks/k8s-pod-network*",
        "/var/lib/cni/results/k8s-pod-network*",
        "/var/log/calico",
      ],
      // What the image calico/cni 3.31 installs beside its own two plugins; a machine may have some of them from elsewhere.
      sharedPaths: ["bandwidth", "flannel", "host-local", "loopback", "portmap", "tuning"].map(
        (plugin) => `/opt/cni/bin/${plugin}`,
      ),
      chains: ["cali-"],
      ipsets: ["cali40", "cali60"],
      // Felix also appends rules that jump to no chain of its own (accepting or marking what it has judged).
      comments: ["cali:"],
      // Felix' DefaultRouteProto; its blackhole routes for blocks do not go with any link.
      routeProtocol: 80,
    },
  },
};

/** How a machine shows that its K3s runs with a CNI's settings, in the words of requests (hosts/README.md). */
export const expectationsOf = (cni: Cni) => {
  const { settings } = CNI[cni];
  return {
    "expect-backend": settings["flannel-backend"],
    "expect-policy-controller": settings["disable-network-policy"] ? "off" : "on",
  } as const;
};

/**
 * K3s' own policy controller (kube-router), which runs unless `disable-network-policy` is set. It takes none of its
 * rules away when it is stopped (k3s-io/k3s#7244), and frozen rules deny whoever comes later.
 */
export const POLICY_CONTROLLER: Leftovers = {
  paths: [],
  chains: ["KUBE-NWPLCY-", "KUBE-POD-FW-", "KUBE-ROUTER-"],
  ipsets: ["KUBE-DST-", "KUBE-SRC-"],
};

/** Packet marks of others on a K3s node. Felix' marks must keep clear of every one. */
export const FOREIGN_MARKS: Readonly<Record<string, number>> = {
  "portmap: masquerade a host port": 0x2000,
  "kube-proxy: masquerade": 0x4000,
  "kube-proxy: drop": 0x8000,
  "kube-router: packet passed a policy": 0x10000,
  "kube-router: default": 0x20000,
};

/** The `Installation` named `default`: what the Tigera operator installs, and how, on K3s. Pure. */
import type { StackConfig } from "../../config/schema";
import { ipPools, type IpPool } from "./pools";

/** Longest that a new pod waits for its policies, in seconds. */
export const POLICY_SETUP_TIMEOUT_SECONDS = 10;

/**
 * The fields of `Installation.spec` that the stack sets. The operator knows no K3s, and several of its defaults are
 * wrong there; each field says why it is set (tigera/operator 1.40 and 1.42, `pkg/controller/installation`).
 *
 * Left unset on purpose:
 * - `kubernetesProvider`: there is no value for K3s, and auto-detection finds none, which is right.
 * - `cni.binDir`, `cni.confDir`: the defaults `/opt/cni/bin` and `/etc/cni/net.d` are what containerd reads once K3s
 *   runs with `flannel-backend: none` (see `components/k3s/cni.ts`).
 * - `controlPlaneTolerations`: setting it replaces Typha's "tolerate everything"; Typha could then not start on a node
 *   that is still `network-unavailable`, and the node waits for Typha (rancher/rke2#10494).
 * - `cni.ipam`: follows from the pools; host-local does not go with VXLAN.
 */
export interface InstallationSpec {
  readonly variant: "Calico";
  /** Registry of Calico's images, with the trailing `/` that the API asks for. */
  readonly registry?: string;
  /** `None`: FlexVolume serves only application-layer policy, and `/usr` is read-only on immutable systems. */
  readonly flexVolumePath: "None";
  /** `None`: no CSI driver; it serves the same feature. Unset, the CRD's default turns it on. */
  readonly kubeletVolumePluginPath: "None";
  /** Felix's Prometheus port on every node; overrides FelixConfiguration. Off by default. */
  readonly nodeMetricsPort: number;
  /** Typha's Prometheus port; another one than Felix's, as both are on the host network. Off by default. */
  readonly typhaMetricsPort: number;
  readonly calicoNetwork: {
    /** `Disabled`: no BIRD and no port 179; by default the operator runs BGP, which K3s' networks do not speak. */
    readonly bgp: "Disabled";
    /** Follows kube-proxy, which K3s runs in iptables mode. */
    readonly linuxDataplane: "Iptables";
    /** `Enabled`: K3s' ServiceLB pods forward packets, and CrashLoop without it (k3s-io/klipper-lb#6). */
    readonly containerIPForwarding: "Enabled";
    /** `Enabled`: ServiceLB takes its ports as host ports. */
    readonly hostPorts: "Enabled";
    /**
     * MTU of pod interfaces, in bytes: explicit, because detection looks at interface names and misses bonds and VLANs,
     * and equal to Flannel's, so that connections between old and new pods keep their segment size.
     */
    readonly mtu: number;
    /** K3s' `node-ip`. By default the first interface found, which need not be the one that nodes reach each other by. */
    readonly nodeAddressAutodetectionV4: { readonly kubernetes: "NodeInternalIP" };
    /**
     * Explicit: unset, the operator reads kubeadm's ConfigMap, which K3s has not, and takes 192.168.0.0/16 with IPIP.
     * Outside the cluster CIDR kube-proxy masquerades traffic to Services, and policies that select clients fail.
     */
    readonly ipPools: readonly IpPool[];
    /** A pod starts when its policies stand, or after this long: under default deny its first connections would fail. */
    readonly linuxPolicySetupTimeoutSeconds: number;
  };
}

/** What decides the Installation. */
export type InstallationInput = Pick<StackConfig, "network" | "calico" | "cni">;

/** `Installation.spec` of a stack. */
export function installationSpec(config: InstallationInput): InstallationSpec {
  const { calico, network } = config;
  return {
    variant: "Calico",
    ...(calico.registry === undefined ? {} : { registry: `${calico.registry.replace(/\/+$/, "")}/` }),
    flexVolumePath: "None",
    kubeletVolumePluginPath: "None",
    nodeMetricsPort: calico.nodeMetricsPort,
    typhaMetricsPort: calico.typhaMetricsPort,
    calicoNetwork: {
      bgp: "Disabled",
      linuxDataplane: "Iptables",
      containerIPForwarding: "Enabled",
      hostPorts: "Enabled",
      mtu: network.podMtu,
      nodeAddressAutodetectionV4: { kubernetes: "NodeInternalIP" },
      ipPools: ipPools(config),
      linuxPolicySetupTimeoutSeconds: POLICY_SETUP_TIMEOUT_SECONDS,
    },
  };
}

/** The `Installation` named `default`: what the Tigera operator installs, and how, on K3s. Pure. */
import { podMtu } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { ipPools, type IpPool } from "./pools";

/** Names of the operator for the data planes. */
const DATA_PLANES = { iptables: "Iptables", nftables: "Nftables", bpf: "BPF" } as const;

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
  /** Path instead of `calico` and `tigera` between registry and image. */
  readonly imagePath?: string;
  /** Secrets in the operator's namespace; the operator copies them to where Calico runs. */
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  /** Replicas of Calico's API server; kube-controllers always has one. By default 2, which prefer different nodes. */
  readonly controlPlaneReplicas?: number;
  /** Where kube-controllers and the API server run. Typha is not concerned: it must find a node while others are down. */
  readonly controlPlaneNodeSelector?: Readonly<Record<string, string>>;
  readonly calicoNodeDaemonSet?: Overrides;
  readonly typhaDeployment?: Overrides;
  readonly calicoKubeControllersDeployment?: Overrides;
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
    /**
     * Goes with kube-proxy (`k3s.kubeProxy`). `Nftables`: operator 1.40 sets Felix' nftablesMode to Enabled, 1.42 to Auto,
     * which asks kube-proxy of each node. `BPF`: Felix carries Services itself.
     */
    readonly linuxDataplane: (typeof DATA_PLANES)[keyof typeof DATA_PLANES];
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

/** Resources of the one container that an override of the operator may name. */
interface Overrides {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly name: string; readonly resources: Resources }[] };
    };
  };
}

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** What decides the Installation. */
export interface InstallationInput extends Pick<StackConfig, "network" | "calico" | "cni"> {
  /** Names of the pull Secrets, the stack's own among them. @default those of the configuration */
  readonly pullSecrets?: readonly string[];
}

type Wish = NonNullable<StackConfig["calico"]["resources"]["node"]>;

/** Requests and limit of one container. */
export function containerResources({ cpu, memory, memoryLimit }: Wish): Resources {
  const requests = { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
  return {
    ...(Object.keys(requests).length > 0 ? { requests } : {}),
    ...(memoryLimit === undefined ? {} : { limits: { memory: memoryLimit } }),
  };
}

/** The overrides of Calico's workloads, for those that ask for something. */
function overrides({ node, typha, kubeControllers }: StackConfig["calico"]["resources"]): Partial<InstallationSpec> {
  const of = (name: string, wish: Wish): Overrides => ({
    spec: { template: { spec: { containers: [{ name, resources: containerResources(wish) }] } } },
  });
  return {
    ...(node === undefined ? {} : { calicoNodeDaemonSet: of("calico-node", node) }),
    ...(typha === undefined ? {} : { typhaDeployment: of("calico-typha", typha) }),
    ...(kubeControllers === undefined
      ? {}
      : { calicoKubeControllersDeployment: of("calico-kube-controllers", kubeControllers) }),
  };
}

/** Where images come from. */
function images({ calico, pullSecrets = calico.imagePullSecrets }: InstallationInput): Partial<InstallationSpec> {
  const { registry, imagePath } = calico;
  return {
    ...(registry === undefined ? {} : { registry: `${registry.replace(/\/+$/, "")}/` }),
    ...(imagePath === undefined ? {} : { imagePath }),
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
  };
}

/** Where Calico's controllers run. */
function placement({ nodeLabels, replicas }: StackConfig["calico"]["controlPlane"]): Partial<InstallationSpec> {
  return {
    ...(replicas === undefined ? {} : { controlPlaneReplicas: replicas }),
    ...(Object.keys(nodeLabels).length > 0 ? { controlPlaneNodeSelector: nodeLabels } : {}),
  };
}

/** `Installation.spec` of a stack. */
export function installationSpec(config: InstallationInput): InstallationSpec {
  const { calico } = config;
  return {
    variant: "Calico",
    ...images(config),
    ...placement(calico.controlPlane),
    ...overrides(calico.resources),
    flexVolumePath: "None",
    kubeletVolumePluginPath: "None",
    nodeMetricsPort: calico.nodeMetricsPort,
    typhaMetricsPort: calico.typhaMetricsPort,
    calicoNetwork: {
      bgp: "Disabled",
      linuxDataplane: DATA_PLANES[calico.dataplane],
      containerIPForwarding: "Enabled",
      hostPorts: "Enabled",
      mtu: podMtu(config),
      nodeAddressAutodetectionV4: { kubernetes: "NodeInternalIP" },
      ipPools: ipPools(config),
      linuxPolicySetupTimeoutSeconds: POLICY_SETUP_TIMEOUT_SECONDS,
    },
  };
}

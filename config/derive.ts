/** What follows from a configuration without any further choice. Pure. */
import { halvesOf } from "./cidr";
import type { Cni, Host, StackConfig } from "./schema";
import { DEFAULT_PROBE_IMAGE } from "./schema-hosts";

/**
 * Range of Calico's pool: as configured, else the upper half of the cluster CIDR. Kubernetes hands out podCIDRs from
 * the low end, so that half holds no address that Flannel gives to a pod.
 */
export function calicoPool(config: Pick<StackConfig, "network" | "calico">): string {
  return config.calico.pool.cidr ?? halvesOf(config.network.clusterCidr).upper;
}

/** Range of the node podCIDRs that Flannel gives addresses from: the lower half of the cluster CIDR. */
export function flannelRange(config: Pick<StackConfig, "network">): string {
  return halvesOf(config.network.clusterCidr).lower;
}

/** Every range that Calico gives addresses from: the main pool first, then those per purpose. */
export function calicoRanges(config: Pick<StackConfig, "network" | "calico">): string[] {
  return [calicoPool(config), ...config.calico.pools.map(({ cidr }) => cidr)];
}

/** Bytes that VXLAN adds to an IPv4 packet: outer IP 20, UDP 8, VXLAN 8, inner Ethernet 14. */
export const VXLAN_OVERHEAD = 50;
/** Bytes that WireGuard adds to an IPv4 packet: outer IP 20, UDP 8, header and tag 32 (Felix `wireguardMTUOverhead`). */
export const WIREGUARD_OVERHEAD = 60;

/**
 * What encapsulation between nodes adds to a packet at most. With WireGuard some packets still go by VXLAN (to a node whose
 * kernel has no WireGuard), so the larger counts; with `VXLANCrossSubnet` those to another subnet do.
 */
export const encapsulationOverhead = ({ calico }: Pick<StackConfig, "calico">): number =>
  calico.wireguard ? WIREGUARD_OVERHEAD : VXLAN_OVERHEAD;

/** MTU of pod interfaces: as configured, else what the network between the nodes leaves. */
export function podMtu(config: Pick<StackConfig, "network" | "calico">): number {
  return config.network.podMtu ?? config.network.hostMtu - encapsulationOverhead(config);
}

/** Whether a machine carries all the labels, beside those that every Linux node has. */
export function hasLabels({ name, labels }: Host, wanted: Readonly<Record<string, string>>): boolean {
  const own: Readonly<Record<string, string>> = {
    ...labels,
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
  };
  return Object.entries(wanted).every(([key, value]) => own[key] === value);
}

/** Machines whose pods take addresses from the main pool: those that no pool per purpose is for. */
export function mainPoolHosts(config: Pick<StackConfig, "hosts" | "calico">): DeclaredHost[] {
  const taken = config.calico.pools.filter(isForNodes);
  return declaredHosts(config).filter(({ host }) => !taken.some(({ nodeLabels }) => hasLabels(host, nodeLabels)));
}

/** Whether a pool serves every pod of certain nodes. The others serve pods that ask for them, on any node or on certain ones. */
export const isForNodes = ({ onRequest, nodeLabels }: StackConfig["calico"]["pools"][number]): boolean =>
  !onRequest && Object.keys(nodeLabels).length > 0;

/**
 * Kubernetes minor of a K3s version: 33 for `v1.33.8+k3s1`.
 * @throws Error when the version is not written like that (the rule `versions.k3s-format` refuses it first).
 */
export function kubernetesMinor(k3sVersion: string): number {
  const minor = /^v1\.(\d+)\.\d+/.exec(k3sVersion)?.[1];
  if (minor === undefined) throw new Error(`${JSON.stringify(k3sVersion)} is no K3s version such as v1.33.8+k3s1`);
  return Number(minor);
}

/** Image of the pods that the validation probes with. */
export function probeImage({ validation, hosts }: Pick<StackConfig, "validation" | "hosts">): string {
  return validation.probeImage ?? hosts?.probeImage ?? DEFAULT_PROBE_IMAGE;
}

/** The CNIs that a stack declares: the one that shall run, and the one that is being left. */
export function declaredCnis(config: Pick<StackConfig, "cni">): ReadonlySet<Cni> {
  const { provider, leaving } = config.cni;
  return new Set(leaving === undefined ? [provider] : [provider, leaving]);
}

/** A machine with its place in the configuration. */
export interface DeclaredHost {
  readonly host: Host;
  readonly role: "server" | "agent";
  /** Such as `hosts.servers[0]`. */
  readonly path: string;
}

/** Every declared machine, servers first: the order in which nodes are converted. Empty without `hosts`. */
export function declaredHosts(config: Pick<StackConfig, "hosts">): DeclaredHost[] {
  const { servers = [], agents = [] } = config.hosts ?? {};
  return [
    ...servers.map((host, index) => ({ host, role: "server" as const, path: `hosts.servers[${index}]` })),
    ...agents.map((host, index) => ({ host, role: "agent" as const, path: `hosts.agents[${index}]` })),
  ];
}

/** A machine behind SSH: where it listens, who logs in, and the key that it must show. Keys to log in come from the agent. */
export interface SshTarget {
  /** Node name, for messages. */
  readonly name: string;
  /** Name or address as the runner, or the bastion, reaches it. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Public host key: type and base64. */
  readonly hostKey: string;
  readonly bastion?: Omit<SshTarget, "name" | "bastion">;
}

/** How to reach one machine of the stack. */
export function sshTarget(host: Host, { ssh }: Pick<NonNullable<StackConfig["hosts"]>, "ssh">): SshTarget {
  return {
    name: host.name,
    address: host.sshAddress ?? host.address,
    port: host.port ?? ssh.port,
    user: host.user ?? ssh.user,
    hostKey: host.hostKey,
    ...(ssh.bastion === undefined ? {} : { bastion: ssh.bastion }),
  };
}

/** How to reach every machine, servers first. Empty without `hosts`. */
export function sshTargets({ hosts }: Pick<StackConfig, "hosts">): SshTarget[] {
  return hosts === undefined ? [] : declaredHosts({ hosts }).map(({ host }) => sshTarget(host, hosts));
}

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

/**
 * Kubernetes minor of a K3s version: 33 for `v1.33.8+k3s1`.
 * @throws Error when the version is not written like that (the rule `versions.k3s-format` refuses it first).
 */
export function kubernetesMinor(k3sVersion: string): number {
  const minor = /^v1\.(\d+)\.\d+/.exec(k3sVersion)?.[1];
  if (minor === undefined) throw new Error(`${JSON.stringify(k3sVersion)} is no K3s version such as v1.33.8+k3s1`);
  return Number(minor);
}

/** Namespaces with a Seldon runtime: the operator's own first, then the tenants. */
export function runtimeNamespaces(config: Pick<StackConfig, "seldon">): string[] {
  return [config.seldon.namespace, ...config.seldon.tenants];
}

/**
 * Namespaces that Pod Security does not look at, sorted; undefined without `k3s.hardening: cis`. K3s' own and Calico's
 * pods need the machine's network and devices. Seldon's charts (2.9.1, 2.10.2) set neither seccompProfile nor dropped
 * capabilities, so `restricted` would refuse their pods when they are next made.
 *
 * @param runtimes namespaces with a Seldon runtime ({@link runtimeNamespaces}).
 */
export function podSecurityExemptions(
  { k3s, cni }: Pick<StackConfig, "k3s" | "cni">,
  runtimes: readonly string[],
): readonly string[] | undefined {
  if (k3s.hardening !== "cis") return undefined;
  const calico = declaredCnis({ cni }).has("calico") ? ["calico-apiserver", "calico-system", "tigera-operator"] : [];
  return [...new Set(["kube-system", ...calico, ...runtimes, ...(k3s.podSecurityExemptions ?? [])])].sort();
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

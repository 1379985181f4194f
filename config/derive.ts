/** What follows from a configuration without any further choice. Pure. */
import { halvesOf } from "./cidr";
import type { Cni, Host, StackConfig } from "./schema";

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

/** The address pools that the Installation declares. Pure. */
import { calicoPool, flannelRange } from "../../config/derive";
import type { StackConfig } from "../../config/schema";

/** Name that the operator gives to the pool of a fresh cluster, and that tools and people look for. */
export const POOL_NAME = "default-ipv4-ippool";
/** Pool that tells Felix about Flannel's addresses and hands none of them out. */
export const FLANNEL_POOL_NAME = "flannel-range";

/** One entry of `Installation.spec.calicoNetwork.ipPools`. */
export interface IpPool {
  readonly name: string;
  readonly cidr: string;
  readonly blockSize: number;
  readonly encapsulation: "VXLAN" | "VXLANCrossSubnet";
  readonly natOutgoing: "Enabled" | "Disabled";
  readonly nodeSelector: "all()";
  readonly disableNewAllocations?: true;
}

/**
 * The pools (decision 4 in docs/decisions.md).
 *
 * Ours is a part of the cluster CIDR that no node's podCIDR uses, the upper half unless configured: Calico takes random
 * blocks of its pool, and from one that covers Flannel's ranges it would take addresses that Flannel pods have.
 *
 * While two CNIs run, Flannel's range is a second pool from which nothing is allocated. Without it Felix takes Flannel's
 * pods for the world outside and masquerades what Calico's pods send them, and an old Flannel pod loses its way out as
 * soon as flanneld has left its node (both measured). That holds in either direction of the change.
 */
export function ipPools(config: Pick<StackConfig, "network" | "calico" | "cni">): readonly IpPool[] {
  const { blockSize, natOutgoing } = config.calico.pool;
  const shared = { encapsulation: config.calico.encapsulation, nodeSelector: "all()" } as const;
  const own: IpPool = {
    ...shared,
    name: POOL_NAME,
    cidr: calicoPool(config),
    blockSize,
    natOutgoing: natOutgoing ? "Enabled" : "Disabled",
  };
  if (config.cni.leaving === undefined) return [own];
  const flannel: IpPool = {
    ...shared,
    name: FLANNEL_POOL_NAME,
    cidr: flannelRange(config),
    blockSize,
    // Flannel masquerades whatever the stack says about Calico's pool; its pods must not lose that.
    natOutgoing: "Enabled",
    disableNewAllocations: true,
  };
  return [own, flannel];
}

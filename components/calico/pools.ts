/** The address pools that the Installation declares. Pure. */
import { calicoPool, flannelRange, isForNodes } from "../../config/derive";
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
  readonly nodeSelector: string;
  /** `Manual`: only pods that name the pool get an address from it. @default Automatic */
  readonly assignmentMode?: "Manual";
  readonly disableNewAllocations?: true;
}

/** Every node, in Calico's selector language. */
const EVERYWHERE = "all()";

/** Nodes that carry all the labels. Keys and values have the form of labels, so nothing in them ends a quote. */
const withLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key} == '${value}'`)
    .join(" && ") || EVERYWHERE;

/**
 * The pools (decision 4 in docs/decisions.md).
 *
 * The main one is a part of the cluster CIDR that no node's podCIDR uses, the upper half unless configured: Calico takes
 * random blocks of its pool, and from one that covers Flannel's ranges it would take addresses that Flannel pods have.
 *
 * A pool per purpose serves the nodes with its labels, and the main pool then leaves these out: from two pools that a node
 * may use, Calico would take either. One on request serves pods that name it.
 *
 * While two CNIs run, Flannel's range is a further pool from which nothing is allocated. Without it Felix takes Flannel's
 * pods for the world outside and masquerades what Calico's pods send them, and an old Flannel pod loses its way out as
 * soon as flanneld has left its node (both measured). That holds in either direction of the change.
 */
export function ipPools(config: Pick<StackConfig, "network" | "calico" | "cni">): readonly IpPool[] {
  const { encapsulation, pool, pools } = config.calico;
  const entry = (
    name: string,
    cidr: string,
    { blockSize, natOutgoing }: { blockSize: number; natOutgoing: boolean },
    nodeSelector: string,
  ): IpPool => ({
    name,
    cidr,
    blockSize,
    encapsulation,
    natOutgoing: natOutgoing ? "Enabled" : "Disabled",
    nodeSelector,
  });
  const elsewhere = pools.filter(isForNodes).map(({ nodeLabels }) => `!(${withLabels(nodeLabels)})`);
  const own = entry(POOL_NAME, calicoPool(config), pool, elsewhere.join(" && ") || EVERYWHERE);
  const perPurpose = pools.map((each): IpPool => ({
    ...entry(each.name, each.cidr, each, withLabels(each.nodeLabels)),
    ...(each.onRequest ? { assignmentMode: "Manual" } : {}),
  }));
  if (config.cni.leaving === undefined) return [own, ...perPurpose];
  const flannel: IpPool = {
    // Flannel masquerades whatever the stack says about Calico's pool; its pods must not lose that.
    ...entry(FLANNEL_POOL_NAME, flannelRange(config), { ...pool, natOutgoing: true }, EVERYWHERE),
    disableNewAllocations: true,
  };
  return [own, ...perPurpose, flannel];
}

/** Whether the control plane survives the loss of a node. Pure. */
import { isReady, type Node } from "../../checks/cluster/objects";

/** Labels that K3s puts on servers. */
const SERVER = "node-role.kubernetes.io/control-plane";
const ETCD = "node-role.kubernetes.io/etcd";

const has = (node: Node, label: string): boolean => node.metadata.labels?.[label] !== undefined;

/** Why a node must stay; undefined when the others can do without it. */
export function reasonAgainst(node: Node, others: readonly Node[]): string | undefined {
  if (has(node, SERVER) && !others.some((other) => has(other, SERVER) && isReady(other))) {
    return "it is the last server that is Ready";
  }
  if (!has(node, ETCD)) return undefined;
  const members = others.filter((other) => has(other, ETCD));
  const ready = members.filter(isReady).length;
  const needed = Math.floor(members.length / 2) + 1;
  if (members.length > 0 && ready >= needed) return undefined;
  return `of the ${members.length} etcd members that would be left, ${ready} are Ready; their quorum is ${needed}`;
}

/** Where probe pods run: two real nodes, or one. Pure. */
import { isReady, type Node, type Pod } from "../cluster/objects";
import type { Simulation } from "../cluster/simulated";
import { SkipError } from "../verdict";

/** The side of the pods that are connected to, and, where there is a second node, the other one. */
export type Place = "here" | "there";

export interface Places {
  readonly here: string;
  /** Absent in a cluster with one node that can run a probe pod. */
  readonly there?: string;
}

/**
 * Chooses the nodes. A node that runs server pods comes first, so that what is probed beside them is their own way.
 * @param servers Pods of Servers.
 * @throws SkipError where no node runs real pods.
 */
export function placesOf(nodes: readonly Node[], servers: readonly Pod[], simulation: Simulation): Places {
  const real = nodes.filter(({ metadata }) => !simulation.isSimulatedNode(metadata.name));
  if (nodes.length > 0 && real.length === 0) {
    throw new SkipError("every node is simulated by KWOK: its pods have no network that could be probed");
  }
  const ready = real.filter((node) => isReady(node) && node.metadata.deletionTimestamp === undefined);
  const names = ready.map(({ metadata }) => metadata.name).sort();
  if (names.length === 0) throw new SkipError("no node is Ready, so no probe pod can run");
  const here = names.find((name) => servers.some(({ spec }) => spec?.nodeName === name)) ?? names[0]!;
  const there = names.find((name) => name !== here);
  return there === undefined ? { here } : { here, there };
}

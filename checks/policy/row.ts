/** One line of the probed truth table, and what its makers share. Pure. */
import type { FlowId } from "../../components/network-policies/flows";
import type { Site as TableSite } from "../../components/network-policies/truth-table";
import type { Look } from "../probe-pods/script";
import type { FlowSide } from "../verdict";
import type { Site } from "./sites";

/** A destination that is no probe pod. */
export interface Outside {
  readonly look: Look;
  /** For `dns`: the address that the name must have. */
  readonly expected?: string;
}

/** One connection of a line. */
export interface Path {
  /** Key of the pod that connects. */
  readonly from: string;
  /** Key of the pod that is connected to, or somebody outside. */
  readonly to: string | Outside;
}

/** One line of the table. */
export interface Row {
  readonly from: FlowSide;
  readonly to: FlowSide;
  readonly port: number;
  /** The flow that allows it; absent where it must be closed. */
  readonly flow?: FlowId;
  /** No policy is about either end, so it must be possible: what fails here is the network itself. */
  readonly isFree?: true;
  /** Why it must be so. */
  readonly why: string;
  /** Tried all; at least one. Empty for what the kubelet proves by the pods themselves. */
  readonly paths: readonly Path[];
  /** Keys of the pods that the kubelet must have reached on that port. */
  readonly reachedByKubelet?: readonly string[];
  /** Why it cannot be probed. */
  readonly skip?: string;
}

/** A side as the truth table knows it. */
export const tableSite = ({ endpoint, namespace }: FlowSide): TableSite =>
  ({ endpoint, ...(namespace === undefined ? {} : { namespace }) }) as TableSite;

/** Looks sites up. */
export class Sites {
  constructor(private readonly sites: readonly Site[]) {}

  /** Pods of one kind, on all their nodes. */
  of(side: FlowSide): Site[] {
    return this.sites.filter(
      ({ side: { endpoint, namespace } }) => endpoint === side.endpoint && namespace === side.namespace,
    );
  }

  role(role: Site["role"]): Site[] {
    return this.sites.filter((site) => site.role === role);
  }
}

/** From every pod of one kind to the other's pod that stands still: the same node and, where there are two, across nodes. */
export function pathsBetween(sources: readonly Site[], targets: readonly Site[]): Path[] {
  const to = targets.find(({ place }) => place === "here");
  if (to === undefined) return [];
  return sources.filter(({ key }) => key !== to.key).map(({ key }) => ({ from: key, to: to.key }));
}

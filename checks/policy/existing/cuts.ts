/** What changes for whom when a stack's policies act: ways that close, ways that others' policies keep open. Pure. */
import { POD_LABELS, type Component } from "../../../components/network-policies/endpoints";
import { PORTS } from "../../../components/network-policies/ports";
import { Evaluator, type Way } from "../evaluate/evaluate";
import type { End, World } from "../evaluate/model";
import { portsOf } from "../sites";
import { enforcedWorld, type PolicySnapshot, type Workload } from "./world";

/** A way between a workload of ours and another, and what becomes of it. */
export interface Change {
  /** `cut`: open now, closed then. `hole`: closed by the stack's policies alone, kept open by another's. `broken`: opened by the stack's policies, closed by another's. */
  readonly kind: "cut" | "hole" | "broken";
  readonly from: string;
  readonly to: string;
  /** Ports of `to`, TCP. */
  readonly ports: readonly number[];
  /** What decides then, for the first of the ports. */
  readonly by: string;
  /** The workload of ours: both ends can be. */
  readonly about: string;
}

/** An address outside the cluster that no configuration names: stands for any of them. */
const OUTSIDE: End = { kind: "address", ip: "192.0.0.8" };
const OUTSIDE_PORTS = [80, 443];

interface Side {
  readonly name: string;
  readonly end: End;
  readonly ports: readonly number[];
  /** One of Seldon's, in a namespace of ours. */
  readonly isComponent: boolean;
}

const componentOf = ({ end }: Workload): Component | undefined =>
  (Object.keys(POD_LABELS) as Component[]).find((component) =>
    Object.entries(POD_LABELS[component]).every(([key, value]) => end.labels[key] === value),
  );

/** Ports that a workload's pods declare, and those that the table and Seldon's source know beside. */
function tcpPorts(workload: Workload): number[] {
  const declared = (workload.end.ports ?? []).flatMap(({ containerPort, protocol = "TCP" }) =>
    protocol === "TCP" ? [containerPort] : [],
  );
  const component = componentOf(workload);
  return [...new Set([...declared, ...(component === undefined ? [] : portsOf(component))])].sort((a, b) => a - b);
}

/**
 * Every way between a workload of these namespaces and any other, an address outside and the API server's nodes, that
 * the stack's policies change.
 *
 * @param own The stack's policies as they will act, alone.
 */
export function changesOf(
  { workloads, nodes, world }: PolicySnapshot,
  own: World,
  namespaces: readonly string[],
): Change[] {
  const now = new Evaluator(world);
  const then = new Evaluator(enforcedWorld(world, own));
  const alone = new Evaluator(own);
  const sides: Side[] = workloads.map((workload) => ({
    name: workload.name,
    end: workload.end,
    ports: tcpPorts(workload),
    isComponent: namespaces.includes(workload.namespace) && componentOf(workload) !== undefined,
  }));
  const isOurs = (index: number) => namespaces.includes(workloads[index]!.namespace);
  const outside: Side[] = [
    { name: "outside the cluster", end: OUTSIDE, ports: OUTSIDE_PORTS, isComponent: false },
    ...nodes
      .slice(0, 1)
      .map((end) => ({ name: "API server", end, ports: [PORTS.kubernetes.apiServer], isComponent: false })),
  ];
  const changes: Change[] = [];
  const compare = (from: Side, to: Side, about: string): void => {
    const ways = [now, then, alone].map((one) => one.way(from.end, to.end)) as [Way, Way, Way];
    const found = changesBetween(ways, from, to, about);
    // Between two components the flow table is the whole truth: what it closes nobody of ours ever used.
    changes.push(...found.filter(({ kind }) => kind !== "cut" || !(from.isComponent && to.isComponent)));
  };
  for (const [index, side] of sides.entries()) {
    if (!isOurs(index)) continue;
    for (const [at, other] of sides.entries()) {
      if (at === index) continue;
      compare(other, side, side.name);
      // Between two of ours the other direction comes when it is the other's turn.
      if (!isOurs(at)) compare(side, other, side.name);
    }
    for (const other of outside) compare(side, other, side.name);
  }
  return changes;
}

function changesBetween([now, then, alone]: readonly [Way, Way, Way], from: Side, to: Side, about: string): Change[] {
  const found: Record<Change["kind"], { port: number; by: string }[]> = { cut: [], hole: [], broken: [] };
  for (const port of to.ports) {
    const { allowed, by } = then(port);
    const wanted = alone(port).allowed === "yes";
    if (allowed === "no" && wanted) found.broken.push({ port, by });
    else if (allowed === "no" && now(port).allowed !== "no") found.cut.push({ port, by });
    else if (allowed !== "no" && !wanted) found.hole.push({ port, by });
  }
  return (Object.keys(found) as Change["kind"][]).flatMap((kind) => {
    const [first] = found[kind];
    if (first === undefined) return [];
    const ports = found[kind].map(({ port }) => port);
    return [{ kind, from: from.name, to: to.name, ports, by: first.by, about }];
  });
}

/** `shop/Deployment web -> financial-ml/StatefulSet mlserver, TCP 9000, 9500`. */
export const showChange = ({ from, to, ports }: Change): string => `${from} -> ${to}, TCP ${ports.join(", ")}`;

/** Workloads of these namespaces that the flow table does not know: they lose all but names. */
export const unknownWorkloads = ({ workloads }: PolicySnapshot, namespaces: readonly string[]): Workload[] =>
  workloads.filter((workload) => namespaces.includes(workload.namespace) && componentOf(workload) === undefined);

/** What changes for whom when a stack's policies act: ways that close, ways that others' policies keep open. Pure. */
import { POD_LABELS, type Component } from "../../../components/network-policies/endpoints";
import { PORTS } from "../../../components/network-policies/ports";
import { Evaluator, type Way } from "../evaluate/evaluate";
import type { NetworkPolicy } from "../../evidence/objects";
import { LookError } from "../../verdict";
import type { End, Protocol, World } from "../evaluate/model";
import { portsOf } from "../sites";
import { enforcedWorld, type PolicySnapshot, type Workload } from "./world";

/** A way between a workload of ours and another, and what becomes of it. */
export interface Change {
  /** `cut`: open now, closed then. `hole`: closed by the stack's policies alone, kept open by another's. `broken`: opened by the stack's policies, closed by another's. */
  readonly kind: "cut" | "hole" | "broken";
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  /** Ports of `to`. */
  readonly ports: readonly number[];
  /** What decides then, for the first of the ports. */
  readonly by: string;
  /** The workload of ours: both ends can be. */
  readonly about: string;
}

/** An address outside the cluster that no configuration names: stands for any of them. */
const OUTSIDE: End = { kind: "address", ip: "192.0.0.8" };
const OUTSIDE_PORTS = { TCP: [80, 443] };

type Ports = Readonly<Partial<Record<Protocol, readonly number[]>>>;
const PROTOCOLS = ["TCP", "UDP", "SCTP"] as const satisfies readonly Protocol[];

interface Side {
  readonly name: string;
  readonly end: End;
  readonly ports: Ports;
  /** One of Seldon's, in a namespace of ours. */
  readonly isComponent: boolean;
}

const componentOf = ({ end }: Workload): Component | undefined =>
  (Object.keys(POD_LABELS) as Component[]).find((component) =>
    Object.entries(POD_LABELS[component]).every(([key, value]) => end.labels[key] === value),
  );

/** Ports that a workload's pods declare, and those that the table and Seldon's source know beside. */
function portsFor(workload: Workload): Ports {
  const component = componentOf(workload);
  const known = { TCP: component === undefined ? [] : portsOf(component), UDP: [], SCTP: [] };
  const of = (wanted: Protocol): number[] => {
    const declared = (workload.end.ports ?? []).flatMap(({ containerPort, protocol = "TCP" }) =>
      protocol === wanted ? [containerPort] : [],
    );
    return [...new Set([...declared, ...known[wanted]])].sort((a, b) => a - b);
  };
  return { TCP: of("TCP"), UDP: of("UDP"), SCTP: of("SCTP") };
}

/**
 * Every way between a workload of these namespaces and any other, an address outside and the API server's nodes, that
 * the stack's policies change.
 *
 * @param own The stack's policies as they will act, alone.
 * @param leaves Policies of others that will be gone by then. @default none
 * @throws LookError for a policy of the cluster that cannot be read.
 */
export function changesOf(
  snapshot: PolicySnapshot,
  own: World,
  namespaces: readonly string[],
  leaves: (policy: NetworkPolicy) => boolean = () => false,
): Change[] {
  try {
    return allChanges(snapshot, own, namespaces, leaves);
  } catch (error) {
    throw new LookError(`a policy of the cluster cannot be read: ${(error as Error).message}`, {
      fix: "mend or delete that policy: Calico leaves it out as well",
      cause: error,
    });
  }
}

function allChanges(
  { workloads, nodes, world }: PolicySnapshot,
  own: World,
  namespaces: readonly string[],
  leaves: (policy: NetworkPolicy) => boolean,
): Change[] {
  const now = new Evaluator(world);
  const staying = { ...world, policies: world.policies.filter((policy) => !leaves(policy)) };
  const then = new Evaluator(enforcedWorld(staying, own));
  const alone = new Evaluator(own);
  const sides: Side[] = workloads.map((workload) => ({
    name: workload.name,
    end: workload.end,
    ports: portsFor(workload),
    isComponent: namespaces.includes(workload.namespace) && componentOf(workload) !== undefined,
  }));
  const isOurs = (index: number) => namespaces.includes(workloads[index]!.namespace);
  const outside: Side[] = [
    { name: "outside the cluster", end: OUTSIDE, ports: OUTSIDE_PORTS, isComponent: false },
    ...nodes
      .slice(0, 1)
      .map((end) => ({ name: "API server", end, ports: { TCP: [PORTS.kubernetes.apiServer] }, isComponent: false })),
  ];
  const changes: Change[] = [];
  const compare = (from: Side, to: Side, about: string): void => {
    const ways = [now, then, alone].map((one) => one.way(from.end, to.end)) as [Way, Way, Way];
    const found = PROTOCOLS.flatMap((protocol) => changesBetween(ways, from, to, about, protocol));
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

function changesBetween(
  [now, then, alone]: readonly [Way, Way, Way],
  from: Side,
  to: Side,
  about: string,
  protocol: Protocol,
): Change[] {
  const found: Record<Change["kind"], { port: number; by: string }[]> = { cut: [], hole: [], broken: [] };
  for (const port of to.ports[protocol] ?? []) {
    const { allowed, by } = then(port, protocol);
    const wanted = alone(port, protocol).allowed === "yes";
    if (allowed === "no" && wanted) found.broken.push({ port, by });
    else if (allowed === "no" && now(port, protocol).allowed !== "no") found.cut.push({ port, by });
    else if (allowed !== "no" && !wanted) found.hole.push({ port, by });
  }
  return (Object.keys(found) as Change["kind"][]).flatMap((kind) => {
    const [first] = found[kind];
    if (first === undefined) return [];
    const ports = found[kind].map(({ port }) => port);
    return [{ kind, from: from.name, to: to.name, protocol, ports, by: first.by, about }];
  });
}

/** `shop/Deployment web -> financial-ml/StatefulSet mlserver, TCP 9000, 9500`. */
export const showChange = (change: Change): string => `${change.from} -> ${change.to}, ${showPorts(change)}`;

/** `TCP 9000, 9500`. */
export const showPorts = ({ protocol, ports }: Pick<Change, "protocol" | "ports">): string =>
  `${protocol} ${ports.join(", ")}`;

/** Workloads of these namespaces that the flow table does not know: they lose all but names. */
export const unknownWorkloads = ({ workloads }: PolicySnapshot, namespaces: readonly string[]): Workload[] =>
  workloads.filter((workload) => namespaces.includes(workload.namespace) && componentOf(workload) === undefined);

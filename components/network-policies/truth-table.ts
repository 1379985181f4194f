/**
 * What must and must not be reachable, straight from the flow table and without a look at any policy. Tests compare the
 * policies with it; checks probe it on a cluster.
 */
import { componentsIn, holds, ownNamespaces, portsOf, protocolsOf } from "./context";
import type { PolicyContext } from "./context";
import { COMPONENTS, isComponent } from "./endpoints";
import type { Component, Endpoint } from "./endpoints";
import type { Flow, Protocol } from "./flow";
import { FLOWS } from "./flows";
import type { FlowId } from "./flows";

/** A kind of pod in a namespace, or a party outside (which has none). */
export interface Site {
  readonly endpoint: Endpoint;
  readonly namespace?: string;
}

/** Whether a row joins these two: components meet in their own namespace, the operator meets every runtime. */
function joins(flow: Flow, from: Site, to: Site): boolean {
  const fromAny = flow.from.includes("any") && isComponent(from.endpoint);
  if (!flow.from.includes(from.endpoint) && !fromAny) return false;
  if (flow.to !== to.endpoint) return false;
  const bothOurs = isComponent(from.endpoint) && isComponent(to.endpoint);
  return !bothOurs || from.endpoint === "operator" || from.namespace === to.namespace;
}

/** The row that lets `from` reach `to` on that port, or nothing: then it must not get through. */
export function reachable(
  context: PolicyContext,
  from: Site,
  to: Site,
  port: number,
  protocol: Protocol = "TCP",
): FlowId | undefined {
  return rowFor(activeFlows(context), context, from, to, port, protocol)?.id;
}

function rowFor(
  flows: readonly Flow<FlowId>[],
  context: PolicyContext,
  from: Site,
  to: Site,
  port: number,
  protocol: Protocol,
): Flow<FlowId> | undefined {
  return flows.find(
    (flow) => joins(flow, from, to) && portsOf(flow, context).includes(port) && protocolsOf(flow).includes(protocol),
  );
}

/** The rows that hold. */
const activeFlows = (context: PolicyContext): Flow<FlowId>[] => FLOWS.filter((flow) => holds(flow, context));

/** One line of the truth table. */
export interface Expectation {
  readonly from: Site;
  readonly to: Site;
  readonly port: number;
  /** The row that allows it; absent where it must be denied. */
  readonly flow?: FlowId;
}

/** Components of a namespace of ours. */
export const sitesOf = (context: PolicyContext, namespace: string): (Site & { endpoint: Component })[] =>
  componentsIn(context, namespace).map((endpoint) => ({ endpoint, namespace }));

/** TCP ports on which a component of ours takes part in any row of the table, whether it holds or not. */
export function tablePorts(component: Component): number[] {
  const numbers = FLOWS.filter((flow: Flow) => flow.to === component).flatMap((flow: Flow) =>
    typeof flow.ports === "string" ? [] : [...flow.ports, ...(flow.tlsPorts ?? [])],
  );
  return [...new Set(numbers)].sort((left, right) => left - right);
}

/** All pairs of our pods, on every port that the table knows of the target: allow rows first, then what must fail. */
export function truthTable(context: PolicyContext): Expectation[] {
  const flows = activeFlows(context);
  const sites = ownNamespaces(context).flatMap((namespace) => sitesOf(context, namespace));
  const ports = new Map(COMPONENTS.map((component) => [component, tablePorts(component)]));
  const lines = sites.flatMap((from) =>
    sites.flatMap((to) =>
      (ports.get(to.endpoint) ?? []).map((port): Expectation => {
        const flow = rowFor(flows, context, from, to, port, "TCP")?.id;
        return flow === undefined ? { from, to, port } : { from, to, port, flow };
      }),
    ),
  );
  return [...lines.filter((line) => line.flow !== undefined), ...lines.filter((line) => line.flow === undefined)];
}

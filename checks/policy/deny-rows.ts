/**
 * What must be closed: for each port of each component somebody of its own namespace, of a namespace of strangers and,
 * where there are tenants, of another runtime; and the way out. Pure.
 */
import type { PolicyContext } from "../../components/network-policies/context";
import { reachable } from "../../components/network-policies/truth-table";
import type { FlowSide } from "../verdict";
import { pathsBetween, type Row, type Sites, tableSite } from "./row";
import { componentsOf, homesOf, probedNamespaces, probedRuntimes } from "./sites";

/** Rows into our namespaces. */
export function denyRows(context: PolicyContext, sites: Sites): Row[] {
  const runtimes = probedRuntimes(context);
  const closed = probedNamespaces(context).flatMap((namespace) =>
    componentsOf(context, namespace).flatMap((component) => {
      const to = { endpoint: component, namespace };
      const ports = sites.of(to)[0]?.ports ?? [];
      const closed = ports.flatMap((port, at) => [
        ...insider(context, sites, to, port, at),
        ...stranger(context, sites, to, port),
        ...neighbour(context, sites, to, port, runtimes),
      ]);
      return [...closed, ...bystander(context, sites, to, ports)];
    }),
  );
  return [...closed, ...unnamed(sites)];
}

/** Into a pod that no flow names, from a stranger on another node where there is one: what the default deny keeps closed. */
function unnamed(sites: Sites): Row[] {
  const strangers = sites.role("stranger");
  return sites.role("bystander").flatMap((to) => {
    const from = strangers.find(({ node }) => node !== to.node) ?? strangers[0];
    if (from === undefined) return [];
    const paths = [{ from: from.key, to: to.key }];
    const why = "a pod that no row of the flow table names admits nobody (policy default-deny)";
    return [{ from: from.side, to: to.side, port: to.ports[0]!, why, paths }];
  });
}

/** Whether a side reaches some port of the target. */
const reachesSome = (context: PolicyContext, from: FlowSide, to: FlowSide, ports: readonly number[]): boolean =>
  ports.some((port) => reachable(context, tableSite(from), tableSite(to), port) !== undefined);

/**
 * A component of the same namespace that must not get through. One that may reach another port of the same pod is the
 * sharpest: its allow row is the proof that only the port makes the difference.
 */
function insider(context: PolicyContext, sites: Sites, to: FlowSide, port: number, at: number): Row[] {
  const candidates = componentsOf(context, to.namespace!)
    .map((endpoint) => ({ endpoint, namespace: to.namespace! }))
    .filter((from) => reachable(context, tableSite(from), tableSite(to), port) === undefined);
  const ports = sites.of(to)[0]?.ports ?? [];
  const sharp = candidates.filter((from) => reachesSome(context, from, to, ports));
  const pool = sharp.length > 0 ? sharp : candidates;
  const from = pool[at % pool.length];
  if (from === undefined) return [];
  return deny(sites, from, to, port, "no row of the flow table lets it in on this port");
}

/** Somebody who wears the labels that are let in, in a namespace that is not. */
function stranger(context: PolicyContext, sites: Sites, to: FlowSide, port: number): Row[] {
  const strangers = sites.role("stranger");
  const worn = (side: FlowSide): string => side.endpoint.replace(/^stranger as /, "");
  const from =
    strangers.find(
      ({ side }) =>
        reachable(context, tableSite({ endpoint: worn(side), namespace: to.namespace! }), tableSite(to), port) !==
        undefined,
    ) ?? strangers[port % strangers.length];
  return from === undefined
    ? []
    : deny(
        sites,
        from.side,
        to,
        port,
        "components are let in from their own namespace only, whatever labels others wear",
      );
}

/** A component of another runtime, which would be let in at home where possible. */
function neighbour(
  context: PolicyContext,
  sites: Sites,
  to: FlowSide,
  port: number,
  runtimes: readonly string[],
): Row[] {
  const other = runtimes.find((namespace) => namespace !== to.namespace);
  if (other === undefined) return [];
  const closed = componentsOf(context, other).filter(
    (endpoint) => reachable(context, tableSite({ endpoint, namespace: other }), tableSite(to), port) === undefined,
  );
  const atHome = (endpoint: string): boolean =>
    reachable(context, tableSite({ endpoint, namespace: to.namespace! }), tableSite(to), port) !== undefined;
  const endpoint = closed.find(atHome) ?? closed[port % closed.length];
  return endpoint === undefined
    ? []
    : deny(sites, { endpoint, namespace: other }, to, port, "runtimes do not talk to each other");
}

/** A pod of the namespace without a component's labels, on a port that is open to somebody. */
function bystander(context: PolicyContext, sites: Sites, to: FlowSide, ports: readonly number[]): Row[] {
  const open = ports.find((port) =>
    componentsOf(context, to.namespace!).some(
      (endpoint) =>
        reachable(context, tableSite({ endpoint, namespace: to.namespace! }), tableSite(to), port) !== undefined,
    ),
  );
  if (open === undefined) return [];
  return sites
    .role("bystander")
    .filter(({ namespace }) => namespace === to.namespace)
    .flatMap(({ side }) =>
      deny(sites, side, to, open, "components are let in by their labels, not by their namespace alone"),
    );
}

function deny(sites: Sites, from: FlowSide, to: FlowSide, port: number, why: string): Row[] {
  const paths = pathsBetween(sites.of(from), sites.of(to));
  return paths.length === 0 ? [] : [{ from, to, port, why, paths }];
}

/**
 * Out of our namespaces to a pod that admits everybody: what is closed here is closed on the way out. The pod is one on
 * another node where there is one, because strangers on two nodes are each other's proof of the way.
 */
export function egressRows(context: PolicyContext, sites: Sites): Row[] {
  const strangers = sites.role("stranger");
  const [first] = strangers;
  if (first === undefined) return [];
  const components = homesOf(context).flatMap((namespace) =>
    componentsOf(context, namespace).map((endpoint) => ({ endpoint, namespace })),
  );
  const others = sites.role("bystander").map(({ side }) => side);
  return [...components, ...others].map((from) => ({
    from,
    to: { endpoint: "a pod elsewhere" },
    port: first.ports[0]!,
    why: "nothing leaves the namespace but what the flow table names",
    paths: sites
      .of(from)
      .map(({ key, node }) => ({ from: key, to: (strangers.find((one) => one.node !== node) ?? first).key })),
  }));
}

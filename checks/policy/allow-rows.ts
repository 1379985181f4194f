/** What must be possible between pods: every row of the flow table that holds. Pure. */
import type { PolicyContext } from "../../components/network-policies/context";
import { type Component, isComponent } from "../../components/network-policies/endpoints";
import type { Flow } from "../../components/network-policies/flow";
import type { FlowId } from "../../components/network-policies/flows";
import { reachable } from "../../components/network-policies/truth-table";
import type { FlowSide } from "../verdict";
import { pathsBetween, type Row, type Sites, tableSite } from "./row";
import { activeFlows, kubeletFlow, probedNamespaces } from "./sites";

/** Rows between pods. */
export function allowRows(context: PolicyContext, sites: Sites): Row[] {
  return activeFlows(context).flatMap((flow) => {
    const { to } = flow;
    if (!isComponent(to)) return [];
    if (flow.from.includes("kubelet")) return kubeletRows(context, sites, flow, to);
    return probedNamespaces(context).flatMap((namespace) => {
      const target = { endpoint: to, namespace };
      return flow.from.flatMap((endpoint) =>
        sourcesOf(context, sites, endpoint, namespace).flatMap((from) => portRows(context, sites, flow, from, target)),
      );
    });
  });
}

/** Whoever an allow row may mean in a namespace. A party without a pod has none here; its row says why. */
function sourcesOf(context: PolicyContext, sites: Sites, endpoint: string, namespace: string): FlowSide[] {
  if (endpoint === "client") return context.clients.map((client) => ({ endpoint, namespace: client.namespace }));
  if (endpoint === "prometheus") return [{ endpoint, namespace: context.monitoringNamespace ?? "" }];
  const own = endpoint === "operator" ? context.operatorNamespace : namespace;
  return sites.of({ endpoint, namespace: own }).length === 0 ? [] : [{ endpoint, namespace: own }];
}

function portRows(context: PolicyContext, sites: Sites, flow: Flow<FlowId>, from: FlowSide, to: FlowSide): Row[] {
  const numbers = typeof flow.ports === "string" ? [] : flow.ports;
  const isParty = from.endpoint === "client" || from.endpoint === "prometheus";
  return numbers.flatMap((port): Row[] => {
    const asked = isParty ? { endpoint: from.endpoint } : from;
    if (reachable(context, tableSite(asked), tableSite(to), port) === undefined) return [];
    const paths = pathsBetween(sites.of(from), sites.of(to));
    const skip = paths.length === 0 ? { skip: `namespace ${from.namespace} does not exist` } : {};
    return [{ from, to, port, flow: flow.id, why: flow.why, paths, ...skip }];
  });
}

function kubeletRows(context: PolicyContext, sites: Sites, flow: Flow<FlowId>, component: Component): Row[] {
  return probedNamespaces(context).flatMap((namespace): Row[] => {
    const to = { endpoint: component, namespace };
    const reached = sites.of(to);
    if (reached.length === 0 || kubeletFlow(context, component)?.id !== flow.id) return [];
    const port = reached[0]!.kubeletPort;
    return [
      {
        from: { endpoint: "kubelet" },
        to,
        port,
        flow: flow.id,
        why: flow.why,
        paths: [],
        reachedByKubelet: reached.map(({ key }) => key),
      },
    ];
  });
}

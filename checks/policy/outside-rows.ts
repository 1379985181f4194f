/** From the namespaces of operator and first runtime to the parties around them: who may reach them, and for the API server also who may not. Pure. */
import type { PolicyContext } from "../../components/network-policies/context";
import { isComponent } from "../../components/network-policies/endpoints";
import { reachable } from "../../components/network-policies/truth-table";
import type { FlowSide } from "../verdict";
import { hostAndPort } from "./context";
import { type Outside, type Path, type Row, type Sites, tableSite } from "./row";
import { activeFlows, componentsOf, homesOf, type Site } from "./sites";

/** Where the parties without pods of ours are. */
export interface Parties {
  /** Address and port of the Service of the API server. */
  readonly apiServer?: { readonly address: string; readonly port: number };
  /** Whether the cluster has a DNS service. */
  readonly dns: boolean;
  /** `host:port`. */
  readonly kafka?: string | undefined;
  readonly collector?: string | undefined;
}

const NO_ADDRESS = "the configuration names address ranges and no server that could be asked";

/** How a party outside is reached, by endpoint; a text is why it cannot be. */
function outsideOf(endpoint: string, { apiServer, dns, kafka, collector }: Parties): Outside | string {
  switch (endpoint) {
    case "apiserver":
      return apiServer === undefined
        ? "the cluster has no Service default/kubernetes"
        : { look: { kind: "tcp", ...apiServer } };
    case "dns":
      return !dns || apiServer === undefined
        ? "the cluster has no Service kube-system/kube-dns"
        : { look: { kind: "dns", address: "kubernetes.default", port: 53 }, expected: apiServer.address };
    case "kafka":
      return kafka === undefined ? NO_ADDRESS : { look: { kind: "tcp", ...hostAndPort(kafka) } };
    case "collector":
      return collector === undefined ? NO_ADDRESS : { look: { kind: "tcp", ...hostAndPort(collector) } };
    default:
      return NO_ADDRESS;
  }
}

/** Rows to the parties outside. */
export function outsideRows(context: PolicyContext, sites: Sites, parties: Parties): Row[] {
  const components = homesOf(context).flatMap((namespace) =>
    componentsOf(context, namespace).map((endpoint) => ({ endpoint, namespace })),
  );
  const flows = activeFlows(context).filter(({ to }) => !isComponent(to));
  const allowed = flows.flatMap((flow) =>
    components
      .filter(({ endpoint }) => flow.from.includes(endpoint) || flow.from.includes("any"))
      .map((from) => {
        const how = outsideOf(flow.to, parties);
        const port = typeof flow.ports === "string" ? (context.ports[flow.ports][0] ?? 0) : flow.ports[0]!;
        return {
          from,
          to: { endpoint: flow.to },
          port,
          flow: flow.id,
          why: flow.why,
          ...(typeof how === "string" ? { paths: [], skip: how } : { paths: pathsTo(sites.of(from), how) }),
        };
      }),
  );
  return [...allowed, ...closedApiServer(context, sites, parties, components)];
}

function closedApiServer(
  context: PolicyContext,
  sites: Sites,
  parties: Parties,
  components: readonly FlowSide[],
): Row[] {
  const how = outsideOf("apiserver", parties);
  const row = activeFlows(context).find(({ to }) => to === "apiserver");
  if (typeof how === "string" || row === undefined) return [];
  const to = { endpoint: "apiserver" as const };
  const port = row.ports[0] as number;
  const others = [...components, ...sites.role("bystander").map(({ side }) => side)];
  return others
    .filter((from) => reachable(context, tableSite(from), to, port) === undefined)
    .map((from) => ({
      from,
      to,
      port,
      why: "no row of the flow table lets it ask the API server",
      paths: pathsTo(sites.of(from), how),
    }));
}

/** From the pod that is farthest: one is enough, since no pod of ours answers. */
const pathsTo = (sources: readonly Site[], outside: Outside): Path[] =>
  sources.slice(-1).map(({ key }) => ({ from: key, to: outside }));

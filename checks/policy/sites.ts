/** Which probe pods a truth table needs: whom each stands for, where it runs, on which ports it answers. Pure. */
import { componentsIn, holds, type OurNamespaces, type PolicyContext } from "../../components/network-policies/context";
import { type Component, POD_LABELS } from "../../components/network-policies/endpoints";
import type { Flow } from "../../components/network-policies/flow";
import { FLOWS, type FlowId } from "../../components/network-policies/flows";
import { UNAUTHENTICATED_PORTS } from "../../components/network-policies/ports";
import { tablePorts } from "../../components/network-policies/truth-table";
import { PLAIN_PORT } from "../probe-pods/script";
import type { ProbePodSpec } from "../probe-pods/manifest";
import type { FlowSide } from "../verdict";
import type { Place, Places } from "./places";

/**
 * Whom a pod stands for. `component`: wears a component's labels in a runtime namespace. `bystander`: runs there and
 * wears none. `stranger`: wears a component's labels in a namespace without policies. `party`: a client or Prometheus,
 * in a namespace of theirs.
 */
export type Role = "component" | "bystander" | "stranger" | "party";

/** A probe pod of the table. */
export interface Site extends ProbePodSpec {
  readonly role: Role;
  /** As the truth table and the report name it. */
  readonly side: FlowSide;
  readonly place: Place;
}

/** How many runtime namespaces are probed: the first one and, as its neighbour, the first tenant's. All are rendered alike. */
export const PROBED_NAMESPACES = 2;

/** Who wears components' labels among strangers: the two that other pods admit by label. */
export const STRANGERS = ["envoy", "server"] as const satisfies readonly Component[];

/** The flows that hold. */
export const activeFlows = (context: PolicyContext): Flow<FlowId>[] => FLOWS.filter((flow) => holds(flow, context));

/** Components that take part in a flow that holds, in a namespace. */
export function componentsOf(context: PolicyContext, namespace: string): Component[] {
  const flows = activeFlows(context);
  return componentsIn(context, namespace).filter((component) =>
    flows.some(({ from, to }) => to === component || from.includes(component)),
  );
}

/** Every port on which a component must not be reached without an allow row: those of the table, and those that ask nobody who he is. */
export function portsOf(component: Component): number[] {
  const open: readonly number[] =
    component in UNAUTHENTICATED_PORTS ? UNAUTHENTICATED_PORTS[component as keyof typeof UNAUTHENTICATED_PORTS] : [];
  return [...new Set([...tablePorts(component), ...open])].sort((left, right) => left - right);
}

/** The kubelet's row about a component. */
export const kubeletFlow = (context: PolicyContext, component: Component): Flow<FlowId> | undefined =>
  activeFlows(context).find(({ from, to }) => from.includes("kubelet") && to === component);

/** Runtime namespaces that are probed. */
export const probedRuntimes = ({ namespaces }: Pick<OurNamespaces, "namespaces">): string[] =>
  namespaces.slice(0, PROBED_NAMESPACES);

/** Namespaces that are probed: the operator's, and those runtimes. */
export const probedNamespaces = (ours: OurNamespaces): string[] => [
  ...new Set([ours.operatorNamespace, ...probedRuntimes(ours)]),
];

interface Where {
  readonly places: Places;
  /** Namespace of strangers. */
  readonly strangers: string;
  /** Namespaces of parties that do not exist. */
  readonly absent: ReadonlySet<string>;
}

const bothPlaces = ({ there }: Places): Place[] => (there === undefined ? ["here"] : ["here", "there"]);
const farPlace = ({ there }: Places): Place => (there === undefined ? "here" : "there");
const nodeOf = (places: Places, place: Place): string => (place === "there" ? places.there! : places.here);

function componentSite(
  context: PolicyContext | undefined,
  namespace: string,
  component: Component,
  places: Places,
  place: Place,
): Site {
  const ports = portsOf(component);
  const asked = context === undefined ? undefined : kubeletFlow(context, component)?.ports[0];
  return {
    role: "component",
    key: `${namespace}-${component}-${place}`,
    side: { endpoint: component, namespace },
    place,
    namespace,
    node: nodeOf(places, place),
    labels: POD_LABELS[component],
    ports,
    kubeletPort: typeof asked === "number" ? asked : ports[0]!,
  };
}

const plainSite = (
  role: Role,
  key: string,
  side: FlowSide,
  namespace: string,
  labels: Site["labels"],
  place: Place,
  places: Places,
): Site => ({
  role,
  key: `${key}-${place}`,
  side,
  place,
  namespace,
  node: nodeOf(places, place),
  labels,
  ports: [PLAIN_PORT],
  kubeletPort: PLAIN_PORT,
});

/** All probe pods: the components on both nodes, and one of each other kind. */
export function sitesOf(context: PolicyContext, { places, strangers, absent }: Where): Site[] {
  const components = probedNamespaces(context).flatMap((namespace) =>
    componentsOf(context, namespace).flatMap((component) =>
      bothPlaces(places).map((place) => componentSite(context, namespace, component, places, place)),
    ),
  );
  const home = context.namespaces[0]!;
  const far = farPlace(places);
  const bystander = plainSite(
    "bystander",
    `${home}-bystander`,
    { endpoint: "another pod", namespace: home },
    home,
    {},
    far,
    places,
  );
  // On different nodes, so that they are each other's proof that pods reach pods across nodes.
  const foreign = STRANGERS.map((component, index) =>
    plainSite(
      "stranger",
      `stranger-${component}`,
      { endpoint: `stranger as ${component}` },
      strangers,
      POD_LABELS[component],
      index === 0 ? far : "here",
      places,
    ),
  );
  const clients = context.clients.map(({ namespace, podLabels }, index) =>
    plainSite("party", `client-${index}`, { endpoint: "client", namespace }, namespace, podLabels, far, places),
  );
  const monitoring = context.monitoringNamespace;
  const scraper =
    monitoring === undefined
      ? []
      : [
          plainSite(
            "party",
            "prometheus",
            { endpoint: "prometheus", namespace: monitoring },
            monitoring,
            {},
            far,
            places,
          ),
        ];
  return [
    ...components,
    bystander,
    ...foreign,
    ...[...clients, ...scraper].filter(({ namespace }) => !absent.has(namespace)),
  ];
}

/** Where every component is met once: the operator's namespace and that of the first runtime. */
export const homesOf = ({ operatorNamespace, namespaces }: OurNamespaces): string[] => [
  ...new Set([operatorNamespace, ...namespaces.slice(0, 1)]),
];

/** Without policies only the way to the servers is of interest: Envoy's, on both nodes. */
export const sitesWithoutPolicies = (ours: OurNamespaces, places: Places): Site[] =>
  probedRuntimes(ours).flatMap((namespace) =>
    bothPlaces(places).map((place) => componentSite(undefined, namespace, "envoy", places, place)),
  );

/** Namespaces of parties that the table names. */
export const partyNamespaces = ({ clients, monitoringNamespace }: PolicyContext): string[] => [
  ...new Set([
    ...clients.map(({ namespace }) => namespace),
    ...(monitoringNamespace === undefined ? [] : [monitoringNamespace]),
  ]),
];

/**
 * Who may talk to whom in a stack, as an SVG: `npm run plan -- <stack> --flows FILE`. One column a party, one line a
 * row of the flow table that holds for the stack, so nothing crosses a name. Pure.
 */
import { element, type Markup } from "../../../checks/report/markup";
import {
  holds,
  ownNamespaces,
  policyContext,
  type PolicyConfig,
  type PolicyContext,
  portsOf,
  protocolsOf,
} from "../../../components/network-policies/context";
import { COMPONENTS, type Endpoint, isComponent, type Party } from "../../../components/network-policies/endpoints";
import type { Flow } from "../../../components/network-policies/flow";
import { FLOWS } from "../../../components/network-policies/flows";
import { label, svgFile } from "./svg";

const COLUMN = 86;
const LINE = 34;
const EDGE = 16;
/** Where the columns' names stand, and the first line. */
const [HEADS, FIRST] = [84, 142];

/** Names short enough for a column, in up to two lines. */
const PARTY_NAMES: Readonly<Record<Party, readonly string[]>> = {
  any: ["every pod"],
  client: ["clients"],
  prometheus: ["Prometheus"],
  kubelet: ["kubelet"],
  apiserver: ["API", "server"],
  dns: ["cluster", "DNS"],
  storage: ["object", "storage"],
  kafka: ["Kafka"],
  schemaRegistry: ["schema", "registry"],
  collector: ["tracing", "collector"],
  internet: ["Internet"],
};
const COMPONENT_NAMES: Readonly<Partial<Record<Endpoint, readonly string[]>>> = {
  modelgateway: ["model", "gateway"],
  pipelinegateway: ["pipeline", "gateway"],
  dataflow: ["dataflow", "engine"],
};

const namesOf = (endpoint: Endpoint): readonly string[] =>
  COMPONENT_NAMES[endpoint] ?? (isComponent(endpoint) ? [endpoint] : PARTY_NAMES[endpoint]);

/** Parties that ask stand left of our pods, those that are asked stand right. */
const ASKING: readonly Party[] = ["client", "prometheus", "kubelet"];
const ASKED: readonly Party[] = ["apiserver", "dns", "storage", "kafka", "schemaRegistry", "collector", "internet"];

/** One arrow. */
export interface Line {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly ports: string;
  readonly why: string;
}

function portsText(flow: Flow, context: PolicyContext): string {
  const ports = portsOf(flow, context).join(", ");
  const protocols = protocolsOf(flow);
  return protocols.length === 1 && protocols[0] === "TCP" ? ports : `${ports} ${protocols.join("+")}`;
}

/** The arrows of a stack, in the order of the table: one for each who asks. */
export function flowLines(config: PolicyConfig): Line[] {
  const context = policyContext(config);
  return FLOWS.filter((flow: Flow) => holds(flow, context)).flatMap((flow: Flow) =>
    flow.from.map((from) => ({ from, to: flow.to, ports: portsText(flow, context), why: flow.why })),
  );
}

/** The columns that a stack's arrows need, left to right. */
export function columnsOf(lines: readonly Line[]): Endpoint[] {
  const used = new Set(lines.flatMap(({ from, to }) => [from, to]));
  return [...ASKING, ...COMPONENTS, ...ASKED].filter((endpoint) => used.has(endpoint));
}

const center = (column: number): number => EDGE + column * COLUMN + COLUMN / 2;

function headOf(endpoint: Endpoint, column: number, bottom: number): Markup[] {
  const x = center(column);
  const names = namesOf(endpoint);
  return [
    element("line", { x1: x, x2: x, y1: FIRST - 14, y2: bottom, class: "life" }),
    ...names.map((name, index) => label(x, HEADS + 26 + index * 16, "bold mid", name)),
  ];
}

/** The background of the columns that stand in namespaces of ours. */
function ownBand(columns: readonly Endpoint[], context: PolicyContext, bottom: number): Markup[] {
  const own = columns.flatMap((endpoint, index) => (isComponent(endpoint) ? [index] : []));
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) return [];
  const x = EDGE + first * COLUMN;
  return [
    element(
      "g",
      {},
      element("title", {}, `namespaces: ${ownNamespaces(context).join(", ")}`),
      element("rect", {
        x,
        y: HEADS - 18,
        width: (last - first + 1) * COLUMN,
        height: bottom - HEADS + 18,
        rx: 8,
        class: "group",
      }),
    ),
    label(x + 12, HEADS, "soft", "namespaces of Seldon Core"),
  ];
}

function arrowOf(line: Line, y: number, columns: readonly Endpoint[]): Markup {
  const own = columns.flatMap((endpoint, index) => (isComponent(endpoint) ? [index] : []));
  const to = columns.indexOf(line.to);
  // Every pod of ours: a bar over all their columns, and the arrow leaves from its end.
  const from = line.from === "any" ? (own.at(-1) ?? 0) : columns.indexOf(line.from);
  const [x1, x2] = [center(from), center(to)];
  const bar = line.from === "any" ? [element("path", { d: `M${center(own[0] ?? 0)} ${y} H${x1}`, class: "link" })] : [];
  const all = line.from === "any" ? "every pod: " : "";
  return element(
    "g",
    {},
    element(
      "title",
      {},
      `${namesOf(line.from).join(" ")} to ${namesOf(line.to).join(" ")}, ${line.ports}: ${line.why}`,
    ),
    ...bar,
    element("circle", { cx: x1, cy: y, r: 3, class: "tip" }),
    element("path", { d: `M${x1} ${y} H${x2}`, class: "edge", "marker-end": "url(#tip)" }),
    label((x1 + x2) / 2, y - 6, "port mid", `${all}${line.ports}`),
  );
}

/** The picture of a stack's flows; the same configuration always gives the same text. */
export function flowPicture(stack: string, config: PolicyConfig): string {
  const context = policyContext(config);
  const lines = flowLines(config);
  const columns = columnsOf(lines);
  const bottom = FIRST + lines.length * LINE;
  return svgFile(
    { width: Math.max(2 * EDGE + columns.length * COLUMN, 640), height: bottom + EDGE },
    `Who may talk to whom in stack ${stack}`,
    "One line a row of the flow table, from who opens the connection. Numbers are container ports.",
    [
      ...ownBand(columns, context, bottom),
      ...columns.flatMap((endpoint, index) => headOf(endpoint, index, bottom)),
      ...lines.map((line, index) => arrowOf(line, FIRST + 20 + index * LINE, columns)),
    ],
  );
}

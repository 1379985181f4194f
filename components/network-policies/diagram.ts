/** The flow table as a picture (Mermaid) and as a Markdown table, for the docs. Pure and deterministic. */
import { COMPONENTS, PARTIES, isComponent } from "./endpoints";
import type { Endpoint } from "./endpoints";
import { CONDITIONS } from "./flow";
import type { Condition, ConfiguredPorts, Flow } from "./flow";
import { FLOWS } from "./flows";

/** What stands in the docs for ports that a stack configures. */
const CONFIGURED: Readonly<Record<ConfiguredPorts, string>> = {
  storage: "policies.storage.ports",
  kafka: "port of seldon.kafka.bootstrap",
  collector: "port of seldon.tracing.endpoint",
  schemaRegistry: "as configured",
};

/** Conditions that no setting of this stack can meet: such rows are in the table, not in the picture. */
const NEVER: ReadonlySet<Condition> = new Set(["schemaRegistry", "hodometer"]);

const conditionsOf = (flow: Flow): readonly Condition[] => flow.when ?? [];
const drawn: readonly Flow[] = FLOWS.filter(
  (flow: Flow) => !flow.from.includes("kubelet") && !conditionsOf(flow).some((condition) => NEVER.has(condition)),
);

const portsText = (flow: Flow): string => {
  const numbers = typeof flow.ports === "string" ? CONFIGURED[flow.ports] : flow.ports.join(", ");
  const tls = flow.tlsPorts === undefined ? "" : ` (TLS ${flow.tlsPorts.join(", ")})`;
  const protocols = flow.protocols === undefined ? "" : ` ${flow.protocols.join("+")}`;
  return `${numbers}${protocols}${tls}`;
};

/** `any` is drawn as the namespace itself. */
const nodeId = (endpoint: Endpoint): string => (endpoint === "any" ? "runtime" : endpoint);

interface Edge {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly flows: readonly Flow[];
}

/** One edge a pair, in the order of the table. */
function edges(): Edge[] {
  const byPair = new Map<string, Edge>();
  for (const flow of drawn) {
    for (const from of flow.from) {
      const key = `${from} ${flow.to}`;
      const edge = byPair.get(key);
      byPair.set(key, { from, to: flow.to, flows: [...(edge?.flows ?? []), flow] });
    }
  }
  return [...byPair.values()];
}

function edgeLine({ from, to, flows }: Edge): string {
  const arrow = flows.every((flow) => conditionsOf(flow).length > 0) ? "-.->" : "-->";
  const label = flows.map((flow) => (typeof flow.ports === "string" ? flow.ports : flow.ports.join(", "))).join(", ");
  return `  ${nodeId(from)} ${arrow}|"${label}"| ${nodeId(to)}`;
}

/**
 * Mermaid flow chart of the rows that policies are made of. A dotted arrow holds only under a condition (see the
 * table); the kubelet's rows are left out.
 */
export function renderDiagram(): string {
  const used = new Set(drawn.flatMap((flow) => [...flow.from, flow.to]));
  const inside = COMPONENTS.filter((component) => component !== "operator" && used.has(component));
  const outside = (Object.keys(PARTIES) as (keyof typeof PARTIES)[]).filter(
    (party) => party !== "any" && used.has(party),
  );
  return [
    "flowchart LR",
    '  subgraph home["namespace of the operator"]',
    "    operator",
    "  end",
    '  subgraph runtime["every runtime namespace"]',
    ...inside.map((component) => `    ${component}`),
    "  end",
    ...outside.map((party) => `  ${party}["${PARTIES[party]}"]`),
    ...edges().map(edgeLine),
    "",
  ].join("\n");
}

const title = (endpoint: Endpoint): string => (isComponent(endpoint) ? endpoint : PARTIES[endpoint]);
const cell = (text: string): string => text.replaceAll("|", "\\|");

/** The whole table in Markdown, every row with the upstream row that it comes from, and the meaning of the conditions. */
export function renderFlowTable(): string {
  const rows = FLOWS.map((flow: Flow) => [
    String(flow.row),
    flow.from.map(title).join(", "),
    title(flow.to),
    portsText(flow),
    conditionsOf(flow).join(", ") || "always",
    flow.why,
    flow.source,
  ]);
  const lines = [
    ["#", "From", "To", "Container ports", "When", "Why", "Source"],
    Array<string>(7).fill("---"),
    ...rows,
  ];
  return [
    ...lines.map((row) => `| ${row.map(cell).join(" | ")} |`),
    "",
    ...(Object.keys(CONDITIONS) as Condition[]).map((condition) => `- ${condition}: ${CONDITIONS[condition]}`),
    "",
  ].join("\n");
}

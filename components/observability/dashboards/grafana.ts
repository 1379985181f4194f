/** A dashboard as Grafana reads it. Pure; the same dashboard always gives the same text. */
import { layout, type Placed } from "./layout";
import type { Dashboard, Panel } from "./panel";

/** Version of the dashboard's JSON; Grafana 10 and later read it and bring it up to date. */
const SCHEMA_VERSION = 39;
const SOURCE = { type: "prometheus", uid: "${datasource}" };

const letter = (index: number): string => String.fromCharCode("A".charCodeAt(0) + index);

const fieldConfig = ({ unit, steps = [{ at: 0, color: "green" }] }: Panel) => ({
  defaults: {
    unit,
    min: 0,
    // The lowest step has no value in Grafana: it holds from minus infinity on.
    thresholds: {
      mode: "absolute",
      steps: steps.map(({ at, color }, index) => ({ color, value: index === 0 ? null : at })),
    },
  },
  overrides: [],
});

const OPTIONS: Readonly<Record<Panel["kind"], object>> = {
  stat: { colorMode: "value", graphMode: "area", reduceOptions: { calcs: ["lastNotNull"] } },
  timeseries: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
};

function panelJson(placed: Placed, index: number): object {
  const { x, y, w, h } = placed.place;
  const common = { id: index + 1, gridPos: { x, y, w, h } };
  if (placed.kind === "row") return { ...common, type: "row", title: placed.title, collapsed: false, panels: [] };
  const { panel } = placed;
  return {
    ...common,
    type: panel.kind,
    title: panel.title,
    description: panel.description,
    datasource: SOURCE,
    fieldConfig: fieldConfig(panel),
    options: OPTIONS[panel.kind],
    targets: panel.queries.map(({ expr, legend }, number) => ({
      refId: letter(number),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
      range: panel.kind === "timeseries",
      instant: panel.kind === "stat",
    })),
  };
}

const variables = ({ namespacesOf }: Dashboard): object[] => [
  { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" },
  ...(namespacesOf === undefined
    ? []
    : [
        {
          name: "namespace",
          label: "Namespace",
          type: "query",
          datasource: SOURCE,
          query: `label_values(${namespacesOf}, namespace)`,
          refresh: 2,
          multi: true,
          includeAll: true,
          allValue: ".*",
          current: { text: "All", value: "$__all" },
        },
      ]),
];

/** The JSON text, one panel a line, so that a change of one panel is a change of one line. */
export function grafanaJson(dashboard: Dashboard): string {
  const { uid, title, description } = dashboard;
  const head = {
    uid,
    title,
    description,
    tags: ["seldon-k3s"],
    schemaVersion: SCHEMA_VERSION,
    editable: false,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: { list: variables(dashboard) },
  };
  const panels = layout(dashboard).map((placed, index) => `  ${JSON.stringify(panelJson(placed, index))}`);
  return `${JSON.stringify(head).slice(0, -1)},"panels":[\n${panels.join(",\n")}\n]}\n`;
}

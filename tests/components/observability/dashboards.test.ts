import { METRICS } from "../../../components/observability/metrics/table";
import { grafanaJson } from "../../../components/observability/dashboards/grafana";
import { layout } from "../../../components/observability/dashboards/layout";
import { type Dashboard, graph, GRID_WIDTH, stat } from "../../../components/observability/dashboards/panel";
import { DASHBOARDS, dashboardConfigMap, dashboardsOf } from "../../../components/observability/dashboards/render";
import { targetsOf } from "../../../components/observability/targets";
import { everything, watchedStack } from "../../support/observability-stack";
import { promtool, withPromtool } from "../../support/promtool";
import { exampleSeries } from "./example-series";

const QUERIES = DASHBOARDS.flatMap(({ uid, rows }) =>
  rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) => queries.map(({ expr, legend }) => ({ uid, title, expr, legend }))),
  ),
);
/** As Grafana fills it in when every namespace is chosen. */
const filledIn = (expr: string) => expr.replaceAll("$namespace", ".*").replaceAll("$__rate_interval", "5m");
const titles = (dashboards: readonly Dashboard[]) =>
  dashboards.flatMap(({ rows }) => rows.flatMap(({ panels }) => panels.map(({ title }) => title)));

describe("every query of every dashboard", () => {
  withPromtool("gives something for the metrics of the table, with their labels", () => {
    const tests = [
      {
        interval: "1m",
        input_series: exampleSeries(METRICS),
        promql_expr_test: QUERIES.map(({ expr }) => ({
          expr: `count(${filledIn(expr)}) > bool 0`,
          eval_time: "30m",
          exp_samples: [{ labels: "{}", value: 1 }],
        })),
      },
    ];
    const { said } = promtool(["test", "rules", "tests.json"], { "tests.json": { rule_files: [], tests } });
    expect(said).toContain("SUCCESS");
    expect(QUERIES.length).toBeGreaterThan(40);
  });

  withPromtool("would be found out if a label were misspelt", () => {
    const test = (expr: string) => ({
      interval: "1m",
      input_series: exampleSeries(METRICS),
      promql_expr_test: [{ expr, eval_time: "30m", exp_samples: [{ labels: "{}", value: 1 }] }],
    });
    const run = (expr: string) =>
      promtool(["test", "rules", "tests.json"], { "tests.json": { rule_files: [], tests: [test(expr)] } }).said;
    expect(run(`count(typha_ping_latency{quantile="0.99"}) > bool 0`)).toContain("SUCCESS");
    expect(run(`count(typha_ping_latency{quantil="0.99"}) > bool 0`)).toContain("FAILED");
  });

  it.each(QUERIES)("$uid, $title: $legend", ({ expr, legend }) => {
    // A label that the expression sums away would be shown as nothing.
    const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/);
    const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "");
    if (kept !== undefined) expect(shown.filter((label) => !kept.includes(label))).toEqual([]);
  });
});

describe("the dashboards of a stack", () => {
  const of = (config = everything()) => dashboardsOf(targetsOf(config), config);

  it("are all there where everything is watched", () => {
    expect(of()).toEqual(DASHBOARDS);
  });

  it("leave out panels and rows that nothing feeds", () => {
    const shown = titles(of(watchedStack({ observability: { stateMetrics: "none" } })));
    expect(titles(DASHBOARDS).filter((title) => !shown.includes(title))).toEqual([
      "Goldmane",
      "Flows kept",
      "Servers without a ready pod",
      "Requests by pipeline",
      "Time by pipeline, 99th percentile",
      "Models by state",
    ]);
    expect(of(watchedStack()).flatMap(({ rows }) => rows.map(({ title }) => title))).not.toContain("Flows");
  });

  it("leave Calico's out where Calico is not kept, although ALERTS is always there", () => {
    expect(of(watchedStack({ cni: { provider: "flannel" } })).map(({ uid }) => uid)).toEqual(["seldon-k3s-models"]);
  });

  it("are none when they are off", () => {
    expect(of(watchedStack({ observability: { dashboards: { enabled: false } } }))).toEqual([]);
  });

  it("are ConfigMaps with the labels and the folder that the sidecar looks for", () => {
    const config = everything({ dashboards: { labels: { "grafana/dashboard": "yes" }, folder: "Platform" } });
    const [map] = of(config).map((dashboard) => dashboardConfigMap(dashboard, "monitoring", config));
    expect(map?.metadata).toEqual({
      name: "seldon-k3s-calico",
      namespace: "monitoring",
      labels: { "app.kubernetes.io/managed-by": "seldon-k3s", "grafana/dashboard": "yes" },
      annotations: { grafana_folder: "Platform" },
    });
    expect(Object.keys(map?.data ?? {})).toEqual(["seldon-k3s-calico.json"]);
  });
});

describe("a dashboard as Grafana reads it", () => {
  const read = (dashboard: Dashboard) =>
    JSON.parse(grafanaJson(dashboard)) as {
      uid: string;
      templating: { list: { name: string; query: string }[] };
      panels: { id: number; type: string; title: string; targets?: { refId: string; expr: string }[] }[];
    };
  const SMALL: Dashboard = {
    uid: "small",
    title: "Small",
    description: "A page.",
    namespacesOf: "up",
    rows: [
      {
        title: "Row",
        panels: [
          stat("Number", "short", "up", "One.", {
            steps: [
              { at: 0, color: "green" },
              { at: 2, color: "red" },
            ],
          }),
          graph(
            "Lines",
            "s",
            [
              ["up", "a"],
              ["up == 0", "b"],
            ],
            "Two.",
          ),
        ],
      },
    ],
  };

  it("has every panel with its queries, numbered and lettered", () => {
    const { uid, templating, panels } = read(SMALL);
    expect(uid).toBe("small");
    expect(templating.list.map(({ name, query }) => [name, query])).toEqual([
      ["datasource", "prometheus"],
      ["namespace", "label_values(up, namespace)"],
    ]);
    expect(panels.map(({ id, type, title }) => [id, type, title])).toEqual([
      [1, "row", "Row"],
      [2, "stat", "Number"],
      [3, "timeseries", "Lines"],
    ]);
    expect(panels[2]?.targets?.map(({ refId, expr }) => [refId, expr])).toEqual([
      ["A", "up"],
      ["B", "up == 0"],
    ]);
    expect(panels[1]).toMatchObject({
      fieldConfig: {
        defaults: {
          thresholds: {
            steps: [
              { color: "green", value: null },
              { color: "red", value: 2 },
            ],
          },
        },
      },
    });
  });

  it("keeps one panel a line, so that a diff of plans is readable", () => {
    const lines = grafanaJson(SMALL).trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    expect(lines[1]).toMatch(/^ {2}\{"id":1,.*\},$/);
  });

  it("fits Grafana's limits", () => {
    for (const dashboard of DASHBOARDS) {
      expect(dashboard.uid.length).toBeLessThanOrEqual(40);
      expect(new Set(titles([dashboard])).size).toBe(titles([dashboard]).length);
      // A ConfigMap holds 1 MiB.
      expect(grafanaJson(dashboard).length).toBeLessThan(200_000);
    }
  });
});

describe("the layout", () => {
  it.each(DASHBOARDS)("of $uid has no panel over another, and none beyond the edge", (dashboard) => {
    const cells = new Set<string>();
    for (const { place } of layout(dashboard)) {
      expect(place.x + place.w).toBeLessThanOrEqual(GRID_WIDTH);
      for (let x = place.x; x < place.x + place.w; x++) {
        for (let y = place.y; y < place.y + place.h; y++) {
          expect(cells.has(`${x} ${y}`)).toBe(false);
          cells.add(`${x} ${y}`);
        }
      }
    }
  });

  it("wraps a row that is too wide, and starts the next one below its tallest panel", () => {
    const wide = graph("a", "s", [["up", "a"]], "A.", { width: 16 });
    const small = stat("b", "short", "up", "B.", { width: 16 });
    const places = layout({
      rows: [
        { title: "1", panels: [wide, small] },
        { title: "2", panels: [small] },
      ],
    });
    expect(places.map(({ place: { x, y } }) => [x, y])).toEqual([
      [0, 0],
      [0, 1],
      [0, 8],
      [0, 12],
      [0, 13],
    ]);
  });
});

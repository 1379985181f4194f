import { ALERTS, alertContext } from "../../../components/observability/rules/render";
import { DASHBOARDS } from "../../../components/observability/dashboards/render";
import { seriesOf, SOURCES } from "../../../components/observability/metrics/metric";
import { metricOfSeries, METRICS } from "../../../components/observability/metrics/table";
import { seriesIn } from "../../../components/observability/promql";
import { everything } from "../../support/observability-stack";

const READ = [
  ...ALERTS.map(({ expr }) => expr(alertContext(everything()))),
  ...DASHBOARDS.flatMap(({ rows, namespacesOf }) => [
    ...(namespacesOf === undefined ? [] : [namespacesOf]),
    ...rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr))),
  ]),
].flatMap(seriesIn);

describe("the table of metrics", () => {
  it("has every series that an alert or a dashboard reads", () => {
    for (const series of READ) expect(metricOfSeries(series).name).not.toBe("");
    expect(() => metricOfSeries("felix_resync_stat")).toThrow("no metric exposes the series felix_resync_stat");
  });

  it("has nothing that nobody reads", () => {
    const read = new Set(READ.map((series) => metricOfSeries(series).name));
    expect(METRICS.map(({ name }) => name).filter((name) => !read.has(name))).toEqual([]);
  });

  it("names each metric once, with the file that it was read in", () => {
    const names = METRICS.flatMap((metric) => seriesOf(metric).map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
    for (const { name, seen, source } of METRICS) {
      expect(name).toMatch(/^[A-Za-z][\w]*$/);
      expect(seen).not.toBe("");
      expect(Object.keys(SOURCES)).toContain(source);
    }
  });

  it("knows the series that a type consists of", () => {
    const names = (name: string) => seriesOf(metricOfSeries(name)).map((series) => series.name);
    expect(names("seldon_model_infer_api_seconds_bucket")).toEqual([
      "seldon_model_infer_api_seconds_bucket",
      "seldon_model_infer_api_seconds_sum",
      "seldon_model_infer_api_seconds_count",
    ]);
    expect(names("typha_ping_latency")).toEqual([
      "typha_ping_latency",
      "typha_ping_latency_sum",
      "typha_ping_latency_count",
    ]);
    expect(names("up")).toEqual(["up"]);
  });
});

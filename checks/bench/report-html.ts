/** A bench report as one page with plots: every round's figures, before and after in a row each. Pure. */
import { page, type Section, table } from "../report/html/page";
import { type Marks, type Plot, plotSvg } from "../report/html/plot";
import { element, type Markup } from "../report/markup";
import { METRICS, type Metric, metricSpread } from "./compare";
import {
  type BenchReport,
  CHANGE_HEADS,
  changeRows,
  headline,
  remarksOf,
  RESULT_HEADS,
  resultRows,
  showSpread,
  USAGE_HEADS,
  usageChange,
  usageRows,
} from "./report-rows";
import type { BenchResult, MeasuredPath } from "./result";

/** The runs of a report with their names: one, or before and after. */
const runsOf = ({ result, before }: BenchReport): readonly (readonly [string, BenchResult])[] =>
  before === undefined
    ? [["measured", result]]
    : [
        ["before", before],
        ["after", result],
      ];

const metric = (id: Metric["id"]): Metric => METRICS.find((one) => one.id === id)!;

/** Rows of a plot: every path of the newest run, with a mark for each run that has it. */
function rowsOf(report: BenchReport, marks: (path: MeasuredPath) => Omit<Marks, "series">): Plot["rows"] {
  return report.result.paths.map(({ id, title }) => ({
    label: title,
    marks: runsOf(report).flatMap(([, run], series): Marks[] => {
      const path = run.paths.find((one) => one.id === id);
      return path === undefined ? [] : [{ series, ...marks(path) }];
    }),
  }));
}

const figure = (plot: Plot, caption: string): Markup =>
  element("figure", {}, plotSvg(plot), element("figcaption", {}, caption));

function latencyPlot(report: BenchReport): Markup {
  const strokes = (["p50", "p90", "p99"] as const).map(metric);
  const plot: Plot = {
    title: "Latency of every path in milliseconds: p50, p90 and p99",
    unit: "ms",
    axis: "log",
    series: runsOf(report).map(([name]) => name),
    rows: rowsOf(report, (path) => ({
      // What a round says of p50 and of p99 lies beside the median of all rounds, so that their spread is seen.
      dots: path.rounds.flatMap(({ latencyMs }) => [latencyMs.p50, latencyMs.p90, latencyMs.p99]),
      strokes: strokes.map((one) => ({ at: metricSpread(path, one)!.median, name: one.title })),
      title: strokes.map((one) => `${one.title} ${showSpread(metricSpread(path, one)!)} ms`).join("\n"),
    })),
  };
  return figure(
    plot,
    "Strokes: p50, p90 and p99, each the median of all rounds. Dots: the same of every single round. A scale of decades.",
  );
}

function throughputPlot(report: BenchReport): Markup {
  const answers = metric("perSecond");
  const plot: Plot = {
    title: "Answers a second on every path",
    unit: "answers a second",
    axis: "linear",
    series: runsOf(report).map(([name]) => name),
    rows: rowsOf(report, (path) => {
      const spread = metricSpread(path, answers)!;
      return { bar: spread.median, range: [spread.low, spread.high], title: `${showSpread(spread)} a second` };
    }),
  };
  return figure(plot, "Bars: median of all rounds. Lines: from the lowest to the highest round.");
}

/** The whole document. */
export function benchHtml(report: BenchReport): string {
  const { result } = report;
  const change = usageChange(report);
  const changes = changeRows(report);
  const usage = usageRows(result);
  const measured: Section[] =
    result.paths.length === 0
      ? []
      : [
          { id: "latency", title: "Latency", body: [latencyPlot(report)] },
          { id: "throughput", title: "Throughput", body: [throughputPlot(report)] },
        ];
  const sections: Section[] = [
    ...measured,
    ...(changes.length === 0
      ? []
      : [{ id: "changes", title: "Before and after", body: [table("num", CHANGE_HEADS, changes)] }]),
    { id: "figures", title: "All figures", body: [table("num", RESULT_HEADS, resultRows(result))] },
    ...(usage.length === 0
      ? []
      : [
          {
            id: "cni",
            title: "The CNI meanwhile",
            body: [table("num", USAGE_HEADS, usage), change === undefined ? undefined : element("p", {}, change)],
          },
        ]),
    ...(result.skipped.length === 0
      ? []
      : [
          {
            id: "skipped",
            title: "Not measured",
            body: [
              table(
                "",
                ["what", "why"],
                result.skipped.map(({ id, reason }) => [id, reason]),
              ),
            ],
          },
        ]),
    { id: "how", title: "How to read it", body: remarksOf(report).map((remark) => element("p", {}, remark)) },
  ];
  return page(
    `bench:network ${result.stack}`,
    [
      element("h1", {}, `bench:network ${result.stack}`),
      ...runsOf(report).map(([name, run]) =>
        element("p", { class: "soft" }, `${name}: ${headline(run)}, image ${run.image}`),
      ),
    ],
    sections,
  );
}

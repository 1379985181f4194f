import { type Metric, seriesOf } from "../../../components/observability/metrics/metric";

/** What a scrape adds to every series. */
const SCRAPED = { instance: "192.0.2.11:9091", namespace: "financial-ml" };
/** How fast the buckets of a histogram grow. */
const BUCKETS = [
  ["0.1", 50],
  ["1", 90],
  ["+Inf", 100],
] as const;

const written = (name: string, labels: Readonly<Record<string, string>>): string =>
  `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}}`;

/** Example series of metrics in promtool's notation: one of each, with the labels of the table. Counters grow. */
export function exampleSeries(metrics: readonly Metric[]): { series: string; values: string }[] {
  return metrics.flatMap((metric) => {
    const labels = { ...SCRAPED, ...metric.labels };
    return seriesOf(metric).flatMap(({ name, label }) => {
      if (label?.[0] === "le") {
        return BUCKETS.map(([le, growth]) => ({
          series: written(name, { ...labels, le }),
          values: `0+${growth}x60`,
        }));
      }
      const counts = metric.type === "counter" || /_(sum|count)$/.test(name);
      const own = label === undefined ? labels : { ...labels, [label[0]]: label[1] };
      return [{ series: written(name, own), values: counts ? "0+10x60" : "1+0x60" }];
    });
  });
}

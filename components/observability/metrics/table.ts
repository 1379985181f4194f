/** Every metric that rules and dashboards may name. What is not here is misspelt or was never seen. */
import { CALICO_METRICS } from "./calico";
import { CLUSTER_METRICS } from "./cluster";
import { type Metric, seriesOf } from "./metric";
import { SELDON_METRICS } from "./seldon";

export const METRICS: readonly Metric[] = [...CALICO_METRICS, ...SELDON_METRICS, ...CLUSTER_METRICS];

const BY_SERIES: ReadonlyMap<string, Metric> = new Map(
  METRICS.flatMap((metric) => seriesOf(metric).map(({ name }) => [name, metric] as const)),
);

/** The metric that a series belongs to. @throws Error naming the series that nobody exposes. */
export function metricOfSeries(series: string): Metric {
  const found = BY_SERIES.get(series);
  if (found === undefined)
    throw new Error(`no metric exposes the series ${series}; see components/observability/metrics`);
  return found;
}

/** Which metrics a stack has. An alert or a panel that nothing feeds would be silent or empty for ever. */
import type { Source } from "./metrics/metric";
import { metricOfSeries } from "./metrics/table";
import { seriesIn } from "./promql";
import type { ObservabilityConfig, Target } from "./targets";

const STATE: Readonly<Record<ObservabilityConfig["observability"]["stateMetrics"], readonly Source[]>> = {
  none: [],
  standard: ["kube-state-metrics"],
  "custom-resources": ["kube-state-metrics", "custom-resources"],
};

/** Sources of metrics that a stack has. */
export const sourcesOf = (targets: readonly Target[], { observability }: ObservabilityConfig): ReadonlySet<Source> =>
  new Set<Source>(["prometheus", ...targets.flatMap(({ sources }) => sources), ...STATE[observability.stateMetrics]]);

/** Whether everything that an expression reads is there. @throws Error for a series that nobody exposes */
export const isFed = (expression: string, sources: ReadonlySet<Source>): boolean =>
  seriesIn(expression).every((series) => sources.has(metricOfSeries(series).source));

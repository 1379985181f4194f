/** What a metric is, and who exposes it. */

/** Who exposes metrics that the rules and dashboards read. The value says where they are scraped. */
export const SOURCES = {
  felix: "Felix on every node",
  typha: "Typha",
  "kube-controllers": "Calico's kube-controllers",
  goldmane: "Goldmane (`observability.goldmane`)",
  envoy: "Envoy of a Seldon runtime, `/stats/prometheus`",
  agent: "Seldon's agent in every server pod",
  mlserver: "MLServer in every server pod",
  pipelinegateway: "Seldon's pipeline gateway (profile `pipelines`)",
  "seldon-operator": "Seldon's operator",
  "kube-state-metrics": "kube-state-metrics (`observability.stateMetrics`)",
  "custom-resources": "kube-state-metrics with this stack's ConfigMap (`stateMetrics: custom-resources`)",
  prometheus: "Prometheus itself",
} as const;
export type Source = keyof typeof SOURCES;

/** One metric. A histogram's or summary's series carry suffixes: see {@link seriesOf}. */
export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly source: Source;
  /** Labels that it is exposed with, each with an example value; what a scrape adds is not among them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where it was read: file and version. */
  readonly seen: string;
}

/** Rows of one source. */
export function metricsOf(source: Source, seen: string) {
  return (type: Metric["type"], name: string, labels: Metric["labels"] = {}, where = seen): Metric => ({
    name,
    type,
    source,
    labels,
    seen: where,
  });
}

/** Names of the series that a metric consists of, each with the label that its type adds. */
export function seriesOf({ name, type }: Metric): { name: string; label?: readonly [string, string] }[] {
  if (type === "histogram") {
    return [{ name: `${name}_bucket`, label: ["le", "0.5"] }, { name: `${name}_sum` }, { name: `${name}_count` }];
  }
  if (type === "summary") {
    return [{ name, label: ["quantile", "0.99"] }, { name: `${name}_sum` }, { name: `${name}_count` }];
  }
  return [{ name }];
}

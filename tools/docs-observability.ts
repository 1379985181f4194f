/** The generated parts of docs/observability.md. */
import { METRICS } from "../components/observability/metrics/table";
import { SOURCES } from "../components/observability/metrics/metric";
import { seriesIn } from "../components/observability/promql";
import { metricOfSeries } from "../components/observability/metrics/table";
import type { Alert, AlertContext } from "../components/observability/rules/alert";
import { ALERTS, alertContext } from "../components/observability/rules/render";
import { type Target, targetsOf } from "../components/observability/targets";
import { stackSchema } from "../config/schema";

/** A stack of defaults in which everything is watched; addresses and UID are examples. */
const EXAMPLE = stackSchema.parse({
  cluster: {
    name: "example",
    kubeconfigFile: "kubeconfig.yaml",
    uid: "00000000-0000-4000-8000-000000000000",
    endpoint: "https://192.0.2.10:6443",
  },
  network: { nodeCidrs: ["192.0.2.0/24"] },
  calico: { version: "3.32.1" },
  seldon: { profile: "pipelines", servers: [{ name: "mlserver" }, { name: "triton", config: "triton" }] },
  policies: { monitoringNamespace: "monitoring" },
  observability: { mode: "prometheus-operator", stateMetrics: "custom-resources", goldmane: { enabled: true } },
});

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

const FOUND: Readonly<Record<Target["found"]["by"], string>> = {
  "container-port": "PodMonitor",
  service: "ServiceMonitor, the operator's Service",
  "own-service": "ServiceMonitor, a Service of this stack",
};

/** What is scraped, and how. */
export const renderTargets = (): string =>
  table(
    ["Target", "Port", "Path", "`prometheus-operator`", "`annotations`: written by"],
    targetsOf(EXAMPLE).map(({ id, ports, path = "/metrics", found, annotatedBy }) => [
      `\`${id}\``,
      ports.join(", "),
      `\`${path}\``,
      FOUND[found.by],
      annotatedBy ?? "this stack, on a Service of its own",
    ]),
  );

/** A text with Prometheus' placeholders made readable. */
const readable = (text: string): string =>
  text.replace(/\{\{ \$labels\.(\w+) \}\}/g, "‹$1›").replace(/\{\{ \$value[^}]*\}\}/g, "‹value›");

function alertSection(alert: Alert, context: AlertContext): string {
  const expr = alert.expr(context);
  const sources = new Set(seriesIn(expr).map((series) => SOURCES[metricOfSeries(series).source]));
  const held = alert.for === "0m" ? "at once" : `after ${alert.for}`;
  return [
    `### ${alert.name}`,
    "",
    `*${alert.severity}, ${held}:* ${readable(alert.summary)}.`,
    "",
    readable(alert.description),
    "",
    `**First:** ${alert.fix}`,
    "",
    "```promql",
    expr,
    "```",
    "",
    `Reads: ${[...sources].join("; ")}.`,
  ].join("\n");
}

/** One section an alert; the links of alerts lead here. */
export const renderAlerts = (): string =>
  ALERTS.map((alert) => alertSection(alert, alertContext(EXAMPLE))).join("\n\n");

/** Every metric that the rules and dashboards read. */
export const renderMetrics = (): string =>
  table(
    ["Metric", "Type", "Labels", "From", "Read in"],
    METRICS.map(({ name, type, labels, source, seen }) => [
      `\`${name}\``,
      type,
      Object.keys(labels)
        .map((label) => `\`${label}\``)
        .join(", "),
      SOURCES[source],
      seen,
    ]),
  );

/** The section about metrics, alerts and dashboards: part of `config/schema.ts`. */
import { z } from "zod";

/** More than nothing, at most all. */
const share = z.number().gt(0).max(1);
const seconds = z.number().gt(0);

const goldmane = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe(
      "Declare Goldmane, Calico's flow aggregator, with a metrics port. Calico 3.32 only; a technical preview upstream, and the only place where open-source Calico counts denied flows.",
    ),
  metricsPort: z.int().min(1024).max(65535).default(9081).describe("Goldmane's Prometheus port, on the pod network."),
});

const thresholds = z.strictObject({
  errorRatio: share.default(0.05).describe("Share of failed inference requests, 0 to 1, above which an alert fires."),
  latencySeconds: seconds
    .max(10)
    .default(1)
    .describe("99th percentile of inference time, in seconds, above which an alert fires; Seldon's buckets end at 10."),
  memoryUsage: share.default(0.9).describe("Share of a server's memory for models, overcommit included, 0 to 1."),
  poolUsage: share.default(0.85).describe("Share of an address pool in use, 0 to 1."),
  applySeconds: seconds
    .default(1)
    .describe(
      "Least 99th percentile of Felix's updates, in seconds, to speak of: below it three times the usual is no alert.",
    ),
});

const alerts = z.strictObject({
  enabled: z.boolean().default(true).describe("Alert rules: a PrometheusRule, or a ConfigMap in mode `annotations`."),
  runbookBase: z
    .url({
      protocol: /^https?$/,
      error: "expected a URL such as https://git.example.com/seldon-k3s/docs/observability.md",
    })
    .optional()
    .describe(
      "Where people read docs/observability.md: the links of alerts begin with it. Default: the path in this repository.",
    ),
  thresholds: thresholds.prefault({}).describe("From where on something is worth an alert."),
});

const dashboards = z.strictObject({
  enabled: z.boolean().default(true).describe("Grafana dashboards as ConfigMaps in policies.monitoringNamespace."),
  labels: z
    .record(z.string(), z.string())
    .default({ grafana_dashboard: "1" })
    .describe("Labels by which Grafana's sidecar finds the ConfigMaps; the default is that of Grafana's chart."),
  folder: z
    .string()
    .min(1)
    .default("seldon-k3s")
    .describe("Grafana folder, as annotation `grafana_folder`; read where the sidecar's folderAnnotation says so."),
});

export const observability = z.strictObject({
  mode: z
    .enum(["none", "prometheus-operator", "annotations"])
    .default("none")
    .describe(
      "How Prometheus finds what it scrapes: by monitors of the prometheus-operator (its CRDs must exist), by annotations `prometheus.io/*`, or not by this stack.",
    ),
  labels: z
    .record(z.string(), z.string())
    .default({ release: "kube-prometheus-stack" })
    .describe("Labels that the Prometheus wants on monitors and rules; `release` is the Helm release of its chart."),
  intervalSeconds: z
    .int()
    .min(5)
    .max(300)
    .default(30)
    .describe("Time between two scrapes, in seconds (monitors only)."),
  timeoutSeconds: z.int().min(1).max(300).default(10).describe("Bound of one scrape, in seconds (monitors only)."),
  stateMetrics: z
    .enum(["none", "standard", "custom-resources"])
    .default("standard")
    .describe(
      "What kube-state-metrics gives this Prometheus: nothing, its own metrics, or also Models, Servers and TigeraStatus by the ConfigMap that this stack then declares. Alerts without their metrics are left out.",
    ),
  goldmane: goldmane.prefault({}).describe("Flow aggregator of Calico."),
  alerts: alerts.prefault({}).describe("Alert rules."),
  dashboards: dashboards.prefault({}).describe("Grafana dashboards."),
});

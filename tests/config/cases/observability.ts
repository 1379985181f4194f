import { CALICO } from "../../../config/compatibility";
import type { RuleCase } from "./case";

const WATCHED = { "observability.mode": "prometheus-operator", "policies.monitoringNamespace": "monitoring" };
const CALICO_332 = {
  "k3s.version": "v1.34.4+k3s1",
  "seldon.allowUntestedKubernetes": true,
  "calico.version": "3.32.1",
};

/** Metrics, alerts and dashboards against the rest of the stack. */
export const OBSERVABILITY_CASES: readonly RuleCase[] = [
  {
    when: "monitors are wanted and nobody says where Prometheus is",
    rule: "observability.nobody-watches",
    set: { "observability.mode": "prometheus-operator" },
    at: "policies.monitoringNamespace",
    says: ["observability.mode prometheus-operator", "refuse every scrape", "set policies.monitoringNamespace"],
  },
  {
    when: "annotations are wanted and nobody says where Prometheus is, even without policies",
    rule: "observability.nobody-watches",
    set: { "observability.mode": "annotations", "policies.enabled": false },
    at: "policies.monitoringNamespace",
    says: ["observability.mode annotations", "or set observability.mode to none"],
  },
  {
    when: "a scrape may take longer than the time to the next",
    rule: "observability.scrape-timeout",
    set: { ...WATCHED, "observability.intervalSeconds": 5 },
    at: "observability.timeoutSeconds",
    says: ["got 10", "at most observability.intervalSeconds, 5"],
  },
  {
    when: "a label of monitors is none",
    rule: "observability.labels",
    set: { ...WATCHED, "observability.labels": { release: "kube prometheus" } },
    at: 'observability.labels["release"]',
    says: ['got "kube prometheus"', "selector of Prometheus"],
  },
  {
    when: "a label of dashboards is none",
    rule: "observability.labels",
    set: { ...WATCHED, "observability.dashboards.labels": { "grafana dashboard": "1" } },
    at: 'observability.dashboards.labels["grafana dashboard"]',
    says: ["is no label that an object can have", "Grafana's sidecar"],
  },
  {
    when: "Goldmane runs for metrics that nobody reads",
    rule: "observability.goldmane-unwatched",
    set: { ...CALICO_332, "observability.goldmane.enabled": true },
    at: "observability.goldmane.enabled",
    says: ["observability.mode is none", "leave Goldmane out"],
  },
  {
    when: "Goldmane of Calico 3.31 has no metrics",
    rule: "observability.goldmane-calico",
    set: { ...WATCHED, "observability.goldmane.enabled": true },
    at: "observability.goldmane.enabled",
    says: ["that of 3.31.7 has none", "Calico 3.32.1"],
  },
  {
    when: "Goldmane is wanted without Calico",
    rule: "observability.goldmane-calico",
    set: { ...WATCHED, "cni.provider": "flannel", "observability.goldmane.enabled": true },
    at: "observability.goldmane.enabled",
    says: ["which this stack does not keep", "leave Goldmane out"],
  },
  {
    when: "Goldmane's image has no digest beside those of the others",
    rule: "observability.goldmane-digests",
    set: {
      ...CALICO_332,
      ...WATCHED,
      "observability.goldmane.enabled": true,
      "calico.imageDigests": {
        version: "3.32.1",
        images: Object.fromEntries(CALICO["3.32.1"].images.map((image) => [image, `sha256:${"0".repeat(64)}`])),
      },
    },
    at: "observability.goldmane.enabled",
    says: ["lacks one", "remove calico.imageDigests"],
  },
  {
    when: "Goldmane's metrics take its gRPC port",
    rule: "observability.goldmane-port",
    set: { ...CALICO_332, ...WATCHED, "observability.goldmane": { enabled: true, metricsPort: 7443 } },
    at: "observability.goldmane.metricsPort",
    says: ["got 7443", "any other than 7443"],
  },
];

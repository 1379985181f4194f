import { declaredCnis } from "../derive";
import type { StackConfig } from "../schema";
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from "./labels";
import type { Rule } from "./rule";

/** Calico lines whose Goldmane has metrics: `metricsPort` is in the operator's CRD from 1.42 on, not in 1.40. */
const GOLDMANE_WITH_METRICS: readonly StackConfig["calico"]["version"][] = ["3.32.1"];
/** Goldmane's own gRPC port. */
const GOLDMANE_GRPC = 7443;

/** Labels that the section puts on objects, with their places. */
const labelSets = ({ observability }: StackConfig) => [
  { path: "observability.labels", labels: observability.labels },
  { path: "observability.dashboards.labels", labels: observability.dashboards.labels },
];

/** Whether what watches the stack agrees with the rest of it. */
export const OBSERVABILITY_RULES: readonly Rule[] = [
  {
    id: "observability.nobody-watches",
    *check({ observability, policies }) {
      if (observability.mode === "none" || policies.monitoringNamespace !== undefined) return;
      yield {
        path: "policies.monitoringNamespace",
        problem: `is missing for observability.mode ${observability.mode}: monitors, rules and dashboards go there, and the policies would refuse every scrape`,
        got: undefined,
        allowed: "the namespace of Prometheus",
        fix: "set policies.monitoringNamespace, or set observability.mode to none",
      };
    },
  },
  {
    id: "observability.scrape-timeout",
    *check({ observability: { intervalSeconds, timeoutSeconds } }) {
      if (timeoutSeconds <= intervalSeconds) return;
      yield {
        path: "observability.timeoutSeconds",
        problem: "is longer than the time between two scrapes, which Prometheus refuses with its whole configuration",
        got: timeoutSeconds,
        allowed: `at most observability.intervalSeconds, ${intervalSeconds}`,
        fix: "shorten the time-out, or scrape less often",
      };
    },
  },
  {
    id: "observability.labels",
    *check(config) {
      for (const { path, labels } of labelSets(config)) {
        for (const [key, value] of Object.entries(labels)) {
          if (isLabelKey(key) && isLabelValue(value)) continue;
          yield {
            path: `${path}[${JSON.stringify(key)}]`,
            problem: "is no label that an object can have",
            got: value,
            allowed: `key: ${LABEL_KEY_FORM}; value: ${LABEL_VALUE_FORM}`,
            fix: "copy the label from the selector of Prometheus or of Grafana's sidecar",
          };
        }
      }
    },
  },
  {
    id: "observability.goldmane-unwatched",
    *check({ observability }) {
      if (!observability.goldmane.enabled || observability.mode !== "none") return;
      yield {
        path: "observability.goldmane.enabled",
        problem: "runs Goldmane for its metrics while observability.mode is none: nobody would read them",
        got: true,
        allowed: "false, or another mode",
        fix: "set observability.mode, or leave Goldmane out",
      };
    },
  },
  {
    id: "observability.goldmane-calico",
    *check(config) {
      const { observability, calico, cni } = config;
      if (!observability.goldmane.enabled) return;
      const running = declaredCnis(config).has("calico") && cni.leaving !== "calico";
      if (running && GOLDMANE_WITH_METRICS.includes(calico.version)) return;
      yield {
        path: "observability.goldmane.enabled",
        problem: running
          ? `needs a Calico whose Goldmane has metrics; that of ${calico.version} has none`
          : "needs Calico, which this stack does not keep",
        got: true,
        allowed: `false, or Calico ${GOLDMANE_WITH_METRICS.join(", ")}`,
        fix: running ? "leave Goldmane out, or set calico.version to 3.32.1" : "leave Goldmane out",
      };
    },
  },
  {
    id: "observability.goldmane-digests",
    *check({ observability, calico }) {
      if (!observability.goldmane.enabled || calico.imageDigests === undefined) return;
      yield {
        path: "observability.goldmane.enabled",
        problem: "runs an image that calico.imageDigests does not name: the operator stops where an ImageSet lacks one",
        got: true,
        allowed: "false while calico.imageDigests is set",
        fix: "leave Goldmane out, or remove calico.imageDigests",
      };
    },
  },
  {
    id: "observability.goldmane-port",
    *check({ observability: { goldmane } }) {
      if (!goldmane.enabled || goldmane.metricsPort !== GOLDMANE_GRPC) return;
      yield {
        path: "observability.goldmane.metricsPort",
        problem: "is the port on which Goldmane takes flows",
        got: goldmane.metricsPort,
        allowed: `any other than ${GOLDMANE_GRPC}`,
        fix: "remove the key to take the default",
      };
    },
  },
];

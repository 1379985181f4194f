/** Everything that a stack declares so that it is watched. Pure. */
import { dump } from "js-yaml";
import { labels } from "../component";
import { customResourceState } from "./custom-resources";
import { dashboardConfigMap, dashboardsOf } from "./dashboards/render";
import { goldmaneResources } from "./goldmane";
import { kubeControllersAccess } from "./kube-controllers-access";
import { PREFIX } from "./names";
import { prometheusRule, ruleGroups } from "./rules/render";
import { metricsServices, monitors } from "./scraping";
import { type ObservabilityConfig, targetsOf } from "./targets";

const yaml = (value: unknown): string => dump(value, { lineWidth: -1, noRefs: true });

function configMap(name: string, namespace: string, data: Readonly<Record<string, string>>) {
  return {
    apiVersion: "v1" as const,
    kind: "ConfigMap" as const,
    metadata: { name: `${PREFIX}-${name}`, namespace, labels: labels() },
    data,
  };
}

/** The alerts, as the way of Prometheus' discovery allows: a resource that its operator reads, or a file to mount. */
function rules(config: ObservabilityConfig, namespace: string) {
  const { mode, labels: own } = config.observability;
  const groups = ruleGroups(targetsOf(config), config);
  if (groups.length === 0) return [];
  if (mode === "prometheus-operator") return [prometheusRule(groups, namespace, own)];
  return [configMap("rules", namespace, { [`${PREFIX}.rules.yaml`]: yaml({ groups }) })];
}

const stateMetrics = ({ observability }: ObservabilityConfig, namespace: string) =>
  observability.stateMetrics === "custom-resources"
    ? [configMap("custom-resource-state", namespace, { "config.yaml": yaml(customResourceState()) })]
    : [];

/**
 * The objects of a stack; none in mode `none`.
 *
 * @throws Error without the namespace of Prometheus (the rule `observability.nobody-watches` refuses that first).
 */
export function renderObservability(config: ObservabilityConfig) {
  const { observability, policies } = config;
  if (observability.mode === "none") return [];
  const namespace = policies.monitoringNamespace;
  if (namespace === undefined) {
    throw new Error(
      "observability: got no policies.monitoringNamespace; allowed: the namespace of Prometheus; fix: set it",
    );
  }
  const targets = targetsOf(config);
  return [
    ...goldmaneResources(config),
    ...kubeControllersAccess(config),
    ...metricsServices(targets, config),
    ...monitors(targets, config),
    ...rules(config, namespace),
    ...stateMetrics(config, namespace),
    ...dashboardsOf(targets, config).map((dashboard) => dashboardConfigMap(dashboard, namespace, config)),
  ];
}

export type ObservabilityObject = ReturnType<typeof renderObservability>[number];

/** The alerts of one stack, as Prometheus reads them. Pure. */
import { operatorNamespace, runtimeNamespaces, runtimesOf, seldonNamespaces } from "../../../config/runtimes";
import { labels } from "../../component";
import { isFed, sourcesOf } from "../fed";
import { PREFIX } from "../names";
import { CALICO_NAMESPACE, keepsCalico, type ObservabilityConfig, type Target } from "../targets";
import type { Alert, AlertContext, AlertingRule, RuleGroup } from "./alert";
import { CALICO_ALERTS } from "./calico";
import { SELDON_ALERTS } from "./seldon";

/** Where runbooks are when nothing else is said: a path in this repository. */
const RUNBOOKS = "docs/observability.md";

export const ALERTS: readonly Alert[] = [...CALICO_ALERTS, ...SELDON_ALERTS];

/** What an alert reads beside its expression: nothing of Calico's namespace is of interest without Calico. */
const concerns = (alert: Alert, config: ObservabilityConfig): boolean =>
  !CALICO_ALERTS.includes(alert) || keepsCalico(config);

const anyOf = (names: readonly string[]): string => [...new Set(names)].join("|");

/** What makes the expressions fit a stack. */
export function alertContext(config: ObservabilityConfig): AlertContext {
  const calico = keepsCalico(config) ? [CALICO_NAMESPACE] : [];
  return {
    runtimes: anyOf(runtimeNamespaces(config)),
    watched: anyOf([...calico, ...seldonNamespaces(config)]),
    operatorNamespace: operatorNamespace(config),
    servers: anyOf(runtimesOf(config).flatMap(({ servers }) => servers.map(({ name }) => name))),
    thresholds: config.observability.alerts.thresholds,
  };
}

function rule(alert: Alert, context: AlertContext, base: string): AlertingRule {
  return {
    alert: alert.name,
    expr: alert.expr(context),
    for: alert.for,
    labels: { severity: alert.severity },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${base}#${alert.name.toLowerCase()}`,
    },
  };
}

/** The groups of alerts that a stack's metrics can feed. An alert that nothing feeds could never fire: it is left out. */
export function ruleGroups(targets: readonly Target[], config: ObservabilityConfig): RuleGroup[] {
  const { alerts } = config.observability;
  if (!alerts.enabled) return [];
  const context = alertContext(config);
  const sources = sourcesOf(targets, config);
  const groups: readonly [string, readonly Alert[]][] = [
    [`${PREFIX}-calico`, CALICO_ALERTS],
    [`${PREFIX}-seldon`, SELDON_ALERTS],
  ];
  return groups
    .map(([name, all]) => ({
      name,
      rules: all
        .filter((alert) => concerns(alert, config) && isFed(alert.expr(context), sources))
        .map((alert) => rule(alert, context, alerts.runbookBase ?? RUNBOOKS)),
    }))
    .filter(({ rules }) => rules.length > 0);
}

/** The groups as a resource of the prometheus-operator. */
export const prometheusRule = (
  groups: readonly RuleGroup[],
  namespace: string,
  own: Readonly<Record<string, string>>,
) => ({
  apiVersion: "monitoring.coreos.com/v1" as const,
  kind: "PrometheusRule" as const,
  metadata: { name: PREFIX, namespace, labels: labels(own) },
  spec: { groups },
});

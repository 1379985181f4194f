/** What an alert is. */
import type { StackConfig } from "../../../config/schema";

/** What makes an expression fit one stack. */
export interface AlertContext {
  /** Regular expression of every namespace with a Seldon runtime. */
  readonly runtimes: string;
  /** Regular expression of all namespaces that are watched. */
  readonly watched: string;
  /** Namespace of Seldon's operator. */
  readonly operatorNamespace: string;
  /** Regular expression of the Servers' names. */
  readonly servers: string;
  readonly thresholds: StackConfig["observability"]["alerts"]["thresholds"];
}

/** One alert. Its name is its anchor in docs/observability.md. */
export interface Alert {
  readonly name: string;
  /** `critical`: somebody is needed now. `warning`: somebody should look during the day. */
  readonly severity: "critical" | "warning";
  /** How long the expression must hold before it fires, in Prometheus' notation; `0m` fires at once. */
  readonly for: string;
  readonly expr: (context: AlertContext) => string;
  /** One line, with `{{ $labels.x }}`. */
  readonly summary: string;
  /** What it means, with `{{ $value }}` where the number matters. */
  readonly description: string;
  /** What to do first; for the runbook. Markdown. */
  readonly fix: string;
}

/** A rule as Prometheus reads it. */
export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A group of rules as Prometheus reads it. */
export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertingRule[];
}

/** The dashboards of one stack as ConfigMaps for Grafana's sidecar. Pure. */
import { labels } from "../../component";
import { isFed, sourcesOf } from "../fed";
import type { Source } from "../metrics/metric";
import type { ObservabilityConfig, Target } from "../targets";
import { CALICO_DASHBOARD } from "./calico";
import { grafanaJson } from "./grafana";
import type { Dashboard, Panel } from "./panel";
import { SELDON_DASHBOARD } from "./seldon";

export const DASHBOARDS: readonly Dashboard[] = [CALICO_DASHBOARD, SELDON_DASHBOARD];

/** Queries of a panel that something feeds. */
function fedPanel(panel: Panel, sources: ReadonlySet<Source>): Panel[] {
  const queries = panel.queries.filter(({ expr }) => isFed(expr, sources));
  return queries.length > 0 ? [{ ...panel, queries }] : [];
}

/** A dashboard without what nothing feeds; none when nothing but `ALERTS` is left. */
export function fedDashboard(dashboard: Dashboard, sources: ReadonlySet<Source>): Dashboard[] {
  const rows = dashboard.rows
    .map(({ title, panels }) => ({ title, panels: panels.flatMap((panel) => fedPanel(panel, sources)) }))
    .filter(({ panels }) => panels.length > 0);
  const tells = rows.flatMap(({ panels }) => panels).some(({ kind }) => kind === "timeseries");
  return tells ? [{ ...dashboard, rows }] : [];
}

/** The dashboards that a stack's metrics can fill. */
export const dashboardsOf = (targets: readonly Target[], config: ObservabilityConfig): Dashboard[] =>
  config.observability.dashboards.enabled
    ? DASHBOARDS.flatMap((dashboard) => fedDashboard(dashboard, sourcesOf(targets, config)))
    : [];

/** The ConfigMap of one dashboard. */
export const dashboardConfigMap = (
  dashboard: Dashboard,
  namespace: string,
  { observability }: ObservabilityConfig,
) => ({
  apiVersion: "v1" as const,
  kind: "ConfigMap" as const,
  metadata: {
    name: dashboard.uid,
    namespace,
    labels: labels(observability.dashboards.labels),
    annotations: { grafana_folder: observability.dashboards.folder },
  },
  data: { [`${dashboard.uid}.json`]: grafanaJson(dashboard) },
});

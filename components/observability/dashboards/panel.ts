/** The parts of a dashboard, as data: what is asked, how it is shown, how large. */

/** Grafana's grid is so many columns wide. */
export const GRID_WIDTH = 24;

/** Units that panels use; the names are Grafana's. */
export const UNITS = ["short", "percentunit", "s", "ms", "bytes", "reqps", "ops"] as const;
export type Unit = (typeof UNITS)[number];

/** One line or one number of a panel. */
export interface Query {
  /** PromQL; `$namespace` and `$__rate_interval` are filled in by Grafana. */
  readonly expr: string;
  /** Legend, with `{{label}}`. */
  readonly legend: string;
}

/** From where on a value is drawn in this colour. */
export interface Step {
  readonly at: number;
  readonly color: "green" | "orange" | "red";
}

export interface Panel {
  readonly title: string;
  /** What it tells, and what a bad value means. Shown as the panel's help. */
  readonly description: string;
  /** `stat`: the last value as a number. `timeseries`: lines. */
  readonly kind: "stat" | "timeseries";
  readonly unit: Unit;
  /** Columns, of {@link GRID_WIDTH}. */
  readonly width: number;
  readonly queries: readonly Query[];
  /** @default all green */
  readonly steps?: readonly Step[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** Stable: links and stars in Grafana refer to it. At most 40 characters. */
  readonly uid: string;
  readonly title: string;
  /** What the page answers. */
  readonly description: string;
  /** Metric whose label `namespace` is offered for choice. @default no choice */
  readonly namespacesOf?: string;
  readonly rows: readonly Row[];
}

/** A number. */
export const stat = (
  title: string,
  unit: Unit,
  expr: string,
  description: string,
  more: Partial<Pick<Panel, "width" | "steps">> = {},
): Panel => ({ kind: "stat", title, unit, width: 4, description, queries: [{ expr, legend: title }], ...more });

/** Lines. Each query is `[expression, legend]`. */
export const graph = (
  title: string,
  unit: Unit,
  queries: readonly (readonly [expr: string, legend: string])[],
  description: string,
  more: Partial<Pick<Panel, "width" | "steps">> = {},
): Panel => ({
  kind: "timeseries",
  title,
  unit,
  width: 12,
  description,
  queries: queries.map(([expr, legend]) => ({ expr, legend })),
  ...more,
});

/** Three panels side by side. */
export const THIRD = { width: GRID_WIDTH / 3 } as const;

/** Bad when more than nothing. */
export const NONE_IS_GOOD: readonly Step[] = [
  { at: 0, color: "green" },
  { at: 1, color: "red" },
];

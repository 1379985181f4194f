/** Plots as inline SVG: a row a thing, its values along one axis. Colours come from the page, light or dark. Pure. */
import { element, type Markup } from "../markup";
import { linearScale, logScale, type Scale, showNumber } from "./scale";

/** What of one series is drawn in a row; every part may be absent. */
export interface Marks {
  /** Which series: index into the plot's `series`, for colour and height. */
  readonly series: number;
  /** Single measurements, as dots. */
  readonly dots?: readonly number[];
  /** From 0 to here, as a bar. */
  readonly bar?: number;
  /** A range, such as the spread over rounds, as a thin line with ends. */
  readonly range?: readonly [low: number, high: number];
  /** Values that stand out, ascending, such as p50, p90 and p99: upright strokes, named where there is room. */
  readonly strokes?: readonly { readonly at: number; readonly name: string }[];
  /** What pointing at the row's series tells. */
  readonly title?: string;
}

export interface PlotRow {
  readonly label: string;
  readonly marks: readonly Marks[];
}

export interface Plot {
  /** What a reader who cannot see it is told. */
  readonly title: string;
  /** Unit at the axis, such as `ms`. */
  readonly unit: string;
  readonly axis: "log" | "linear";
  /** Names of the series, drawn as a legend where there is more than one. */
  readonly series: readonly string[];
  readonly rows: readonly PlotRow[];
}

/** Measures in the SVG's own unit, which is a CSS pixel at full width. */
const BOX = { width: 860, left: 284, right: 36, lane: 22, gap: 10, top: 8, axis: 40, legend: 28 } as const;
const INNER = BOX.width - BOX.left - BOX.right;

/** A row shows this many dots; more would be one blot and a page of megabytes. */
const MOST_DOTS = 300;
const LABEL_LENGTH = 42;

/** Room that the name of a stroke takes. */
const MARK_WIDTH = 22;

const round = (value: number): number => Math.round(value * 10) / 10;

/** An `svg` element as wide as its container. */
export function plotSvg(plot: Plot): Markup {
  const values = plot.rows.flatMap(({ marks }) => marks.flatMap(valuesOf));
  const scale = plot.axis === "log" ? logScale(values) : linearScale(values);
  const x = (value: number): number => round(BOX.left + scale.at(value) * INNER);
  const legend = plot.series.length > 1 ? BOX.legend : 0;
  const rowHeight = plot.series.length * BOX.lane + BOX.gap;
  const bottom = BOX.top + legend + plot.rows.length * rowHeight;
  const height = bottom + BOX.axis;
  return element(
    "svg",
    { class: "plot", viewBox: `0 0 ${BOX.width} ${height}`, role: "img", "aria-label": plot.title },
    element("title", {}, plot.title),
    legend === 0 ? undefined : plot.series.map((name, index) => legendOf(name, index)),
    axis(scale, plot.unit, x, BOX.top + legend, bottom),
    plot.rows.map((row, index) => rowOf(row, x, BOX.top + legend + index * rowHeight, rowHeight)),
  );
}

const valuesOf = ({ dots = [], bar, range, strokes = [] }: Marks): number[] => [
  ...dots,
  ...(bar === undefined ? [] : [bar]),
  ...(range ?? []),
  ...strokes.map(({ at }) => at),
];

const text = (x: number, y: number, className: string, words: string, anchor?: string): Markup =>
  element("text", { x, y, class: className, "text-anchor": anchor }, words);

function legendOf(name: string, index: number): Markup {
  const x = BOX.left + index * 190;
  return element(
    "g",
    { class: `s${index}` },
    element("rect", { x, y: 8, width: 12, height: 12, rx: 2, class: "swatch" }),
    text(x + 18, 18, "name", name),
  );
}

function axis({ ticks }: Scale, unit: string, x: (value: number) => number, top: number, bottom: number): Markup[] {
  const lines = ticks.map((tick) => element("line", { x1: x(tick), x2: x(tick), y1: top, y2: bottom, class: "grid" }));
  const names = ticks.map((tick) => text(x(tick), bottom + 16, "tick", showNumber(tick), "middle"));
  return [...lines, ...names, text(BOX.width - BOX.right, bottom + 31, "tick", unit, "end")];
}

const shorten = (label: string): string =>
  label.length <= LABEL_LENGTH ? label : `${label.slice(0, LABEL_LENGTH - 1)}…`;

function rowOf({ label, marks }: PlotRow, x: (value: number) => number, top: number, height: number): Markup {
  return element(
    "g",
    {},
    element("title", {}, label),
    text(BOX.left - 12, top + height / 2 + 4, "label", shorten(label), "end"),
    marks.map((one) => marksOf(one, x, top + BOX.gap / 2 + one.series * BOX.lane + BOX.lane / 2)),
  );
}

function marksOf(
  { series, dots = [], bar, range, strokes = [], title }: Marks,
  x: (value: number) => number,
  y: number,
): Markup {
  const reach = BOX.lane / 2 - 3;
  return element(
    "g",
    { class: `s${series}` },
    title === undefined ? undefined : element("title", {}, title),
    bar === undefined
      ? undefined
      : element("rect", {
          x: x(0),
          y: y - reach,
          width: round(Math.max(0, x(bar) - x(0))),
          height: 2 * reach,
          class: "bar",
        }),
    thinned(dots).map((value) => element("circle", { cx: x(value), cy: y, r: 2.5, class: "dot" })),
    range === undefined
      ? undefined
      : element("path", {
          d: `M${x(range[0])} ${y}H${x(range[1])}M${x(range[0])} ${y - 4}v8M${x(range[1])} ${y - 4}v8`,
          class: "range",
        }),
    strokes.map(({ at, name }, index) => {
      const next = strokes[index + 1];
      const isRoom = next === undefined || x(next.at) - x(at) >= MARK_WIDTH;
      return [
        element("line", { x1: x(at), x2: x(at), y1: y - reach, y2: y + reach, class: "stroke" }),
        isRoom ? text(x(at) + 3, y - 3, "mark", name) : undefined,
      ];
    }),
  );
}

/** Every so-many-th of the sorted values, the smallest and the largest among them. */
export function thinned(values: readonly number[], most: number = MOST_DOTS): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length <= most) return sorted;
  return Array.from({ length: most }, (_, index) => sorted[Math.round((index * (sorted.length - 1)) / (most - 1))]!);
}

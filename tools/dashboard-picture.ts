/**
 * A dashboard's page as an SVG: where each panel stands, what it is called, its unit, its legend and the values from
 * which on Grafana changes the colour. It is a drawing of the definition; no measurement is in it.
 */
import { layout, type Place, type Placed } from "../components/observability/dashboards/layout";
import { type Dashboard, GRID_WIDTH, type Panel, type Unit } from "../components/observability/dashboards/panel";

/** Pixels of one grid unit. */
const [COLUMN, LINE] = [42, 26];
const GAP = 6;
const HEAD = 58;
/** Space of one letter of the small text. */
const LETTER = 5.6;

const COLORS = { green: "#3f9142", orange: "#d9822b", red: "#c23030" } as const;
/** Colours of lines in the order of the queries. */
const LINES = ["#3e7cb1", "#81559b", "#2d936c", "#b5651d", "#7a7a7a"];

const UNIT_SIGNS: Readonly<Record<Unit, string>> = {
  short: "number",
  percentunit: "%",
  s: "s",
  ms: "ms",
  bytes: "bytes",
  reqps: "requests/s",
  ops: "1/s",
};

const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly color?: string;
  readonly anchor?: "start" | "middle" | "end";
}

function text(
  x: number,
  y: number,
  content: string,
  { size = 10, bold = false, color = "#333", anchor = "start" }: TextStyle = {},
): string {
  const weight = bold ? ' font-weight="600"' : "";
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${color}" text-anchor="${anchor}"${weight}>${escaped(content)}</text>`;
}

/** As much of a text as fits. */
function fit(content: string, width: number, letter = LETTER): string {
  const most = Math.floor(width / letter);
  return content.length <= most ? content : `${content.slice(0, Math.max(0, most - 1))}…`;
}

const box = ({ x, y, w, h }: Place) => ({
  left: x * COLUMN + GAP,
  top: HEAD + y * LINE + GAP / 2,
  width: w * COLUMN - GAP,
  height: h * LINE - GAP,
});

const asText = (value: number, unit: Unit): string =>
  unit === "percentunit"
    ? `${Math.round(value * 100)} %`
    : `${value} ${unit === "short" ? "" : UNIT_SIGNS[unit]}`.trim();

/** Where the colour changes, as one line of coloured words. */
function steps({ steps: all = [], unit }: Panel, left: number, y: number): string {
  let x = left;
  return all
    .filter(({ at }) => at > 0)
    .map(({ at, color }) => {
      const words = `${color} from ${asText(at, unit)}`;
      const place = x;
      x += words.length * LETTER + 10;
      return text(place, y, words, { color: COLORS[color] });
    })
    .join("");
}

function statBody(panel: Panel, { left, top, width, height }: ReturnType<typeof box>): string {
  const color = panel.steps === undefined ? "#333" : COLORS.green;
  return [
    text(left + width / 2, top + height / 2 + 10, "#", { size: 24, color, anchor: "middle" }),
    text(left + width - 8, top + height / 2 + 8, panel.unit === "short" ? "" : UNIT_SIGNS[panel.unit], {
      anchor: "end",
    }),
    steps(panel, left + 8, top + height - 8),
  ].join("");
}

function graphBody(panel: Panel, { left, top, width, height }: ReturnType<typeof box>): string {
  const legend = panel.queries.map(({ legend: words }, index) => {
    const y = top + height - 10 - (panel.queries.length - 1 - index) * 13;
    const color = LINES[index % LINES.length] ?? "";
    return `<rect x="${left + 10}" y="${y - 4}" width="12" height="3" fill="${color}"/>${text(left + 28, y, fit(words, width - 40))}`;
  });
  const bottom = top + height - 22 - (panel.queries.length - 1) * 13;
  const axis = `<path d="M${left + 12} ${top + 40} V${bottom} H${left + width - 12}" fill="none" stroke="#bbb"/>`;
  return [
    axis,
    text(left + 12, top + 34, UNIT_SIGNS[panel.unit], { size: 9, color: "#777" }),
    steps(panel, left + 20, top + 52),
    ...legend,
  ].join("");
}

const BODIES: Readonly<Record<Panel["kind"], typeof statBody>> = { stat: statBody, timeseries: graphBody };

function drawn(placed: Placed): string {
  const frame = box(placed.place);
  const { left, top, width, height } = frame;
  if (placed.kind === "row") return text(left, top + 15, `▾ ${placed.title}`, { size: 13, bold: true });
  const { panel } = placed;
  return [
    `<g><title>${escaped(panel.description)}</title>`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="3" fill="#fff" stroke="#ccc"/>`,
    text(left + 8, top + 16, fit(panel.title, width - 12, 6.6), { size: 11, bold: true }),
    BODIES[panel.kind](panel, frame),
    "</g>",
  ].join("");
}

/** The picture of one dashboard. Pure; the same dashboard always gives the same text. */
export function dashboardPicture(dashboard: Dashboard): string {
  const placed = layout(dashboard);
  const rows = Math.max(...placed.map(({ place }) => place.y + place.h));
  const [width, height] = [GRID_WIDTH * COLUMN + GAP, HEAD + rows * LINE + GAP];
  const choice = dashboard.namespacesOf === undefined ? "" : "   Namespace: All ▾";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif">`,
    `<rect width="${width}" height="${height}" fill="#f4f5f5"/>`,
    text(GAP, 22, dashboard.title, { size: 16, bold: true }),
    text(width - GAP, 22, `Prometheus ▾${choice}`, { color: "#777", anchor: "end" }),
    text(GAP, 40, `${dashboard.description} Drawn from the definition: no values.`, { size: 11, color: "#555" }),
    ...placed.map(drawn),
    "</svg>",
    "",
  ].join("\n");
}

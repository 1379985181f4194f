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
/** The same of a panel's title. */
const TITLE_LETTER = 6.9;

/** How many colours lines have, in the order of the queries. */
const LINES = 5;

/** Light and dark by what the reader's system prefers, also where the file stands in an `<img>`. Each class is a colour. */
const STYLE = `
svg{--paper:#f4f5f5;--card:#fff;--edge:#ccc;--axis:#a5a5a5;--ink:#2b2b2b;--mid:#4d4d4d;--soft:#666;--green:#2f7d33;--orange:#a85a00;--red:#b52a2a;
--line0:#3e7cb1;--line1:#81559b;--line2:#2d936c;--line3:#b5651d;--line4:#7a7a7a}
@media (prefers-color-scheme:dark){svg{--paper:#15171a;--card:#1f2226;--edge:#3f454d;--axis:#5d646c;--ink:#e6e8eb;--mid:#c3c8ce;--soft:#a5adb6;--green:#74cf7c;--orange:#f0a63e;--red:#ff8a80;
--line0:#6fb1f0;--line1:#c79be0;--line2:#5fc79d;--line3:#e89b56;--line4:#b0b0b0}}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.card{fill:var(--card);stroke:var(--edge)}.axis{fill:none;stroke:var(--axis)}
${["paper", "ink", "mid", "soft", "green", "orange", "red", "line0", "line1", "line2", "line3", "line4"]
  .map((name) => `.${name}{fill:var(--${name})}`)
  .join("")}
`;

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
  /** A class of the style. */
  readonly color?: string;
  readonly anchor?: "start" | "middle" | "end";
}

function text(
  x: number,
  y: number,
  content: string,
  { size = 10, bold = false, color = "ink", anchor = "start" }: TextStyle = {},
): string {
  const weight = bold ? ' font-weight="600"' : "";
  return `<text x="${x}" y="${y}" font-size="${size}" class="${color}" text-anchor="${anchor}"${weight}>${escaped(content)}</text>`;
}

/** As much of a text as fits. */
function fit(content: string, width: number, letter = LETTER): string {
  const most = Math.floor(width / letter);
  return content.length <= most ? content : `${content.slice(0, Math.max(0, most - 1))}…`;
}

/** A panel's title in one line, or in two where it is longer; the second one ends where it must. */
function inLines(title: string, width: number): string[] {
  const whole = Math.floor(width / TITLE_LETTER);
  if (title.length <= whole) return [title];
  const end = title.lastIndexOf(" ", whole);
  if (end <= 0) return [fit(title, width, TITLE_LETTER)];
  return [title.slice(0, end), fit(title.slice(end + 1), width, TITLE_LETTER)];
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

/** Where the colour changes, as coloured words: in one line up to the panel's edge, then in a line above it. */
function steps({ steps: all = [], unit }: Panel, left: number, y: number, right: number): string {
  let [x, line] = [left, y];
  return all
    .filter(({ at }) => at > 0)
    .map(({ at, color }) => {
      const words = `${color} from ${asText(at, unit)}`;
      const width = words.length * LETTER;
      if (x > left && x + width > right) [x, line] = [left, line - 13];
      const place = x;
      x += width + 10;
      return text(place, line, words, { color });
    })
    .join("");
}

function statBody(panel: Panel, { left, top, width, height }: ReturnType<typeof box>): string {
  const color = panel.steps === undefined ? "ink" : "green";
  return [
    text(left + width / 2, top + height / 2 + 10, "#", { size: 24, color, anchor: "middle" }),
    text(left + width - 8, top + height / 2 + 8, panel.unit === "short" ? "" : UNIT_SIGNS[panel.unit], {
      anchor: "end",
    }),
    steps(panel, left + 8, top + height - 8, left + width - 8),
  ].join("");
}

function graphBody(panel: Panel, { left, top, width, height }: ReturnType<typeof box>): string {
  const legend = panel.queries.map(({ legend: words }, index) => {
    const y = top + height - 10 - (panel.queries.length - 1 - index) * 13;
    return `<rect x="${left + 10}" y="${y - 4}" width="12" height="3" class="line${index % LINES}"/>${text(left + 28, y, fit(words, width - 40))}`;
  });
  const bottom = top + height - 22 - (panel.queries.length - 1) * 13;
  const axis = `<path d="M${left + 12} ${top + 40} V${bottom} H${left + width - 12}" class="axis"/>`;
  return [
    axis,
    text(left + 12, top + 34, UNIT_SIGNS[panel.unit], { size: 10, color: "soft" }),
    steps(panel, left + 20, top + 52, left + width - 8),
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
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="3" class="card"/>`,
    ...inLines(panel.title, width - 16).map((line, index) =>
      text(left + 8, top + 16 + index * 13, line, { size: 11, bold: true }),
    ),
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
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(dashboard.title)}</title><style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" class="paper"/>`,
    text(GAP, 22, dashboard.title, { size: 16, bold: true }),
    text(width - GAP, 22, `Prometheus ▾${choice}`, { color: "soft", anchor: "end" }),
    text(GAP, 40, `${dashboard.description} Drawn from the definition: no values.`, { size: 11, color: "mid" }),
    ...placed.map(drawn),
    "</svg>",
    "",
  ].join("\n");
}

/** What the pictures of a plan share: the frame with its two palettes, and texts that fit. Pure. */
import { element, type Markup, raw } from "../../../checks/report/markup";

/** Room for one letter of the names, in pixels; wide enough for the usual system fonts. */
const LETTER = 7;

/**
 * Light and dark by what the reader's system prefers, also where the file stands in an `<img>`. Colour never says
 * anything alone: what it means is written in the box too.
 */
const STYLE = `
svg{--paper:#fbfbfa;--card:#fff;--group:#f1f3f5;--ink:#1c1e21;--soft:#575d65;--line:#8d959e;--edge:#c9ced4;
--machine:#a35b00;--runner:#56708a;--object:#2f6fb0;--chart:#2d7d5a;--provider:#8e3fb5;--other:#60666e}
@media (prefers-color-scheme:dark){svg{--paper:#15171a;--card:#24282d;--group:#1b1e22;--ink:#e6e8eb;--soft:#a5adb6;--line:#8b939c;--edge:#3f454d;
--machine:#f0a63e;--runner:#94b0cb;--object:#6fb1f0;--chart:#74cf9c;--provider:#d59bf0;--other:#9aa2ab}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--ink)}
.soft{fill:var(--soft);font-size:12px}.head{font-size:18px;font-weight:650}.bold{font-weight:650}
.mid{text-anchor:middle}.paper{fill:var(--paper)}.group{fill:var(--group);stroke:var(--edge)}
.card{fill:var(--card);stroke:var(--edge)}
.machine{fill:var(--machine)}.runner{fill:var(--runner)}.object{fill:var(--object)}.chart{fill:var(--chart)}
.provider{fill:var(--provider)}.other{fill:var(--other)}
.edge{fill:none;stroke:var(--line);stroke-width:1.4}.link{fill:none;stroke:var(--line);stroke-width:2.2}
.life{stroke:var(--edge)}.tip{fill:var(--line)}
.port{paint-order:stroke;stroke:var(--group);stroke-width:4px;stroke-linejoin:round}
`;

/** As much of a text as fits into a width. */
export function fit(text: string, width: number): string {
  const most = Math.max(1, Math.floor(width / LETTER));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** A text with the given classes of the style. */
export const label = (x: number, y: number, classes: string, content: string): Markup =>
  element("text", { x, y, class: classes === "" ? undefined : classes }, content);

/** The finished file. @param title Read aloud by screen readers, and the heading. @param lead The line below it. */
export function svgFile(
  size: { readonly width: number; readonly height: number },
  title: string,
  lead: string,
  body: readonly Markup[],
): string {
  const { width, height } = size;
  const tip = element(
    "marker",
    {
      id: "tip",
      viewBox: "0 0 8 8",
      refX: 7,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      markerUnits: "userSpaceOnUse",
      orient: "auto-start-reverse",
    },
    element("path", { d: "M0 0 L8 4 L0 8 z", class: "tip" }),
  );
  const picture = element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    element("title", {}, title),
    element("style", {}, raw(STYLE)),
    element("defs", {}, tip),
    element("rect", { width, height, class: "paper" }),
    label(16, 30, "head", title),
    label(16, 50, "soft", lead),
    ...body.flatMap((part) => [raw("\n"), part]),
  );
  return `${picture.markup}\n`;
}

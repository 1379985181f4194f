/** Where every panel of a dashboard stands: rows from top to bottom, panels from left to right, wrapped at the edge. */
import { type Dashboard, GRID_WIDTH, type Panel } from "./panel";

/** Heights in Grafana's grid units. */
const HEIGHTS: Readonly<Record<Panel["kind"], number>> = { stat: 4, timeseries: 7 };

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A row's title, or a panel, at its place. */
export type Placed =
  | { readonly kind: "row"; readonly title: string; readonly place: Place }
  | { readonly kind: "panel"; readonly panel: Panel; readonly place: Place };

/** Everything on the page with its place. */
export function layout({ rows }: Pick<Dashboard, "rows">): Placed[] {
  const placed: Placed[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({ kind: "row", title, place: { x: 0, y, w: GRID_WIDTH, h: 1 } });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const panel of panels) {
      if (x + panel.width > GRID_WIDTH) {
        y += tallest;
        [x, tallest] = [0, 0];
      }
      const h = HEIGHTS[panel.kind];
      placed.push({ kind: "panel", panel, place: { x, y, w: panel.width, h } });
      x += panel.width;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return placed;
}

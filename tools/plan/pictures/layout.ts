/**
 * Where everything of a graph stands. Groups are bands below each other, in the order in which they are made; inside a
 * band each step is a row, or each row holds three steps of a line. Pure; in pixels.
 */
import { type Edge, type Graph, type GraphGroup, type GraphNode, ranks } from "./graph";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedGroup extends Rect {
  readonly group: GraphGroup;
  readonly boxes: readonly (Rect & { readonly node: GraphNode })[];
  /** Paths of the arrows inside. */
  readonly edges: readonly string[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly groups: readonly PlacedGroup[];
  /** Paths of the arrows between groups. */
  readonly links: readonly string[];
}

const COLUMNS = 4;
const BOX = { width: 224, height: 48 };
const GAP = { x: 22, y: 26 };
const PAD = 16;
/** Height of a band's title. */
const TITLE = 34;
const BETWEEN = 26;
const LANE = 13;
const EDGE = 16;

function inRows(nodes: readonly GraphNode[]): GraphNode[][] {
  const count = Math.ceil(nodes.length / COLUMNS);
  return Array.from({ length: count }, (_, row) => nodes.slice(row * COLUMNS, (row + 1) * COLUMNS));
}

/**
 * Rows of a group. Nodes of one rank stand in rows of their own, near to what they wait for. Where one waits for the
 * other, they are a line, and are read like one: left to right, then on in the next row.
 */
function rowsOf({ nodes, edges }: GraphGroup): GraphNode[][] {
  const waits = new Map(nodes.map(({ id }) => [id, new Set<string>()]));
  for (const { from, to } of edges) waits.get(to)?.add(from);
  const rank = ranks(waits);
  const column = new Map<string, number>();
  const rows: GraphNode[][] = [];
  let line: GraphNode[] = [];
  const put = (placed: GraphNode[][]): void => {
    rows.push(...placed);
    for (const row of placed) row.forEach(({ id }, index) => column.set(id, index));
  };
  const endLine = (): void => {
    put(inRows(line));
    line = [];
  };
  for (let step = 0; step <= Math.max(0, ...rank.values()); step += 1) {
    const here = nodes.filter(({ id }) => rank.get(id) === step);
    const [only] = here;
    if (only !== undefined && here.length === 1) {
      line.push(only);
      continue;
    }
    endLine();
    const wish = (id: string) => {
      const before = [...(waits.get(id) ?? [])].map((other) => column.get(other) ?? 0);
      return before.length === 0 ? 0 : before.reduce((sum, value) => sum + value, 0) / before.length;
    };
    put(inRows([...here].sort((left, right) => wish(left.id) - wish(right.id))));
  }
  endLine();
  return rows;
}

/**
 * From one box to another: to the right in a line's row, else from the bottom to the top; where rows lie between,
 * through the space beside the column.
 */
function arrow(from: Rect, to: Rect): string {
  if (from.y === to.y) return `M${from.x + from.width} ${from.y + from.height / 2} H${to.x}`;
  const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
  const [x2, y2] = [to.x + to.width / 2, to.y];
  const half = GAP.y / 2;
  if (y2 - y1 === GAP.y) return x1 === x2 ? `M${x1} ${y1} V${y2}` : `M${x1} ${y1} V${y1 + half} H${x2} V${y2}`;
  const gutter = from.x + from.width + GAP.x / 2;
  return `M${x1} ${y1} V${y1 + half} H${gutter} V${y2 - half} H${x2} V${y2}`;
}

function placeGroup(group: GraphGroup, x: number, y: number): PlacedGroup {
  const rows = rowsOf(group);
  const boxes = rows.flatMap((row, line) =>
    row.map((node, index) => ({
      ...BOX,
      node,
      x: x + PAD + index * (BOX.width + GAP.x),
      y: y + TITLE + line * (BOX.height + GAP.y),
    })),
  );
  const place = new Map(boxes.map((box) => [box.node.id, box]));
  const edges = group.edges.flatMap(({ from, to }) => {
    const [source, target] = [place.get(from), place.get(to)];
    // Against the order only where a circle was cut.
    return source === undefined || target === undefined || target.y < source.y ? [] : [arrow(source, target)];
  });
  return {
    group,
    boxes,
    edges,
    x,
    y,
    width: 2 * PAD + COLUMNS * BOX.width + (COLUMNS - 1) * GAP.x,
    height: TITLE + rows.length * (BOX.height + GAP.y) - GAP.y + PAD,
  };
}

interface Span extends Edge {
  readonly top: number;
  readonly bottom: number;
  readonly lane: number;
}

/** A lane beside the bands for every link that passes a band: the nearest one that is free all the way. */
function lanes(graph: Graph): Span[] {
  const order = new Map(graph.groups.map(({ id }, index) => [id, index]));
  const spans = graph.links
    .map(({ from, to }) => ({ from, to, top: order.get(from) ?? 0, bottom: order.get(to) ?? 0 }))
    .filter(({ top, bottom }) => bottom > top)
    .sort((left, right) => left.bottom - left.top - (right.bottom - right.top) || left.top - right.top);
  const placed: Span[] = [];
  for (const span of spans) {
    const meets = placed.filter(({ top, bottom, lane }) => lane > 0 && top < span.bottom && span.top < bottom);
    let lane = span.bottom - span.top === 1 ? 0 : 1;
    while (lane > 0 && meets.some((other) => other.lane === lane)) lane += 1;
    placed.push({ ...span, lane });
  }
  return placed;
}

/** Places a graph below a heading. @param top Where the first band begins. */
export function layoutGraph(graph: Graph, top: number): Layout {
  const spans = lanes(graph);
  const left = EDGE + LANE * Math.max(0, ...spans.map(({ lane }) => lane));
  const groups: PlacedGroup[] = [];
  let y = top;
  for (const group of graph.groups) {
    const placed = placeGroup(group, left, y);
    groups.push(placed);
    y += placed.height + BETWEEN;
  }
  const links = spans.flatMap(({ top: source, bottom: target, lane }) => {
    const [from, to] = [groups[source], groups[target]];
    if (from === undefined || to === undefined) return [];
    if (lane === 0) return [`M${left + 28} ${from.y + from.height} V${to.y}`];
    const x = left - lane * LANE;
    return [`M${left} ${from.y + from.height - 10 - 3 * lane} H${x} V${to.y + 8 + 3 * lane} H${left}`];
  });
  const width = left + 2 * PAD + COLUMNS * BOX.width + (COLUMNS - 1) * GAP.x + EDGE;
  return { width, height: y - BETWEEN + EDGE, groups, links };
}

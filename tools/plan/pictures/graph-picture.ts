/** A plan's resources as an SVG: `npm run plan -- <stack> --graph FILE`. Pure. */
import { element, type Markup } from "../../../checks/report/markup";
import type { Evaluation } from "../evaluate";
import { withoutEquals } from "./alike";
import { type GraphGroup, type GraphNode, type Kind, planGraph } from "./graph";
import { layoutGraph, type PlacedGroup, type Rect } from "./layout";
import { fit, label, svgFile } from "./svg";

/** What each colour means, in the order in which a deployment meets it. */
const KEY: Readonly<Record<Kind, string>> = {
  machine: "program on a machine",
  runner: "command of the runner",
  provider: "provider",
  chart: "Helm release",
  object: "Kubernetes object",
  other: "other",
};

const TOP = 96;

/** The name without what the group's title says already. */
const shortName = (name: string, group: GraphGroup): string =>
  name.startsWith(`${group.name}-`) ? name.slice(group.name.length + 1) : name;

/** What a pointer on the box shows: everything, whole, of every resource that it stands for. */
const details = ({ name, type, protect, after, others = [] }: GraphNode): string =>
  [
    `${name} (${type})`,
    ...(protect ? ["protected"] : []),
    ...after.map((other) => `after ${other}`),
    ...others.map(details),
  ].join("\n");

/** How many, what it is, and whether it is protected. */
const wordsOf = ({ words, protect, others = [] }: GraphNode): string =>
  `${others.length === 0 ? "" : `${others.length + 1} × `}${words}${protect ? ", protected" : ""}`;

function boxOf({ x, y, width, height, node }: Rect & { node: GraphNode }, group: GraphGroup): Markup {
  return element(
    "g",
    {},
    element("title", {}, details(node)),
    element("rect", { x, y, width, height, rx: 5, class: "card" }),
    element("rect", { x, y, width: 5, height, rx: 2, class: node.kind }),
    label(x + 14, y + 20, "", fit(shortName(node.name, group), width - 20)),
    label(x + 14, y + 38, "soft", fit(wordsOf(node), width - 20)),
  );
}

function bandOf({ group, boxes, edges, x, y, width, height }: PlacedGroup): Markup {
  const part = group.within === undefined ? "" : `, part of ${group.within}`;
  return element(
    "g",
    {},
    element("rect", { x, y, width, height, rx: 8, class: "group" }),
    element(
      "text",
      { x: x + 16, y: y + 22 },
      element("tspan", { class: "bold" }, group.name),
      element("tspan", { class: "soft" }, `  ${group.type}${part}`),
    ),
    ...edges.map((d) => element("path", { d, class: "edge", "marker-end": "url(#tip)" })),
    ...boxes.map((box) => boxOf(box, group)),
  );
}

function keyOf(kinds: ReadonlySet<Kind>): Markup[] {
  let x = 16;
  return (Object.keys(KEY) as Kind[])
    .filter((kind) => kinds.has(kind))
    .flatMap((kind) => {
      const at = x;
      x += KEY[kind].length * 7 + 36;
      return [
        element("rect", { x: at, y: 66, width: 12, height: 12, rx: 2, class: kind }),
        label(at + 18, 77, "soft", KEY[kind]),
      ];
    });
}

/** The picture of every resource that a stack declares; the same plan always gives the same text. */
export function graphPicture({ stack, resources }: Evaluation): string {
  const graph = planGraph(resources);
  const layout = layoutGraph({ ...graph, groups: graph.groups.map(withoutEquals) }, TOP);
  const count = graph.groups.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const kinds = new Set(graph.groups.flatMap(({ nodes }) => nodes.map(({ kind }) => kind)));
  return svgFile(
    layout,
    `What stack ${stack} declares`,
    `${count} resources in ${graph.groups.length} components, top to bottom; an arrow leads to what waits. Names that differ by a number stand once.`,
    [
      ...keyOf(kinds),
      ...layout.links.map((d) => element("path", { d, class: "link", "marker-end": "url(#tip)" })),
      ...layout.groups.map(bandOf),
    ],
  );
}

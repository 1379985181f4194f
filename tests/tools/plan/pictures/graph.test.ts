import type { RecordedResource } from "../../../../inprocess/engine";
import { withoutEquals } from "../../../../tools/plan/pictures/alike";
import { planGraph, ranks, reduced } from "../../../../tools/plan/pictures/graph";
import { graphPicture } from "../../../../tools/plan/pictures/graph-picture";
import { layoutGraph, type Rect } from "../../../../tools/plan/pictures/layout";

const STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s";
const urn = (name: string) => `urn:pulumi:s::p::t::${name}`;

const resource = (name: string, group: string, after: readonly string[] = [], type = "kubernetes:core/v1:Secret") =>
  ({
    urn: urn(name),
    type,
    name,
    custom: true,
    parent: group === "" ? STACK : urn(group),
    inputs: {},
    dependencies: after.map(urn),
    propertyDependencies: {},
    options: {},
  }) satisfies RecordedResource;

const component = (name: string, after: readonly string[] = [], parent = ""): RecordedResource => ({
  ...resource(name, parent, after, "seldon-k3s:index:Part"),
  custom: false,
});

const stack: RecordedResource = { ...component("p-s"), urn: STACK, type: "pulumi:pulumi:Stack", parent: undefined };

const waits = (edges: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(edges).map(([to, from]) => [to, new Set(from)]));

describe("edges", () => {
  test("those that a longer way says too are left out", () => {
    expect(reduced(waits({ a: [], b: ["a"], c: ["a", "b"], d: ["a", "c"] }))).toEqual([
      { from: "a", to: "b" },
      { from: "b", to: "c" },
      { from: "c", to: "d" },
    ]);
  });

  test("a rank is the longest way, and a circle has an end", () => {
    expect(Object.fromEntries(ranks(waits({ a: [], b: ["a"], c: ["a", "b"] })))).toEqual({ a: 0, b: 1, c: 2 });
    expect([...ranks(waits({ a: ["b"], b: ["a"] })).values()].sort()).toEqual([0, 1]);
  });
});

describe("groups", () => {
  const graph = planGraph([
    stack,
    component("second", ["first-a"]),
    resource("second-a", "second"),
    component("first"),
    resource("first-a", "first"),
    resource("first-b", "first", ["first-a"]),
    component("second-inner", [], "second"),
    resource("second-inner-a", "second-inner", ["second-a"]),
    component("empty", ["first-a"]),
    resource("alone", ""),
  ]);

  test("are components with resources, what waits after what it waits for", () => {
    const names = graph.groups.map(({ name }) => name);
    expect([...names].sort()).toEqual(["first", "p-s", "second", "second-inner"]);
    expect(names.indexOf("first")).toBeLessThan(names.indexOf("second"));
    expect(names.indexOf("second")).toBeLessThan(names.indexOf("second-inner"));
  });

  test("say what they are part of", () => {
    expect(graph.groups.map(({ name, within }) => [name, within])).toContainEqual(["second-inner", "second"]);
    expect(graph.groups.map(({ name, within }) => [name, within])).toContainEqual(["first", undefined]);
  });

  test("are linked by what a component itself waits for, too", () => {
    expect(graph.links).toEqual([
      { from: urn("first"), to: urn("second") },
      { from: urn("second"), to: urn("second-inner") },
    ]);
  });
});

const overlap = (left: Rect, right: Rect): boolean =>
  left.x < right.x + right.width &&
  right.x < left.x + left.width &&
  left.y < right.y + right.height &&
  right.y < left.y + left.height;

const pairs = <T>(all: readonly T[]): [T, T][] =>
  all.flatMap((left, index) => all.slice(index + 1).map((right): [T, T] => [left, right]));

const inside = (inner: Rect, outer: Rect): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

/** Resources of several shapes: a line, a fan, a wide rank, a way past a rank, a link past a group. */
const SHAPES: readonly RecordedResource[] = [
  stack,
  component("line"),
  ...["a", "b", "c", "d", "e"].map((name, index, all) =>
    resource(`line-${name}`, "line", index === 0 ? [] : [`line-${all[index - 1] ?? ""}`]),
  ),
  component("fan", ["line-e"]),
  resource("fan-root", "fan"),
  ...Array.from({ length: 8 }, (_, index) => resource(`fan-${index}`, "fan", ["fan-root"])),
  resource("fan-end", "fan", ["fan-0", "fan-7"]),
  component("past", ["line-a"]),
  resource("past-a", "past"),
  resource("past-b", "past", ["past-a"]),
  resource("past-c", "past", ["past-b"]),
  resource("past-d", "past"),
  resource("past-e", "past", ["past-d", "past-b"]),
  component("last", ["past-a", "fan-end"]),
  resource("last-a", "last"),
];

describe("layout", () => {
  const layout = layoutGraph(planGraph(SHAPES), 90);
  const boxes = layout.groups.flatMap((group) => group.boxes);

  test("places every resource once", () => {
    const names = boxes.map(({ node }) => node.name).sort();
    expect(names).toEqual(
      SHAPES.filter(({ custom }) => custom)
        .map(({ name }) => name)
        .sort(),
    );
  });

  test("no box or group overlaps another, and all are inside", () => {
    expect(pairs(boxes).filter(([left, right]) => overlap(left, right))).toEqual([]);
    expect(pairs(layout.groups).filter(([left, right]) => overlap(left, right))).toEqual([]);
    for (const group of layout.groups) {
      expect(inside(group, { x: 0, y: 90, width: layout.width, height: layout.height - 90 })).toBe(true);
      expect(group.boxes.filter((box) => !inside(box, group))).toEqual([]);
    }
  });

  test("draws every edge and link, and no arrow runs through a box", () => {
    const graph = planGraph(SHAPES);
    expect(layout.links).toHaveLength(graph.links.length);
    expect(layout.groups.flatMap(({ edges }) => edges)).toHaveLength(graph.groups.flatMap(({ edges }) => edges).length);
    const segments = layout.groups.flatMap(({ edges }) => edges).flatMap(segmentsOf);
    expect(segments.filter((segment) => boxes.some((box) => overlap(segment, box)))).toEqual([]);
  });
});

/** The straight pieces of a path of M, H and V as rectangles without an area. */
function segmentsOf(path: string): Rect[] {
  const [, startX = "", startY = ""] = /^M(\S+) (\S+)/.exec(path) ?? [];
  let [x, y] = [Number(startX), Number(startY)];
  return [...path.matchAll(/([HV])(\S+)/g)].map(([, direction, value]) => {
    const [toX, toY] = direction === "H" ? [Number(value), y] : [x, Number(value)];
    const piece = { x: Math.min(x, toX), y: Math.min(y, toY), width: Math.abs(toX - x), height: Math.abs(toY - y) };
    [x, y] = [toX, toY];
    return piece;
  });
}

describe("equal resources", () => {
  const group = planGraph(SHAPES).groups.find(({ name }) => name === "fan");
  const merged = withoutEquals(group!);

  test("stand once where their names differ by a number and they have the same place in the order", () => {
    expect(merged.nodes.map(({ name, others = [] }) => [name, others.length])).toEqual([
      ["fan-0", 7],
      ["fan-end", 0],
      ["fan-root", 0],
    ]);
  });

  test("keep their edges, each once", () => {
    const nameOf = (id: string) => merged.nodes.find((node) => node.id === id)?.name;
    expect(merged.edges.map(({ from, to }) => `${nameOf(from)} to ${nameOf(to)}`).sort()).toEqual([
      "fan-0 to fan-end",
      "fan-root to fan-0",
    ]);
  });

  test("are two where one waits for the other", () => {
    const line = [stack, component("c"), resource("s-1", "c"), resource("s-2", "c", ["s-1"])];
    expect(withoutEquals(planGraph(line).groups[0]!).nodes).toHaveLength(2);
  });
});

describe("picture", () => {
  const nasty = `x<script>"&'`;
  const svg = graphPicture({
    stack: `s<b>&`,
    resources: [stack, resource(nasty, ""), ...SHAPES.slice(1)],
    outputs: {},
  });

  test("escapes every text", () => {
    expect(svg).toContain("x&lt;script&gt;&quot;&amp;'");
    expect(svg).toContain("What stack s&lt;b&gt;&amp; declares");
    expect(svg).not.toContain("<script");
  });

  test("names every resource whole, and what it waits for", () => {
    for (const { name } of SHAPES.filter(({ custom }) => custom)) {
      expect(svg).toContain(`${name} (kubernetes:core/v1:Secret)`);
    }
    expect(svg).toContain("<title>fan-end (kubernetes:core/v1:Secret)\nafter fan-0\nafter fan-7</title>");
    expect(svg).toContain("8 × Secret");
  });

  test("has a palette for dark systems and does not depend on the order of registration", () => {
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
    expect(graphPicture({ stack: "s", resources: SHAPES, outputs: {} })).toBe(
      graphPicture({ stack: "s", resources: [...SHAPES].reverse(), outputs: {} }),
    );
  });
});

/** Equal parts of a group as one: a stack with fifty agents is read like one with two. Pure. */
import { type Edge, type GraphGroup, type GraphNode, ranks } from "./graph";

/** What makes two nodes equal to a reader: all but the numbers in their names. */
const look = ({ name, type, words, protect }: GraphNode, rank: number): string =>
  JSON.stringify([rank, type, words, protect, name.replace(/\d+/g, "#")]);

/**
 * A group in which nodes whose names differ by a number, at the same place in the order, stand once: the first one, with
 * the `others`. Edges are those between what is left.
 */
export function withoutEquals(group: GraphGroup): GraphGroup {
  const waits = new Map(group.nodes.map(({ id }) => [id, new Set<string>()]));
  for (const { from, to } of group.edges) waits.get(to)?.add(from);
  const rank = ranks(waits);
  const equals = new Map<string, GraphNode[]>();
  for (const node of group.nodes) {
    const key = look(node, rank.get(node.id) ?? 0);
    equals.set(key, [...(equals.get(key) ?? []), node]);
  }
  const first = new Map<string, string>();
  const nodes = [...equals.values()].flatMap(([one, ...others]): GraphNode[] => {
    if (one === undefined) return [];
    for (const { id } of [one, ...others]) first.set(id, one.id);
    return [others.length === 0 ? one : { ...one, others }];
  });
  const edges = new Map<string, Edge>();
  for (const { from, to } of group.edges) {
    const edge = { from: first.get(from) ?? from, to: first.get(to) ?? to };
    edges.set(`${edge.from} ${edge.to}`, edge);
  }
  return { ...group, nodes, edges: [...edges.values()] };
}

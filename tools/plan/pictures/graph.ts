/** The resources of a plan as a graph: components as groups, what waits for what as edges. Pure. */
import type { RecordedResource } from "../../../inprocess/engine";

/** What a resource is, as far as a reader of the picture asks: where it happens. */
export type Kind = "machine" | "runner" | "object" | "chart" | "provider" | "other";

/** First match wins. */
const KINDS: readonly { readonly type: RegExp; readonly kind: Kind; readonly words: (type: string) => string }[] = [
  { type: /^command:remote:/, kind: "machine", words: () => "program on a machine" },
  { type: /^command:local:/, kind: "runner", words: () => "command of the runner" },
  { type: /^kubernetes:helm\.sh\//, kind: "chart", words: () => "Helm release" },
  { type: /^pulumi:providers:/, kind: "provider", words: (type) => `provider ${type.split(":")[2] ?? ""}` },
  { type: /^kubernetes:/, kind: "object", words: (type) => type.split(":")[2] ?? type },
  { type: /^/, kind: "other", words: (type) => type },
];

export interface GraphNode {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly kind: Kind;
  /** What it is, in words. */
  readonly words: string;
  readonly protect: boolean;
  /** Names of everything that it waits for. */
  readonly after: readonly string[];
  /** Nodes that are drawn as this one (alike.ts). */
  readonly others?: readonly GraphNode[];
}

/** From what is waited for to who waits. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface GraphGroup {
  readonly id: string;
  readonly name: string;
  /** Last part of the component's type. */
  readonly type: string;
  /** Name of the component that it is part of; the stack is no such part. */
  readonly within?: string;
  readonly nodes: readonly GraphNode[];
  /** Inside the group, without those that follow from others. */
  readonly edges: readonly Edge[];
}

export interface Graph {
  /** In the order in which they are made. */
  readonly groups: readonly GraphGroup[];
  /** Between groups, without those that follow from others. */
  readonly links: readonly Edge[];
}

type Waits = ReadonlyMap<string, ReadonlySet<string>>;

/** Everything that can be reached from a place, the place itself only by a circle. */
function reached(waits: Waits, from: string): Set<string> {
  const found = new Set<string>();
  const open = [...(waits.get(from) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(waits.get(next) ?? []));
  }
  return found;
}

/** Edges without those that a longer way says too. */
export function reduced(waits: Waits): Edge[] {
  const below = new Map([...waits.keys()].map((id) => [id, reached(waits, id)]));
  return [...waits].flatMap(([to, direct]) =>
    [...direct]
      .filter((from) => ![...direct].some((other) => other !== from && below.get(other)?.has(from) === true))
      .map((from) => ({ from, to })),
  );
}

/** How many steps come before each place at least; a circle is cut where it closes. */
export function ranks(waits: Waits): Map<string, number> {
  const known = new Map<string, number>();
  const rankOf = (id: string, above: ReadonlySet<string>): number => {
    const rank = known.get(id);
    if (rank !== undefined) return rank;
    const inside = new Set([...above, id]);
    const before = [...(waits.get(id) ?? [])].filter((other) => !inside.has(other));
    const own = Math.max(-1, ...before.map((other) => rankOf(other, inside))) + 1;
    known.set(id, own);
    return own;
  };
  for (const id of waits.keys()) rankOf(id, new Set());
  return known;
}

function nodeOf(resource: RecordedResource, names: ReadonlyMap<string, string>): GraphNode {
  const { urn, name, type, dependencies, options } = resource;
  const found = KINDS.find((candidate) => candidate.type.test(type));
  return {
    id: urn,
    name,
    type,
    kind: found?.kind ?? "other",
    words: found?.words(type) ?? type,
    protect: options.protect === true,
    after: [...new Set(dependencies.map((id) => names.get(id) ?? id))],
  };
}

const STACK_TYPE = "pulumi:pulumi:Stack";

/** Every resource of a plan but the stack, each in the group of its component; those of none are in the stack's. */
export function planGraph(registered: readonly RecordedResource[]): Graph {
  // Registration is concurrent: its order may differ from run to run.
  const resources = [...registered].sort((left, right) => (left.urn < right.urn ? -1 : 1));
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const names = new Map(resources.map(({ urn, name }) => [urn, name]));
  // A component stands for itself, so that what it waits for counts for its group.
  const groupOf = ({ urn, custom, parent }: RecordedResource): string => (custom ? (parent ?? urn) : urn);
  const members = new Map<string, RecordedResource[]>();
  const groupWaits = new Map<string, Set<string>>();
  for (const resource of resources) {
    const group = groupOf(resource);
    members.set(group, [...(members.get(group) ?? []), ...(resource.custom ? [resource] : [])]);
    const waits = groupWaits.get(group) ?? new Set<string>();
    for (const id of resource.dependencies) {
      const other = byUrn.get(id);
      if (other !== undefined && groupOf(other) !== group) waits.add(groupOf(other));
    }
    groupWaits.set(group, waits);
  }
  const filled = [...members].filter(([, inside]) => inside.length > 0).map(([id]) => id);
  const rank = ranks(groupWaits);
  const depth = (id: string): number => {
    const parent = byUrn.get(id)?.parent;
    return parent === undefined ? 0 : depth(parent) + 1;
  };
  const ordered = filled.sort(
    (left, right) => (rank.get(left) ?? 0) - (rank.get(right) ?? 0) || depth(left) - depth(right),
  );
  const groups = ordered.map((id) => groupFrom(id, members.get(id) ?? [], byUrn, names));
  return { groups, links: reduced(groupWaits).filter(({ from, to }) => filled.includes(from) && filled.includes(to)) };
}

function groupFrom(
  id: string,
  members: readonly RecordedResource[],
  byUrn: ReadonlyMap<string, RecordedResource>,
  names: ReadonlyMap<string, string>,
): GraphGroup {
  const component = byUrn.get(id);
  const inside = new Set(members.map(({ urn }) => urn));
  const waits = new Map(
    members.map(({ urn, dependencies }) => [urn, new Set(dependencies.filter((other) => inside.has(other)))]),
  );
  const parent = byUrn.get(component?.parent ?? "");
  const within = parent === undefined || parent.type === STACK_TYPE ? undefined : parent.name;
  return {
    id,
    name: component?.name ?? id,
    type: component?.type.split(":").at(-1) ?? "",
    ...(within === undefined ? {} : { within }),
    nodes: members.map((resource) => nodeOf(resource, names)),
    edges: reduced(waits),
  };
}

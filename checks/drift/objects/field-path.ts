/**
 * How fields are written, the same for differences and for ownership, so that the two can be compared as text:
 * `spec.template.spec.containers[mlserver].image`, `metadata.labels[app.kubernetes.io/name]`, `spec.ingress[0].from`.
 * Pure.
 */
import { isTree } from "../../../config/tree";

/** The path of a member: with a dot where the key is a plain word, else in brackets. */
export function member(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

export const item = (path: string, key: string | number): string => `${path}[${key}]`;

/** Whether a field is another one, or lies inside it. */
export const isWithin = (path: string, outer: string): boolean =>
  path === outer ||
  (path.startsWith(outer) && (outer === "" || path[outer.length] === "." || path[outer.length] === "["));

/** A field and all that it lies in, the outermost first: `spec`, `spec.a`, `spec.a[b.c]`. */
export function outwards(path: string): string[] {
  const ends: number[] = [];
  let inside = false;
  for (const [index, letter] of [...path].entries()) {
    if (!inside && index > 0 && (letter === "." || letter === "[")) ends.push(index);
    if (letter === "[") inside = true;
    else if (letter === "]") inside = false;
  }
  return [...ends.map((end) => path.slice(0, end)), path];
}

/** Fields among which those that touch a given one are found at once: a CRD has thousands. */
export class FieldIndex<T> {
  private readonly within = new Map<string, T[]>();
  private readonly exact = new Map<string, T[]>();

  constructor(entries: Iterable<readonly [field: string, value: T]>) {
    for (const [field, value] of entries) {
      add(this.exact, field, value);
      for (const outer of outwards(field)) add(this.within, outer, value);
    }
  }

  /** What stands for the field, for a part of it, or for the whole that it is a part of. */
  touching(field: string): readonly T[] {
    const wholes = outwards(field)
      .slice(0, -1)
      .flatMap((outer) => this.exact.get(outer) ?? []);
    return [...(this.within.get(field) ?? []), ...wholes];
  }
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/**
 * The text by which an item of a list is known: its `name`, as containers, variables, volumes and ports have it.
 * Undefined where it has none, and then its place in the list counts.
 */
export const nameOf = (value: unknown): string | undefined =>
  isTree(value) && typeof value["name"] === "string" && value["name"] !== "" ? value["name"] : undefined;

/** The names of a list's items, where every one has a name of its own. */
export function namesOf(list: readonly unknown[]): readonly string[] | undefined {
  const names = list.map(nameOf);
  const own = new Set(names);
  return own.has(undefined) || own.size !== list.length ? undefined : (names as string[]);
}

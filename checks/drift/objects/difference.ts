/** What differs between an object as it is and as the declaration would make it. Pure. */
import { item, member, nameOf, namesOf } from "./field-path";
import { isTree, type Tree } from "../../../config/tree";

/** One field, or one whole item of a list, that differs. */
export interface FieldDifference {
  /** As `field-path.ts` writes it. */
  readonly field: string;
  /** Undefined where it is absent. */
  readonly live: unknown;
  /** Undefined where it is absent. */
  readonly declared: unknown;
}

/** Fields of `metadata` that the API server keeps for itself. */
const SERVERS_OWN = new Set([
  "managedFields",
  "resourceVersion",
  "generation",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
]);

/** The part of an object that somebody can declare: without its status and without what the API server keeps. */
export function declarable({ status: _, metadata, ...rest }: Tree): Tree {
  if (!isTree(metadata)) return rest;
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVERS_OWN.has(key))) };
}

/** Every difference, in the order of the fields' names. Both sides as the API server gives them. */
export const differences = (live: Tree, declared: Tree): FieldDifference[] =>
  compare("", declarable(live), declarable(declared));

/**
 * The same where only the declaration's own text is at hand, without the server's defaults: fields that it does not
 * name are left out.
 */
export function missingFrom(live: unknown, declared: unknown, field = ""): FieldDifference[] {
  if (isTree(declared)) {
    if (!isTree(live)) return [{ field, live, declared }];
    return Object.entries(declared).flatMap(([key, value]) => missingFrom(live[key], value, member(field, key)));
  }
  if (Array.isArray(declared) && Array.isArray(live) && live.length === declared.length) {
    return declared.flatMap((one, index) => missingFrom(live[index], one, item(field, nameOf(one) ?? index)));
  }
  return same(live, declared) ? [] : [{ field, live, declared }];
}

/** The fields that a declaration names: down to plain values, and into lists whose items have names. */
export function namedFields(declared: unknown, field = ""): string[] {
  if (isTree(declared)) return Object.entries(declared).flatMap(([key, one]) => namedFields(one, member(field, key)));
  const names = Array.isArray(declared) ? namesOf(declared) : undefined;
  if (names === undefined || names.length === 0) return [field];
  return names.flatMap((name, index) => namedFields((declared as unknown[])[index], item(field, name)));
}

/** Each of their entries is a matter of its own, also where there is none at all on one side. */
const OPENED = new Set(["metadata.labels", "metadata.annotations"]);

function compare(field: string, live: unknown, declared: unknown): FieldDifference[] {
  if (OPENED.has(field) && (live === undefined || declared === undefined)) {
    return live === declared ? [] : compare(field, live ?? {}, declared ?? {});
  }
  if (isTree(live) && isTree(declared)) {
    const keys = [...new Set([...Object.keys(live), ...Object.keys(declared)])].sort();
    return keys.flatMap((key) => compare(member(field, key), live[key], declared[key]));
  }
  if (Array.isArray(live) && Array.isArray(declared)) return compareLists(field, live, declared);
  return live === declared ? [] : [{ field, live, declared }];
}

/** By name where all have one, else by place; lists of plain values as a whole, because there order and number decide. */
function compareLists(field: string, live: readonly unknown[], declared: readonly unknown[]): FieldDifference[] {
  const [liveNames, declaredNames] = [namesOf(live), namesOf(declared)];
  if (liveNames !== undefined && declaredNames !== undefined) {
    const names = [...new Set([...liveNames, ...declaredNames])];
    return names.flatMap((name) =>
      compare(item(field, name), live[liveNames.indexOf(name)], declared[declaredNames.indexOf(name)]),
    );
  }
  if (live.length !== declared.length || ![...live, ...declared].every(isTree)) {
    return same(live, declared) ? [] : [{ field, live, declared }];
  }
  return live.flatMap((one, index) => compare(item(field, index), one, declared[index]));
}

function same(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((one, index) => same(one, right[index]));
  }
  if (!isTree(left) || !isTree(right)) return left === right;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && same(left[key], right[key]));
}

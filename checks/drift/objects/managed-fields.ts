/**
 * Who owns which field, from `metadata.managedFields` (Kubernetes' fieldsV1: `f:` a field, `k:` an item of a list by its
 * key, `v:` a value of a set, `i:` an item by its place, `.` the thing itself). Pure.
 */
import { FieldIndex, isWithin, item, member } from "./field-path";
import { isTree, type Tree } from "../../../config/tree";

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly time?: string;
  /** Set where the fields were written through a subresource such as `status` or `scale`. */
  readonly subresource?: string;
  readonly fieldsV1?: Tree;
}

/** One field that one manager owns. */
export interface OwnedField {
  readonly field: string;
  readonly value: unknown;
  readonly manager: string;
  /** When that manager last wrote any of its fields, as the API server noted it. */
  readonly time?: string | undefined;
}

/** The fields of all managers that a declaration could have: those below `status` and the subresource are left out. */
export function ownedFields(object: Tree): OwnedField[] {
  const { metadata } = object;
  const entries = isTree(metadata) && Array.isArray(metadata["managedFields"]) ? metadata["managedFields"] : [];
  return (entries as ManagedFieldsEntry[])
    .filter(({ subresource }) => subresource !== "status")
    .flatMap(({ manager = "", time, fieldsV1 = {} }) =>
      leaves(fieldsV1, object, "")
        .filter(({ field }) => !isWithin(field, "status"))
        .map((leaf) => ({ ...leaf, manager, time })),
    );
}

/** Who owns a field, a part of it, or the whole that it is a part of. */
export const ownership = (owned: readonly OwnedField[]): FieldIndex<OwnedField> =>
  new FieldIndex(owned.map((one) => [one.field, one] as const));

interface Leaf {
  readonly field: string;
  readonly value: unknown;
}

function leaves(fields: Tree, value: unknown, field: string): Leaf[] {
  const inner = Object.entries(fields).filter(([key]) => key !== ".");
  // `{".": {}}` and `{}` alike: the thing itself is owned, and nothing inside it.
  if (inner.length === 0) return field === "" ? [] : [{ field, value }];
  return inner.flatMap(([key, below]) => {
    const step = stepOf(key, value, field);
    return leaves(isTree(below) ? below : {}, step.value, step.field);
  });
}

function stepOf(key: string, value: unknown, field: string): Leaf {
  const text = key.slice(2);
  switch (key.slice(0, 2)) {
    case "f:":
      return { field: member(field, text), value: isTree(value) ? value[text] : undefined };
    case "k:": {
      const keys = JSON.parse(text) as Tree;
      const found = listOf(value).find((one) => isTree(one) && Object.entries(keys).every(([k, v]) => one[k] === v));
      const { name } = isTree(found) ? found : keys;
      const shown = typeof name === "string" ? name : Object.entries(keys).map(([k, v]) => `${k}=${String(v)}`);
      return { field: item(field, String(shown)), value: found };
    }
    case "v:": {
      const wanted: unknown = JSON.parse(text);
      return { field: item(field, String(wanted)), value: wanted };
    }
    default:
      return { field: item(field, text), value: listOf(value)[Number(text)] };
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

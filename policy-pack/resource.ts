/** A resource as the rules see it, whoever asks them: the Pulumi engine or a plan in process. */
import { parseUrn } from "../inprocess/urn";
import { isTree, type Tree } from "../config/tree";

/** What stands for a value that nobody knows before the deployment. */
export const UNKNOWN: unique symbol = Symbol("known only after the deployment");

export interface JudgedResource {
  readonly urn: string;
  /** Such as `kubernetes:core/v1:Namespace`. */
  readonly type: string;
  readonly name: string;
  /** Inputs in clear, {@link UNKNOWN} in place of what is not known. A message never quotes a value that can be secret. */
  readonly inputs: Tree;
  readonly protect: boolean;
  /** Undefined where it cannot be seen: the engine hands this option to no policy (@pulumi/policy 1.21). */
  readonly retainOnDelete: boolean | undefined;
}

/** The stack that the resource belongs to. */
export const stackOf = ({ urn }: JudgedResource): string => parseUrn(urn).stack;

/** The kind of a Kubernetes object: `Namespace` of `kubernetes:core/v1:Namespace`; nothing for other packages. */
export const kindOf = ({ type }: JudgedResource): string | undefined =>
  type.startsWith("kubernetes:") ? type.split(":")[2] : undefined;

export const isRelease = ({ type }: JudgedResource): boolean => type === "kubernetes:helm.sh/v3:Release";

/** Whether it is the component of this stack's own with that name. */
export const isComponent = ({ type }: JudgedResource, name: string): boolean => type === `seldon-k3s:index:${name}`;

/**
 * The value at a dotted path; UNKNOWN where it, or a mapping on the way, is unknown; undefined where there is none.
 */
export function valueAt(root: unknown, path: string): unknown {
  let at = root;
  for (const step of path.split(".")) {
    if (at === UNKNOWN) return UNKNOWN;
    if (!isTree(at)) return undefined;
    at = at[step];
  }
  return at;
}

/** The list at a path: UNKNOWN as a whole, or its items; none where there is no list. */
export function listAt(root: unknown, path: string): typeof UNKNOWN | readonly unknown[] {
  const value = valueAt(root, path);
  if (value === UNKNOWN) return UNKNOWN;
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Path of a member, as messages write it. */
export const member = (at: string, key: string | number): string =>
  typeof key === "number" ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`;

export interface Place {
  readonly at: string;
  /** Name of the member; undefined for items of a list. */
  readonly key: string | undefined;
  readonly value: unknown;
}

/** Every value of a tree with its place, parents first. What is unknown stands for itself and has nothing below it. */
export function* places(value: unknown, at = "", key?: string): Generator<Place> {
  yield { at, key, value };
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) yield* places(one, member(at, index));
  } else if (isTree(value)) {
    for (const [name, one] of Object.entries(value)) yield* places(one, member(at, name), name);
  }
}

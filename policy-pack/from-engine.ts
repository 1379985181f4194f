/** The resources that the Pulumi engine hands to a policy, as the rules see them. */
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import type { JudgedResource } from "./resource";
import { UNKNOWN } from "./resource";
import { isTree, type Tree } from "../config/tree";

/**
 * A copy with {@link UNKNOWN} where the policy library would throw: it hands out proxies whose members throw when they are
 * read unknown, and would then skip the whole rule with a remark (@pulumi/policy 1.21, proxy.js).
 */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, index) => readOf(value, index));
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, readOf(value, key)]));
}

function readOf(container: object, key: string | number): unknown {
  let value: unknown;
  try {
    value = (container as Record<string | number, unknown>)[key];
  } catch {
    // Plain data: nothing else can go wrong in reading it.
    return UNKNOWN;
  }
  return copied(value);
}

type Given = Pick<ResourceValidationArgs | PolicyResource, "urn" | "type" | "name" | "props" | "opts">;

export const fromEngine = ({ urn, type, name, props, opts }: Given): JudgedResource => ({
  urn,
  type,
  name,
  inputs: copied(props) as Tree,
  protect: opts.protect,
  retainOnDelete: undefined,
});

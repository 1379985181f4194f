/** The resources of an in-process plan, as the rules see them. */
import type { RecordedResource } from "../inprocess/engine";
import { revealSecrets, UNKNOWN_MASK } from "../inprocess/secrets";
import { type JudgedResource, UNKNOWN } from "./resource";
import { isTree, type Tree } from "../config/tree";

function judged(value: unknown): unknown {
  if (value === UNKNOWN_MASK) return UNKNOWN;
  if (Array.isArray(value)) return value.map(judged);
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, judged(item)]));
}

export const fromPlan = (resources: readonly RecordedResource[]): JudgedResource[] =>
  resources.map(({ urn, type, name, inputs, options }) => ({
    urn,
    type,
    name,
    inputs: judged(revealSecrets(inputs)) as Tree,
    protect: options.protect === true,
    retainOnDelete: options.retainOnDelete === true,
  }));

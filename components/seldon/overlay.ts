/** One set of Helm values over another. Pure. */
import { isTree, type Tree } from "../../config/tree";

/** `over` laid over `base`, key by key through all mappings; where both have a value that is no mapping, `over` wins. */
export function overlay<Base extends object>(base: Base, over: object): Base {
  const entries = Object.entries(over).map(([key, value]): [string, unknown] => {
    const under = (base as Tree)[key];
    return [key, isTree(under) && isTree(value) ? overlay(under, value) : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

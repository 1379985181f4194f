import { isTree } from "../../config/tree";
/** Which property paths of two values differ. Pure. */

/** Paths as Pulumi writes them: `spec.ports[0].port`, and `["a.b"]` for a key that is no plain word. */
export function differingPaths(before: unknown, after: unknown, at = ""): string[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => differingPaths(before[index], after[index], `${at}[${index}]`)).flat();
  }
  if (isTree(before) && isTree(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => differingPaths(before[key], after[key], join(at, key)));
  }
  return [at];
}

const join = (at: string, key: string): string => {
  if (!/^[\w-]+$/.test(key)) return `${at}["${key}"]`;
  return at === "" ? key : `${at}.${key}`;
};

/** Whether a path is what a pattern such as `triggers[*]` or `metadata.name` names, or lies below it. */
export function matchesPath(pattern: string, path: string): boolean {
  const source = pattern.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\\\[\\\*\\\]/g, "(\\[\\d+\\])?");
  return new RegExp(`^${source}($|[.[])`).test(path);
}

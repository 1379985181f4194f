/** Images that values and objects name, whatever stands around them. Pure. */
import { isTree, type Tree } from "../../config/tree";

/** A tag such as `1.0` is a number to YAML. */
const textOf = (value: unknown): string | undefined =>
  (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : undefined;

/** `docker.io/a/b:1`, `a/b@sha256:...`: a name that says which bytes, unlike a bare `a/b`. */
const WHOLE = /^[\w][\w.:/-]*?(:[\w][\w.-]*)?(@sha256:[0-9a-f]{64})?$/;
const isWhole = (text: string): boolean => WHOLE.test(text) && /[:@][^/]*$/.test(text);

/**
 * The image that one mapping describes, as Helm charts write it: `registry`, `repository` and `tag`, or `image` with `tag` or
 * `version` (Tigera), or `image` alone.
 */
function imageOf({ registry, repository, image, tag, version }: Tree): string | undefined {
  const name = textOf(repository) ?? textOf(image);
  if (name === undefined) return undefined;
  const mark = textOf(tag) ?? (repository === undefined ? textOf(version) : undefined);
  const whole = mark === undefined ? name : `${name}:${mark}`;
  const place = textOf(registry);
  const full = place === undefined ? whole : `${place.replace(/\/$/, "")}/${whole}`;
  return isWhole(full) ? full : undefined;
}

/** Every image below a value, once each, in order of their names. */
export function imagesIn(value: unknown): string[] {
  const found = new Set<string>();
  const walk = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(walk);
    if (!isTree(part)) return;
    const image = imageOf(part);
    if (image !== undefined) found.add(image);
    Object.values(part).forEach(walk);
  };
  walk(value);
  return [...found].sort();
}

/** What Helm makes of a chart's own values and those of a release: mappings merge, everything else is replaced. */
export function mergedValues(own: unknown, given: unknown): unknown {
  if (!isTree(own) || !isTree(given)) return given === undefined ? own : given;
  const keys = [...new Set([...Object.keys(own), ...Object.keys(given)])];
  return Object.fromEntries(keys.map((key) => [key, mergedValues(own[key], given[key])]));
}

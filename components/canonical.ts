/** One text for one value: what is compared, hashed or passed on must not depend on the order in which keys were set. */
import { createHash } from "node:crypto";

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}

/** JSON of `value` with the keys of every object sorted by code unit and absent (`undefined`) ones left out. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sortKeys(value));

/** SHA-256 of {@link canonicalJson} in hexadecimal: equal for equal values, so that a trigger fires on real changes only. */
export const digest = (value: unknown): string => createHash("sha256").update(canonicalJson(value)).digest("hex");

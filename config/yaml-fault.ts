import type { YAMLException } from "js-yaml";

/**
 * What is wrong with a text that is no YAML, and where; nothing of the text itself, which may hold secrets. The exception's
 * message quotes the lines around the fault, and its reason the word: a password that begins with `*` is an unknown alias.
 */
export function yamlFault(error: YAMLException): string {
  const reason = error.reason
    .replace(/: .*$|"[^"]*"|'[^']*'|<[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return error.mark === undefined ? reason : `${reason} in line ${(error.mark?.line ?? 0) + 1}`;
}

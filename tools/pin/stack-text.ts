/** Puts pins into the text of a stack file, and leaves every other byte of it as it is. Pure. */
import { isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from "yaml";
import type { Pins } from "./pin";

/** Keys of `k3s.install` that people write themselves. */
const KEPT = ["folder", "registries"] as const;

const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
  map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

/** The text from a pair's key to the end of its value, whole lines. */
function linesOf(text: string, pair: Pair): [start: number, end: number] {
  const begin = (isScalar(pair.key) && pair.key.range?.[0]) || 0;
  const value = pair.value as { range?: [number, number, number] | null } | null;
  const end = value?.range?.[1] ?? begin;
  const start = text.lastIndexOf("\n", begin - 1) + 1;
  // A value's range may end behind its last line break, or before it.
  const stop = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1;
  return [start, stop === 0 ? text.length : stop];
}

const indented = (value: unknown, spaces: number): string =>
  stringify(value, { lineWidth: 0 }).replace(/^(?=.)/gm, " ".repeat(spaces));

/**
 * @param key full configuration key, such as `seldon-k3s:k3s`.
 * @param pins what was measured; replaces all earlier pins.
 * @param folder where machines find the files, when it is given here.
 * @throws Error when the text is no stack file.
 */
export function withPins(text: string, key: string, pins: Pins, folder?: string): string {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message);
  const config = document.get("config");
  if (!isMap(config)) throw new Error("the file has no mapping `config`");
  const pair = pairOf(config, key);
  const section = pair?.value;
  if (pair === undefined || !isMap(section)) return `${text.trimEnd()}\n${indented({ [key]: { install: pins } }, 2)}`;
  if (section.flow === true) throw new Error(`${key} is written as {...}; write it over several lines`);

  const before = pairOf(section, "install");
  const kept = Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = isMap(before?.value) ? before.value.get(name) : undefined;
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const install = indented({ install: { ...pins, ...kept, ...(folder === undefined ? {} : { folder }) } }, 4);
  const [start, end] = before === undefined ? [linesOf(text, pair)[1], linesOf(text, pair)[1]] : linesOf(text, before);
  return text.slice(0, start) + install + text.slice(end);
}

/** Who would be cut off, one line for a pod without a row, a port that closes or a way out that closes. Pure. */
import { type Change, showPorts, unknownWorkloads } from "../../checks/policy/existing/cuts";
import type { PolicySnapshot } from "../../checks/policy/existing/world";

/** A line names this many; the rest is counted. */
const MOST_NAMED = 5;

/** @param taken Namespaces in which the policies do not act yet. */
export function cutLines(snapshot: PolicySnapshot, changes: readonly Change[], taken: readonly string[]): string[] {
  const isTaken = (workload: string): boolean => taken.some((namespace) => workload.startsWith(`${namespace}/`));
  const strangers = new Set(
    unknownWorkloads(snapshot, taken)
      .filter(({ end }) => end.hostNetwork !== true)
      .map(({ name }) => name),
  );
  const cuts = changes.filter(({ kind }) => kind === "cut");
  const callers = new Map<string, string[]>();
  for (const { to, from, ...ports } of cuts) {
    if (!isTaken(to) || strangers.has(to)) continue;
    const target = `${to}, ${showPorts(ports)}`;
    callers.set(target, [...(callers.get(target) ?? []), from]);
  }
  const lines = [
    ...[...strangers].map(
      (name) => `${name}: no row of the flow table is about it; it would reach the DNS and nothing else, and nobody it`,
    ),
    ...[...callers].map(([target, names]) => `${target}: closed to ${listed(names)}`),
    ...cuts
      .filter(({ from, to }) => isTaken(from) && !isTaken(to) && !strangers.has(from))
      .map(({ from, to, ...ports }) => `${from}: no way to ${to}, ${showPorts(ports)}`),
  ];
  return [...new Set(lines)];
}

function listed(callers: readonly string[]): string {
  const names = [...new Set(callers)].sort();
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

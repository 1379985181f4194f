/**
 * Runs the lines of the truth table: who listens and who must get through first, then who must not. What is closed
 * counts only where the port listens and something that is allowed came through between the same nodes.
 */
import { isUp, type PodState } from "../probe-pods/pod-state";
import { type Ask, type Attempt, attemptsOf, type Result, tryAll } from "./attempt";
import { type Baseline, listeningPorts, shownBy, unprovenBecause } from "./baseline";
import type { Tried } from "./judge";
import type { Row } from "./row";
import { isAllowed } from "./rows";

export interface TableRun {
  /** Pods by key. */
  readonly pods: ReadonlyMap<string, PodState>;
  readonly ask: Ask;
  /** Pause before another attempt, in milliseconds. */
  readonly pauseMs: number;
}

/** What came of a line: its connections, or why there are none. */
export type RowResult = { readonly tried: readonly Tried[] } | { readonly error: unknown } | { readonly skip: string };

/** Results in the order of the lines. A pod that cannot be asked costs only the lines that need it. */
export async function runTable(rows: readonly Row[], run: TableRun, signal: AbortSignal): Promise<RowResult[]> {
  const { pods, ask, pauseMs } = run;
  const planned = rows.map((row) => ({ row, ...attemptsOf(row, pods) }));
  const attempts = (wanted: boolean): Attempt[] =>
    planned.filter(({ row }) => isAllowed(row) === wanted).flatMap((one) => one.attempts);
  const up = [...pods.values()].filter(isUp);
  const [listening, allowed] = await Promise.all([
    listeningPorts(up, ask, signal),
    tryAll(attempts(true), ask, signal, pauseMs),
  ]);
  const baseline = { listening, ...shownBy(allowed) };
  const closed = await tryAll(attempts(false), ask, signal, pauseMs);
  return planned.map(({ row, attempts: own, missing }): RowResult => {
    if (row.skip !== undefined) return { skip: row.skip };
    if (own.length === 0) return { skip: missing ?? "there is no pod to try it with" };
    const results = own.map((attempt) => (isAllowed(row) ? allowed : closed).get(attempt)!);
    const failed = results.find((result) => "error" in result);
    if (failed !== undefined) return { error: failed.error };
    return { tried: own.map((attempt, index) => triedOf(attempt, results[index] as Result, baseline)) };
  });
}

function triedOf(attempt: Attempt, result: Result, baseline: Baseline): Tried {
  const { where, from, source, answer } = attempt;
  const { seen, attempts } = result;
  return { where, from, seen, attempts, source, answer, unproven: unprovenBecause(attempt, result, baseline) };
}

/** Counts of verdicts, and the exit code that they add up to. Pure. */
import { EXIT, type ExitCode } from "./exit-codes";
import { VERDICTS, type Verdict } from "./verdict";

export type Totals = Readonly<Record<Verdict, number>>;

export function totalsOf(verdicts: Iterable<Verdict>): Totals {
  const totals = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for (const verdict of verdicts) totals[verdict] += 1;
  return totals;
}

/** What decides, strongest first. A skipped expectation alone fails nothing: its reason is in the report. */
const PRECEDENCE: readonly (readonly [Verdict, ExitCode])[] = [
  ["FAIL", EXIT.failed],
  ["DRIFT", EXIT.drift],
  ["ERROR", EXIT.couldNotLook],
];

/** 1 when anything failed, else 7 when anything drifted, else 2 when anything could not be looked at, else 0. */
export function exitCodeOf(totals: Totals): ExitCode {
  return PRECEDENCE.find(([verdict]) => totals[verdict] > 0)?.[1] ?? EXIT.clean;
}

/**
 * Runs checks again and again until they are clean or the time is over. A gate is this; a validation right after a
 * deployment too, because pods and models need their time.
 */
import { type CheckResult, runChecks, type RunOptions, type RunResult } from "../engine";
import type { Check } from "../check";
import { EXIT } from "../exit-codes";
import { pause } from "./bounded";

export interface SettleOptions extends RunOptions {
  /** For how long to try again, in milliseconds; 0 looks once. */
  readonly waitMs: number;
  /** Told the result of every round, also of the last. */
  readonly onRound?: (round: RunResult, elapsedMs: number) => void;
}

/** Pauses between rounds, in milliseconds; the last one repeats. Short first: most waits end within seconds. */
export const BACK_OFF_MS: readonly number[] = [250, 500, 1000, 2000, 3000, 5000];

/**
 * The result of one whole round: the first that is clean, else the last that ended in time. Each round looks at
 * everything again, so that the verdicts belong together.
 */
export async function settle(checks: readonly Check[], options: SettleOptions): Promise<RunResult> {
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  const cancelled = options.signal ?? new AbortController().signal;
  const { waitMs, onRound, ...runOptions } = options;
  // With waiting, the end of the time cuts a round short; the one before it then stands.
  const deadline = waitMs > 0 ? AbortSignal.timeout(waitMs) : undefined;
  let last: RunResult | undefined;
  for (let round = 0; ; round += 1) {
    const signal = last === undefined || deadline === undefined ? cancelled : AbortSignal.any([cancelled, deadline]);
    const result = await runChecks(checks, { ...runOptions, signal });
    if (last !== undefined && signal.aborted && result.exitCode !== EXIT.clean) return last;
    last = result;
    onRound?.(result, elapsed());
    if (result.exitCode === EXIT.clean || cancelled.aborted || isFinal(result)) return result;
    const delay = BACK_OFF_MS[Math.min(round, BACK_OFF_MS.length - 1)]!;
    if (elapsed() + delay >= waitMs) return result;
    await pause(delay, cancelled);
  }
}

/** Nothing that is wrong can come right by waiting: one final finding decides the verdict for good. */
function isFinal(result: RunResult): boolean {
  return result.results.some((check: CheckResult) => check.findings.some((finding) => finding.final === true));
}

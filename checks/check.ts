/** What a check is made of. The engine (checks/engine.ts) runs checks; folders criteria/ and gates/ hold them. */
import type { Outcome, ProbedFlow } from "./verdict";

/** One thing that must be so, and the probe that finds out. */
export interface Expectation {
  /** What is looked at: `financial-ml/mlserver-0:9500`. */
  readonly target: string;
  /** What must be found, on one line. */
  readonly expected: string;
  /** The exact command that looks again by hand. */
  readonly repeat: string;
  /** The line of the policies' truth table that this is about, for reports that draw who reaches whom. */
  readonly flow?: ProbedFlow;
  /** Bound of this probe in milliseconds, instead of the check's. */
  readonly timeoutMs?: number;
  /** Looks once. Ends soon after the signal aborts. @throws LookError | SkipError */
  readonly probe: (signal: AbortSignal) => Promise<Outcome>;
}

export interface Check {
  /** Kebab-case, unique in a run; stable, because scripts read it. */
  readonly id: string;
  readonly title: string;
  /** What a PASS proves, in one sentence. */
  readonly proves: string;
  /** Ids of checks that must have passed, else this one is SKIPPED with that reason. */
  readonly needs?: readonly string[];
  /** Bound of the discovery and of each probe in milliseconds; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** What every reader of the report must know, whatever this check finds. */
  readonly note?: string;
  /**
   * Finds the targets. At least one: a check that finds nothing to check has failed, unless it says by a SkipError
   * that it does not apply.
   * @throws LookError | SkipError
   */
  readonly expectations: (signal: AbortSignal) => Promise<readonly Expectation[]> | readonly Expectation[];
}

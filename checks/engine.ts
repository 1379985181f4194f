/**
 * Runs checks: concurrently within a limit, in the order of their needs, each probe bounded in time.
 *
 * Every expectation ends as a finding. One that was declared and not executed is a failure of the run, because a
 * report that quietly leaves something out reads like success.
 */
import { setMaxListeners } from "node:events";
import type { Check, Expectation } from "./check";
import type { RunEvent } from "./engine/events";
import { bounded, CancelledError, TimeoutError } from "./engine/bounded";
import { createLimit, type Limit } from "./engine/limit";
import { orderOf } from "./engine/order";
import { exitCodeOf, totalsOf, type Totals } from "./totals";
import type { ExitCode } from "./exit-codes";
import { fail, type Finding, type Outcome, outcomeOfError, skipped, type Verdict, worst } from "./verdict";

export interface CheckResult {
  readonly check: Check;
  /** The worst of the findings. */
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly milliseconds: number;
}

export interface RunResult {
  /** In the order in which the checks were given. */
  readonly results: readonly CheckResult[];
  readonly totals: Totals;
  readonly exitCode: ExitCode;
  readonly milliseconds: number;
}

export interface RunOptions {
  /** Probes that run at the same time; 16 when absent. */
  readonly concurrency?: number;
  /** Calls the run off; what was not executed by then fails. */
  readonly signal?: AbortSignal;
  /** Told each finding as it comes. */
  readonly onFinding?: (finding: Finding) => void;
  /** Told everything that begins and ends, for those who show what runs now. */
  readonly onEvent?: (event: RunEvent) => void;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_CONCURRENCY = 16;

/** A check that ended before it had targets has one finding about itself. */
const WHOLE_CHECK = "(whole check)";

/**
 * Runs all checks once.
 * @throws Error when the checks contradict each other: an id twice, an unknown need, needs in a circle.
 */
export async function runChecks(checks: readonly Check[], options: RunOptions = {}): Promise<RunResult> {
  const order = orderOf(checks);
  const signal = options.signal ?? new AbortController().signal;
  // Every probe that runs listens to it, and node warns from the eleventh on.
  setMaxListeners(0, signal);
  const started = performance.now();
  const context: Context = {
    limit: createLimit(options.concurrency ?? DEFAULT_CONCURRENCY),
    signal,
    onFinding: options.onFinding ?? (() => undefined),
    onEvent: options.onEvent ?? (() => undefined),
  };
  context.onEvent({ kind: "run-started", checks: order });
  const running = new Map<string, Promise<CheckResult>>();
  for (const check of order) {
    const needs = (check.needs ?? []).map((id) => running.get(id)!);
    running.set(check.id, runCheck(check, needs, context));
  }
  const results = await Promise.all(checks.map((check) => running.get(check.id)!));
  const totals = totalsOf(results.flatMap(({ findings }) => findings.map(({ verdict }) => verdict)));
  return { results, totals, exitCode: exitCodeOf(totals), milliseconds: performance.now() - started };
}

interface Context {
  readonly limit: Limit;
  readonly signal: AbortSignal;
  readonly onFinding: (finding: Finding) => void;
  readonly onEvent: (event: RunEvent) => void;
}

async function runCheck(check: Check, needs: Promise<CheckResult>[], context: Context): Promise<CheckResult> {
  const unmet = (await Promise.all(needs)).filter(({ verdict }) => verdict !== "PASS");
  const started = performance.now();
  context.onEvent({ kind: "check-started", check });
  const findings =
    unmet.length > 0
      ? [report(check, aboutCheck(check), skipped(unmetReason(unmet)), 0, context)]
      : await runExpectations(check, context);
  const verdict = worst(findings.map((finding) => finding.verdict));
  const result = { check, verdict, findings, milliseconds: performance.now() - started };
  context.onEvent({ kind: "check-ended", result });
  return result;
}

const unmetReason = (unmet: readonly CheckResult[]): string =>
  `needs ${unmet.map(({ check, verdict }) => `${check.id}, which is ${verdict}`).join(" and ")}`;

async function runExpectations(check: Check, context: Context): Promise<Finding[]> {
  const started = performance.now();
  const timeoutMs = check.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const about = aboutCheck(check);
  let expectations: readonly Expectation[];
  try {
    expectations = await context.limit(() =>
      bounded(timeoutMs, context.signal, async (signal) => check.expectations(signal)),
    );
  } catch (error) {
    return [report(check, about, outcomeOf(error), performance.now() - started, context)];
  }
  if (expectations.length === 0) {
    const outcome = fail("not executed: the check found nothing to look at", { fix: about.repeat });
    return [report(check, about, outcome, performance.now() - started, context)];
  }
  context.onEvent({ kind: "targets-found", check, count: expectations.length });
  return Promise.all(expectations.map((expectation) => runExpectation(check, expectation, context)));
}

async function runExpectation(check: Check, expectation: Expectation, context: Context): Promise<Finding> {
  return context.limit(async () => {
    const started = performance.now();
    context.onEvent({ kind: "probe-started", check, target: expectation.target });
    const timeoutMs = expectation.timeoutMs ?? check.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const outcome = await bounded(timeoutMs, context.signal, expectation.probe).catch(outcomeOf);
    return report(check, expectation, outcome, performance.now() - started, context);
  });
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof CancelledError) return fail(`not executed: ${error.message}`);
  if (error instanceof TimeoutError) {
    return { verdict: "ERROR", actual: error.message, fix: "repeat it; a look that stalls needs its own cause found" };
  }
  return outcomeOfError(error);
}

type Described = Pick<Expectation, "target" | "expected" | "repeat" | "flow">;

const aboutCheck = (check: Check): Described => ({
  target: WHOLE_CHECK,
  expected: check.proves,
  repeat: `run this command again with --only ${check.id}`,
});

function report(check: Check, about: Described, outcome: Outcome, milliseconds: number, context: Context): Finding {
  const { target, expected, repeat, flow } = about;
  const finding: Finding = {
    check: check.id,
    target,
    expected,
    repeat,
    ...(flow === undefined ? {} : { flow }),
    ...outcome,
    evidence: outcome.evidence ?? [],
    milliseconds,
  };
  context.onFinding(finding);
  context.onEvent({ kind: "probe-ended", check, finding });
  return finding;
}

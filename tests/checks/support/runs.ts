/** Finished runs for tests of reports. */
import type { CheckResult, RunResult } from "../../../checks/engine";
import type { Report } from "../../../checks/report/report";
import { exitCodeOf, totalsOf } from "../../../checks/totals";
import { type Finding, type Outcome, type ProbedFlow, worst } from "../../../checks/verdict";
import { check } from "./checks";

export const finding = (
  id: string,
  target: string,
  outcome: Outcome,
  flow?: ProbedFlow,
  milliseconds = 12,
): Finding => ({
  check: id,
  target,
  expected: `what ${id} expects`,
  repeat: `look at ${target}`,
  ...(flow === undefined ? {} : { flow }),
  ...outcome,
  evidence: outcome.evidence ?? [],
  milliseconds,
});

/** A run of these findings, each check once, in the order in which it first comes. */
export function runOf(findings: readonly Finding[]): RunResult {
  const ids = [...new Set(findings.map((one) => one.check))];
  const results = ids.map((id): CheckResult => {
    const own = findings.filter((one) => one.check === id);
    return { check: check(id), findings: own, verdict: worst(own.map(({ verdict }) => verdict)), milliseconds: 40 };
  });
  const totals = totalsOf(findings.map(({ verdict }) => verdict));
  return { results, totals, exitCode: exitCodeOf(totals), milliseconds: 3456.7 };
}

/** A report of `validate staging` that ended on a fixed moment. */
export const reportOf = (findings: readonly Finding[], more: Partial<Report> = {}): Report => ({
  head: {
    command: "validate",
    stack: "staging",
    uid: "1111-2222",
    kubeconfig: "kubeconfig-staging.yaml",
    program: "1.2.3+0123456789ab",
  },
  run: runOf(findings),
  at: new Date("2026-11-23T01:02:03.456Z"),
  ...more,
});

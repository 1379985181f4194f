/**
 * The report for programs. Fields are only ever added within a version; one that goes or changes its meaning makes a
 * new version.
 */
import type { RunResult } from "../engine";
import { notesOf, type ReportHead } from "./report";

export const JSON_VERSION = 1;

/**
 * `{ version, kind, command, stack, uid, kubeconfig, program, exitCode, milliseconds, totals: { PASS, FAIL, DRIFT, ERROR,
 * SKIPPED },
 * notes: [string], checks: [{ id, title, proves, needs, verdict, milliseconds, findings: [{ target, verdict, expected,
 * actual, evidence: [string], repeat, fix?, milliseconds }] }] }`, times in milliseconds.
 * @param more Fields of one command only, such as `plan` of the preflight.
 */
export function jsonReport(head: ReportHead, run: RunResult, more: object = {}): string {
  const round = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
  const report = {
    version: JSON_VERSION,
    kind: "seldon-k3s.report",
    ...head,
    exitCode: run.exitCode,
    milliseconds: round(run.milliseconds),
    totals: run.totals,
    notes: notesOf(run),
    checks: run.results.map(({ check, verdict, findings, milliseconds }) => ({
      id: check.id,
      title: check.title,
      proves: check.proves,
      needs: check.needs ?? [],
      verdict,
      milliseconds: round(milliseconds),
      findings: findings.map(({ target, verdict, expected, actual, evidence, repeat, fix, milliseconds }) => ({
        target,
        verdict,
        expected,
        actual,
        evidence,
        repeat,
        ...(fix === undefined ? {} : { fix }),
        milliseconds: round(milliseconds),
      })),
    })),
    ...more,
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

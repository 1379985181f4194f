/** A diagnosis in the shape of a run of checks, for the formats that know only that: JUnit, Markdown, the page. Pure. */
import type { Check } from "../check";
import type { CheckResult, RunResult } from "../engine";
import { totalsOf } from "../totals";
import { type Finding, type Outcome, worst } from "../verdict";
import type { Consequence, Diagnosis, RankedCause } from "./diagnose";
import { certaintyWord, exitCodeOf, showSubjects } from "./report";

const AGAIN = "run this command again";

/** Causes first, as they are ranked; then what no rule explains, what could not be looked at, and what is cleared. */
export function diagnosisRun(diagnosis: Diagnosis, milliseconds: number): RunResult {
  const { causes, consequences, unexplained, gaps, cleared } = diagnosis;
  const results = [
    ...causes.map((cause) => causeResult(cause, consequences)),
    ...resultOf(
      "unexplained",
      "Every symptom has a cause",
      unexplained.map(({ subject, text }) => ({
        target: showSubjects([subject]),
        outcome: { verdict: "FAIL", actual: `${text}; no rule explains it` },
      })),
    ),
    ...resultOf(
      "not-looked-at",
      "Everything could be looked at",
      gaps.map(({ what, reason, fix }) => ({
        target: what,
        outcome: { verdict: "ERROR", actual: reason, fix },
      })),
    ),
    ...resultOf(
      "not-the-cause",
      "Usual suspicions that the evidence clears",
      cleared.map((text) => ({
        target: "suspicion",
        outcome: { verdict: "PASS", actual: text },
      })),
    ),
  ];
  const all = results.length > 0 ? results : resultOf("symptoms", "Nothing is wrong", [NOTHING]);
  const totals = totalsOf(all.flatMap(({ findings }) => findings.map(({ verdict }) => verdict)));
  return { results: all, totals, exitCode: exitCodeOf(diagnosis), milliseconds };
}

interface Row {
  readonly target: string;
  readonly outcome: Outcome;
  readonly repeat?: string;
}

const NOTHING: Row = { target: "the cluster", outcome: { verdict: "PASS", actual: "nothing wrong found" } };

function causeResult(cause: RankedCause, consequences: readonly Consequence[]): CheckResult {
  const { rule, subjects, certainty, evidence, mend, repeat, notWhen } = cause;
  const effects = consequences.filter(({ because }) => because.includes(rule));
  const outcome: Outcome = {
    verdict: "FAIL",
    actual: `${cause.cause} (${certaintyWord(certainty)})`,
    evidence: [
      ...evidence.map(({ text }) => text),
      ...effects.map((effect) => `therefore: ${effect.cause} (${showSubjects(effect.subjects)})`),
      `not to be taken for: ${notWhen}`,
    ],
    fix: mend,
  };
  return resultOf(rule, cause.cause, [{ target: showSubjects(subjects), outcome, repeat: repeat.join("; ") }])[0]!;
}

/** A check with these findings; none without any. */
function resultOf(id: string, title: string, rows: readonly Row[]): CheckResult[] {
  if (rows.length === 0) return [];
  const check: Check = { id, title, proves: title, expectations: () => [] };
  const findings = rows.map(({ target, outcome, repeat = AGAIN }): Finding => ({
    check: id,
    target,
    expected: id in EXPECTED ? EXPECTED[id]! : "not so",
    repeat,
    ...outcome,
    evidence: outcome.evidence ?? [],
    milliseconds: 0,
  }));
  return [{ check, findings, verdict: worst(findings.map(({ verdict }) => verdict)), milliseconds: 0 }];
}

/** What would be right, where it is not simply that the cause is absent. */
const EXPECTED: Readonly<Record<string, string>> = {
  unexplained: "a cause",
  "not-looked-at": "an answer",
  "not-the-cause": "evidence that clears it",
  symptoms: "no symptom",
};

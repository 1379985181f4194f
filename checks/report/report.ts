/** What a report is about, whatever its format. */
import type { RunResult } from "../engine";
import { EXIT, type ExitCode } from "../exit-codes";
import { type Finding, type ProbedFlow, SEVERITY } from "../verdict";

export interface ReportHead {
  /** `validate` or `gate calico-ready`. */
  readonly command: string;
  readonly stack: string;
  /** UID that the stack names. */
  readonly uid?: string | undefined;
  /** Path of the kubeconfig in use. */
  readonly kubeconfig: string;
  /** Version of this project that looked, as config/version.ts tells it. */
  readonly program: string;
}

/** Notes of checks and findings, each once, in the order of the report. */
export function notesOf(run: RunResult): string[] {
  const notes = run.results.flatMap(({ check, findings }) => [check.note, ...findings.map(({ note }) => note)]);
  return [...new Set(notes.filter((note) => note !== undefined))];
}

/** All that a renderer gets. */
export interface Report {
  readonly head: ReportHead;
  readonly run: RunResult;
  /** When the run ended. */
  readonly at: Date;
  /** Fields of the JSON report that only one command has. */
  readonly json?: object;
  /** Text of its own that one command adds, such as a plan. */
  readonly text?: string;
  /** The policies' truth table as declared, for a matrix where the run itself probed no flow. */
  readonly flows?: readonly ProbedFlow[];
}

/** What an exit code says, in words. */
export const MEANING: Record<ExitCode, string> = {
  [EXIT.clean]: "clean",
  [EXIT.failed]: "failed",
  [EXIT.couldNotLook]: "could not look",
  [EXIT.drift]: "drift",
};

/** The counts of a run as words: `9 passed, 1 failed, 0 could not be looked at, 2 skipped`. */
export function countsOf({ totals }: RunResult): string {
  const counts = [
    `${totals.PASS} passed`,
    `${totals.FAIL} failed`,
    ...(totals.DRIFT > 0 ? [`${totals.DRIFT} drifted`] : []),
    `${totals.ERROR} could not be looked at`,
    `${totals.SKIPPED} skipped`,
  ];
  return counts.join(", ");
}

/** All findings, worst first, those of one verdict in the order of the report. */
export function worstFirst(run: RunResult): Finding[] {
  const findings = run.results.flatMap((result) => result.findings);
  return SEVERITY.flatMap((verdict) => findings.filter((finding) => finding.verdict === verdict));
}

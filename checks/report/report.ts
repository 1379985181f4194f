/** What a report is about, whatever its format. */
import type { RunResult } from "../engine";

export interface ReportHead {
  /** `validate` or `gate calico-ready`. */
  readonly command: string;
  readonly stack: string;
  /** UID that the stack names. */
  readonly uid?: string | undefined;
  /** Path of the kubeconfig in use. */
  readonly kubeconfig: string;
}

/** Notes of checks and findings, each once, in the order of the report. */
export function notesOf(run: RunResult): string[] {
  const notes = run.results.flatMap(({ check, findings }) => [check.note, ...findings.map(({ note }) => note)]);
  return [...new Set(notes.filter((note) => note !== undefined))];
}

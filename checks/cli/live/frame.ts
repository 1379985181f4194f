/** The progress list as lines: what is done, what runs now and for how long, what waits for what. Pure. */
import { duration } from "../../report/layout";
import { printable } from "../../report/markup";
import { paint, VERDICT_WIDTH } from "../../report/text";
import { VERDICTS, type Verdict } from "../../verdict";
import type { CheckState, RunState } from "./state";

export interface FrameOptions {
  /** Columns and rows of the terminal. No line is wider than the first, and there are fewer lines than the second. */
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** What runs: `validate staging`. */
  readonly title: string;
  /** When it began, in milliseconds. */
  readonly startedAt: number;
}

const NAME_WIDTH = 24;

/** In this order checks keep their place where there are more of them than rows. */
const FIRST: readonly CheckState["state"][] = ["FAIL", "DRIFT", "ERROR", "running", "waiting", "SKIPPED", "PASS"];

/** The list at one moment. */
export function frame(state: RunState, now: number, options: FrameOptions): string[] {
  const { checks, round } = state;
  const room = Math.max(1, options.rows - 3);
  const shown = new Set(
    checks.length <= room
      ? checks
      : [...checks].sort((a, b) => FIRST.indexOf(a.state) - FIRST.indexOf(b.state)).slice(0, room - 1),
  );
  const hidden = checks.filter((check) => !shown.has(check));
  const rounds = round > 1 ? `, round ${round}` : "";
  const lines = [
    `${options.title}${rounds}: ${tally(checks)}  ${elapsed(now - options.startedAt)}`,
    ...checks.filter((check) => shown.has(check)).map((check) => line(check, now)),
    ...(hidden.length === 0 ? [] : [`and ${hidden.length} more: ${tally(hidden)}`]),
  ];
  return lines.map((text) => {
    const fitting = text.length <= options.columns ? text : `${text.slice(0, options.columns - 3)}...`;
    const verdict = VERDICTS.find((one) => fitting.startsWith(one));
    return verdict === undefined ? fitting : paint(fitting, verdict, options);
  });
}

function line(check: CheckState, now: number): string {
  const head = `${check.state.padEnd(VERDICT_WIDTH)}  ${check.id.padEnd(NAME_WIDTH)}  `;
  return printable(head + TELL[check.state](check, now)).replace(/\s*\n\s*/g, " ");
}

const ended = (check: CheckState): string => duration((check.endedAt ?? 0) - (check.startedAt ?? 0));
const found = ({ worst }: CheckState): string => (worst === undefined ? "" : `${worst.target}: ${worst.actual}`);
const wrong = (check: CheckState): string => `${found(check)} [${ended(check)}]`;

const TELL: Record<CheckState["state"], (check: CheckState, now: number) => string> = {
  waiting: ({ needs }) => (needs.length === 0 ? "" : `for ${needs.join(", ")}`),
  running: ({ targets, done, active, startedAt }, now) => {
    const count = targets === undefined ? "looking for targets" : `${done} of ${targets}`;
    const [first] = active;
    const others = active.size > 1 ? ` and ${active.size - 1} more` : "";
    return [count, elapsed(now - (startedAt ?? now)), ...(first === undefined ? [] : [first + others])].join("  ");
  },
  PASS: (check) => `${check.done === 1 ? found(check) : `all ${check.done} as expected`} [${ended(check)}]`,
  FAIL: wrong,
  DRIFT: wrong,
  ERROR: wrong,
  SKIPPED: ({ worst }) => worst?.actual ?? "",
};

/** Time that still goes on, in a form that keeps its width for a while. */
const elapsed = (milliseconds: number): string => `${(Math.max(0, milliseconds) / 1000).toFixed(1)} s`;

const WORDS: Record<CheckState["state"], string> = {
  PASS: "passed",
  FAIL: "failed",
  DRIFT: "drifted",
  ERROR: "could not look",
  SKIPPED: "skipped",
  running: "running",
  waiting: "waiting",
};

function tally(checks: readonly CheckState[]): string {
  const states: readonly (Verdict | "running" | "waiting")[] = [...VERDICTS, "running", "waiting"];
  return states
    .map((state) => [checks.filter((check) => check.state === state).length, WORDS[state]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

/** The progress list of a run of checks: what is done, what runs now and for how long, what waits for what. Pure. */
import { counted, elapsed, listLines, type ListOptions } from "../../../terminal/list";
import { duration } from "../../report/layout";
import { COLOURS, VERDICT_WIDTH } from "../../report/text";
import type { Verdict } from "../../verdict";
import type { CheckState, RunState } from "./state";

export interface FrameOptions extends ListOptions {
  /** What runs: `validate staging`. */
  readonly title: string;
  /** When it began, in milliseconds. */
  readonly startedAt: number;
}

/** In this order checks keep their place where there are more of them than rows. */
const RANK: readonly CheckState["state"][] = ["FAIL", "DRIFT", "ERROR", "running", "waiting", "SKIPPED", "PASS"];

/** The list at one moment. */
export function frame({ checks, round }: RunState, now: number, { title, startedAt, ...options }: FrameOptions) {
  const rounds = round > 1 ? `, round ${round}` : "";
  const rows = checks.map((check) => ({
    state: check.state,
    colour: (COLOURS as Partial<Record<string, number>>)[check.state],
    name: check.id,
    text: TELL[check.state](check, now),
    rank: RANK.indexOf(check.state),
  }));
  const headline = `${title}${rounds} (${elapsed(now - startedAt)}): ${tally(checks)}`;
  return listLines({ headline, rows, stateWidth: VERDICT_WIDTH, tally }, options);
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

const WORDS: Record<Verdict | "running" | "waiting", string> = {
  PASS: "passed",
  FAIL: "failed",
  DRIFT: "drifted",
  ERROR: "could not look",
  SKIPPED: "skipped",
  running: "running",
  waiting: "waiting",
};

const tally = (checks: readonly { readonly state: string }[]): string =>
  counted(
    checks.map(({ state }) => state),
    WORDS,
  );

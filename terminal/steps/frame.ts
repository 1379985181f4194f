/** The steps of a command as lines: a step each with its state, how long it took, and what it does now. Pure. */
import { counted, elapsed, listLines, type ListOptions, type ListRow } from "../list";
import { printable } from "../text";
import type { Step, Steps, StepState } from "./state";

export interface StepsFrame extends ListOptions {
  /** What runs: `sandbox staging`. */
  readonly title: string;
  /** When it began, in milliseconds. */
  readonly startedAt: number;
}

/** In this order steps keep their place where there are more of them than rows. */
const RANK: readonly StepState[] = ["failed", "stopped", "running", "waiting", "skipped", "done"];

const COLOURS: Partial<Record<StepState, number>> = { done: 32, failed: 31, stopped: 33 };

/** In the order of the headline. */
const WORDS = Object.fromEntries(
  ["done", "failed", "stopped", "skipped", "running", "waiting"].map((word) => [word, word]),
);

/** The list at one moment. */
export function stepsFrame({ all }: Steps, now: number, { title, startedAt, ...options }: StepsFrame): string[] {
  const tally = (steps: readonly { readonly state: string }[]): string =>
    counted(
      steps.map(({ state }) => state),
      WORDS,
    );
  const states = tally(all);
  return listLines(
    {
      headline: `${title} (${elapsed(now - startedAt)})${states === "" ? "" : `: ${states}`}`,
      rows: all.map((step) => rowOf(step, now)),
      stateWidth: Math.max(...RANK.map(({ length }) => length)),
      tally,
    },
    options,
  );
}

/** The list at its end: every step, and beneath those that failed what was told of them last, whole. */
export function lastFrame(steps: Steps, now: number, options: StepsFrame): string[] {
  const [headline = "", ...rows] = stepsFrame(steps, now, { ...options, rows: Infinity });
  const told = ({ state, told }: Step): string[] =>
    state === "failed" ? told.map((line) => `    ${printable(line)}`) : [];
  return [headline, ...steps.all.flatMap((step, index) => [rows[index] ?? "", ...told(step)])];
}

function rowOf(step: Step, now: number): ListRow {
  const { state, name, startedAt, endedAt = now } = step;
  const time = startedAt === undefined ? [] : [elapsed(endedAt - startedAt)];
  const text = [...time, ...whatOf(step)].join("  ");
  return { state, colour: COLOURS[state], name, text, rank: RANK.indexOf(state) };
}

function whatOf({ state, result, status, told }: Step): string[] {
  const what = state === "running" ? (status?.() ?? told.at(-1)) : state === "done" ? result : told.at(-1);
  return what === undefined ? [] : [what];
}

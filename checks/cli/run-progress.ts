/** How a run is told while it goes on: a list that is redrawn on a terminal, lines everywhere else. */
import type { RunResult } from "../engine";
import type { RunEvent } from "../engine/events";
import { progressLine, textOptions } from "../report/text";
import type { Finding } from "../verdict";
import { canRedraw, type Io, sizeOf } from "../../terminal/io";
import { Screen, type ScreenSize } from "../../terminal/screen";
import { frame } from "./live/frame";
import { RunState } from "./live/state";
import { progressReporter } from "./progress";

/** What `runChecks` and `settle` tell. */
export interface Listeners {
  readonly onFinding?: (finding: Finding) => void;
  readonly onEvent?: (event: RunEvent) => void;
  readonly onRound?: (round: RunResult, elapsedMs: number) => void;
}

export interface Progress {
  readonly listeners: Listeners;
  /** Ends it; to be called whatever becomes of the run, before anything else is written. */
  readonly stop: () => void;
}

export interface ProgressOptions {
  /** What runs: `validate staging`. */
  readonly title: string;
  /** Whether there may be many rounds: then lines tell only what changes. */
  readonly rounds: boolean;
}

export function startProgress(options: ProgressOptions, io: Io): Progress {
  return canRedraw(io.stderr, io.env) ? liveProgress(options, io) : plainProgress(options, io);
}

function plainProgress({ rounds }: ProgressOptions, { stderr, env }: Io): Progress {
  const options = textOptions(stderr, env);
  const say = (line: string): void => void stderr.write(`${line}\n`);
  const listeners: Listeners = rounds
    ? { onRound: progressReporter(options, say) }
    : { onFinding: (finding) => say(progressLine(finding, options)) };
  return { listeners, stop: () => undefined };
}

function liveProgress({ title }: ProgressOptions, { stderr, stdout }: Io): Progress {
  const state = new RunState();
  const startedAt = performance.now();
  const lines = (size: ScreenSize): string[] =>
    frame(state, performance.now(), { ...size, colour: true, title, startedAt });
  const screen = new Screen(stderr, lines);
  return {
    listeners: { onEvent: (event) => state.take(event, performance.now()) },
    // The whole table follows on the same terminal; elsewhere the end of the list is all that is seen here.
    stop: () => screen.stop(stdout.isTTY === true ? [] : lines({ ...sizeOf(stderr), rows: Infinity })),
  };
}

/** How a run is told while it goes on: a list that is redrawn on a terminal, lines everywhere else. */
import type { RunResult } from "../engine";
import type { RunEvent } from "../engine/events";
import { progressLine, textOptions } from "../report/text";
import type { Finding } from "../verdict";
import type { Io, OutputStream } from "./io";
import { frame } from "./live/frame";
import { Region } from "./live/redraw";
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

/** How often the list is drawn, in milliseconds: often enough for a clock with one decimal to look alive. */
const FRAME_MS = 100;

const DEFAULT_SIZE = { columns: 80, rows: 24 } as const;

const isSet = (value: string | undefined): boolean =>
  value !== undefined && value !== "" && value !== "false" && value !== "0";

/** Whether lines on this stream can be redrawn: a terminal that can, watched by a person and not kept as a CI log. */
export const canRedraw = (stream: OutputStream, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && !isSet(env.CI) && env.TERM !== "dumb";

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

function liveProgress({ title }: ProgressOptions, { stderr, stdout, env }: Io): Progress {
  const state = new RunState();
  const region = new Region(stderr);
  const startedAt = performance.now();
  const draw = (): void => {
    const { columns = DEFAULT_SIZE.columns, rows = DEFAULT_SIZE.rows } = stderr;
    const { colour } = textOptions(stderr, env);
    region.draw(frame(state, performance.now(), { columns, rows, colour, title, startedAt }));
  };
  const timer = setInterval(draw, FRAME_MS);
  timer.unref();
  return {
    listeners: { onEvent: (event) => state.take(event, performance.now()) },
    stop: () => {
      clearInterval(timer);
      // The whole table follows on the same terminal; elsewhere the end of the list is all that is seen here.
      if (stdout.isTTY === true) region.erase();
      else draw();
    },
  };
}

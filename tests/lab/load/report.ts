/** What the clients felt, put together from the lines that they wrote (see `Line` in tests/lab/tools/labtool/load). Pure. */

/** One line: what one stream of requests did in about one second. */
export interface LoadLine {
  /** End of the second, in seconds of the epoch. */
  readonly time: number;
  readonly from: string;
  readonly pod: string;
  readonly to: string;
  readonly mode: LoadMode;
  readonly warming?: boolean;
  readonly requests: number;
  readonly failures: number;
  readonly wrongSources: number;
  readonly farewells?: number;
  readonly gapMs: number;
  readonly slowestMs: number;
  readonly stallMs?: number;
  readonly fault?: string;
}

/** New connections to the pods' own addresses, new connections through a Service, or one long-lived connection. */
export type LoadMode = "service" | "pod" | "stream";

export interface LoadFigures {
  readonly requests: number;
  readonly failures: number;
  readonly wrongSources: number;
  /** Longest time between two successes, in milliseconds. */
  readonly longestGapMs: number;
  readonly slowestMs: number;
  /** Longest that a client itself was kept from running, in milliseconds: how much of the rest is the machine's doing. */
  readonly longestStallMs: number;
}

export interface PairFigures extends LoadFigures {
  readonly from: string;
  readonly to: string;
  readonly mode: LoadMode;
}

export interface LoadReport {
  readonly total: LoadFigures;
  readonly modes: Readonly<Record<LoadMode, LoadFigures>>;
  readonly pairs: readonly PairFigures[];
  /** Seconds in which something failed or came from a wrong source, in order, with the first fault of each stream. */
  readonly bad: readonly {
    readonly second: number;
    readonly from: string;
    readonly to: string;
    readonly mode: LoadMode;
    readonly failures: number;
    readonly wrongSources: number;
    readonly stallMs: number;
    readonly fault: string;
  }[];
  /** Requests that failed while a new client warmed up (at most ten seconds), which are counted nowhere else. */
  readonly whileWarmingUp: number;
  readonly firstSecond: number;
  readonly lastSecond: number;
}

/** Time between which the report looks, in seconds of the epoch. */
export interface LoadWindow {
  readonly from?: number;
  readonly until?: number;
}

const NONE: LoadFigures = {
  requests: 0,
  failures: 0,
  wrongSources: 0,
  longestGapMs: 0,
  slowestMs: 0,
  longestStallMs: 0,
};

const add = (left: LoadFigures, line: LoadLine): LoadFigures => ({
  requests: left.requests + line.requests,
  failures: left.failures + line.failures,
  wrongSources: left.wrongSources + line.wrongSources,
  longestGapMs: Math.max(left.longestGapMs, line.gapMs),
  slowestMs: Math.max(left.slowestMs, line.slowestMs),
  longestStallMs: Math.max(left.longestStallMs, line.stallMs ?? 0),
});

/** Reads what the clients wrote; a last line that was cut off (a power cut) is left out. */
export function parseLines(text: string): LoadLine[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as LoadLine];
    } catch {
      return [];
    }
  });
}

export function loadReport(lines: readonly LoadLine[], window: LoadWindow = {}): LoadReport {
  const inside = lines.filter(({ time }) => time >= (window.from ?? -Infinity) && time <= (window.until ?? Infinity));
  const counted = inside.filter(({ warming }) => !warming);
  const modes: Record<LoadMode, LoadFigures> = { service: NONE, pod: NONE, stream: NONE };
  const pairs = new Map<string, PairFigures>();
  for (const line of counted) {
    const { from, to, mode } = line;
    modes[mode] = add(modes[mode], line);
    const key = `${from} ${to} ${mode}`;
    pairs.set(key, { from, to, mode, ...add(pairs.get(key) ?? NONE, line) });
  }
  return {
    total: counted.reduce(add, NONE),
    modes,
    pairs: [...pairs].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, figures]) => figures),
    bad: counted
      .filter(({ failures, wrongSources }) => failures > 0 || wrongSources > 0)
      .sort((left, right) => left.time - right.time)
      .map(({ time, from, to, mode, failures, wrongSources, stallMs = 0, fault = "" }) => ({
        second: Math.floor(time),
        from,
        to,
        mode,
        failures,
        wrongSources,
        stallMs,
        fault,
      })),
    whileWarmingUp: inside.filter(({ warming }) => warming).reduce((sum, { failures }) => sum + failures, 0),
    firstSecond: Math.min(...counted.map(({ time }) => Math.floor(time))),
    lastSecond: Math.max(...counted.map(({ time }) => Math.floor(time))),
  };
}

/** The report in a few lines, for a person. */
export function renderLoad(report: LoadReport): string {
  const show = (name: string, figures: LoadFigures) =>
    `${name.padEnd(8)} ${figures.requests} requests, ${figures.failures} failed, ${figures.wrongSources} with a wrong source, ` +
    `longest gap ${Math.round(figures.longestGapMs)} ms, slowest ${Math.round(figures.slowestMs)} ms, client stalled ${Math.round(figures.longestStallMs)} ms`;
  const modes = (["service", "pod", "stream"] as const).filter((mode) => report.modes[mode].requests > 0);
  return [
    ...modes.map((mode) => show(mode, report.modes[mode])),
    ...report.bad
      .slice(0, 40)
      .map(
        ({ second, from, to, mode, failures, wrongSources, stallMs, fault }) =>
          `  +${second - report.firstSecond} s ${from} -> ${to} (${mode}): ${failures} failed, ${wrongSources} wrong, client stalled ${Math.round(stallMs)} ms: ${fault}`,
      ),
    ...(report.bad.length > 40 ? [`  and ${report.bad.length - 40} more`] : []),
    ...(report.whileWarmingUp > 0
      ? [`${report.whileWarmingUp} requests of new clients failed while they warmed up`]
      : []),
  ].join("\n");
}

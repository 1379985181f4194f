/** Two runs side by side. Pure. */
import { type BenchResult, type MeasuredPath, type Round } from "./result";
import { type Difference, differenceOf, type Spread, spreadOf } from "./statistics";

/** A figure that is taken from every round of a path. */
export interface Metric {
  readonly id: "p50" | "p90" | "p99" | "connect" | "perSecond";
  readonly title: string;
  readonly unit: string;
  readonly of: (round: Round) => number | undefined;
}

export const METRICS: readonly Metric[] = [
  { id: "p50", title: "p50", unit: "ms", of: ({ latencyMs }) => latencyMs.p50 },
  { id: "p90", title: "p90", unit: "ms", of: ({ latencyMs }) => latencyMs.p90 },
  { id: "p99", title: "p99", unit: "ms", of: ({ latencyMs }) => latencyMs.p99 },
  { id: "connect", title: "connect p50", unit: "ms", of: ({ connectMs }) => connectMs?.p50 },
  { id: "perSecond", title: "answers", unit: "1/s", of: ({ perSecond }) => perSecond },
];

/** A figure over the rounds of a path; undefined where its rounds do not have it. */
export function metricSpread(path: MeasuredPath, metric: Metric): Spread | undefined {
  const values = path.rounds.map(metric.of).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : spreadOf(values);
}

export interface Change {
  readonly path: string;
  readonly metric: Metric;
  readonly before: Spread;
  readonly after: Spread;
  readonly difference: Difference;
}

/** Every figure that both runs have, in the order of the second. */
export function changesOf(before: BenchResult, after: BenchResult): Change[] {
  const known = new Map(before.paths.map((path) => [path.id, path]));
  return after.paths.flatMap((path) => {
    const old = known.get(path.id);
    if (old === undefined) return [];
    return METRICS.flatMap((metric): Change[] => {
      const [was, is] = [metricSpread(old, metric), metricSpread(path, metric)];
      if (was === undefined || is === undefined) return [];
      return [{ path: path.id, metric, before: was, after: is, difference: differenceOf(was, is) }];
    });
  });
}

/** What makes two runs hard to compare, a sentence each. */
export function caveatsOf(before: BenchResult, after: BenchResult): string[] {
  const settings = ["requests", "concurrency", "seconds"] as const;
  const other = settings.filter((key) => before.settings[key] !== after.settings[key]);
  const missing = before.paths.filter(({ id }) => !after.paths.some((path) => path.id === id)).map(({ id }) => id);
  const moved = after.paths.filter((path) => {
    const old = before.paths.find(({ id }) => id === path.id);
    return old !== undefined && (old.from !== path.from || old.to !== path.to);
  });
  return [
    ...(before.uid === after.uid ? [] : ["The two runs are of different clusters."]),
    ...(before.kubernetes === after.kubernetes
      ? []
      : [`Kubernetes was ${before.kubernetes} and is ${after.kubernetes}.`]),
    ...(before.image === after.image ? [] : [`Another image measured: ${before.image} before, ${after.image} now.`]),
    ...(other.length === 0
      ? []
      : [
          `Measured with other settings: ${other.map((key) => `${key} ${before.settings[key]} and ${after.settings[key]}`).join(", ")}.`,
        ]),
    ...(missing.length === 0 ? [] : [`Not measured this time: ${missing.join(", ")}.`]),
    ...(moved.length === 0
      ? []
      : [`Between other pods or nodes than before: ${moved.map(({ id }) => id).join(", ")}.`]),
  ];
}

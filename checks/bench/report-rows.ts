/** What every format of a bench report says, as plain rows. Pure. */
import { showNumber } from "../report/html/scale";
import { caveatsOf, type Change, changesOf, METRICS, metricSpread } from "./compare";
import type { BenchResult, MeasuredPath } from "./result";
import { chanceOfSeparation, LEAST_ROUNDS, type Spread } from "./statistics";

/** A run, and the one that it is compared with. */
export interface BenchReport {
  readonly result: BenchResult;
  readonly before?: BenchResult | undefined;
}

/** How a path is called: at length, or short, where a line is all the room there is. */
export type PathName = "title" | "id";

/** `0.82 (0.80 to 0.91)`: the middle round, and the lowest and the highest. */
export const showSpread = ({ median, low, high, rounds }: Spread): string =>
  rounds === 1 ? showNumber(median) : `${showNumber(median)} (${showNumber(low)} to ${showNumber(high)})`;

export const RESULT_HEADS = ["path", ...METRICS.map(({ title, unit }) => `${title}, ${unit}`), "failed"];

const failuresOf = ({ rounds }: MeasuredPath): number => rounds.reduce((sum, { failures }) => sum + failures, 0);

/** A row a path: every figure as median of the rounds with their range. */
export const resultRows = ({ paths }: BenchResult, name: PathName = "title"): string[][] =>
  paths.map((path) => [
    path[name],
    ...METRICS.map((metric) => {
      const spread = metricSpread(path, metric);
      return spread === undefined ? "-" : showSpread(spread);
    }),
    String(failuresOf(path)),
  ]);

export const CHANGE_HEADS = ["path", "figure", "before", "after", "after / before", "told apart"];

/** A row a figure that both runs have. */
export function changeRows({ result, before }: BenchReport, name: PathName = "title"): string[][] {
  if (before === undefined) return [];
  const names = new Map(result.paths.map((path) => [path.id, path[name]]));
  return changesOf(before, result).map((change) => [
    names.get(change.path) ?? change.path,
    `${change.metric.title}, ${change.metric.unit}`,
    showSpread(change.before),
    showSpread(change.after),
    ratioOf(change),
    change.difference,
  ]);
}

const ratioOf = ({ before, after }: Change): string =>
  before.median === 0 ? "-" : `${(after.median / before.median).toFixed(2)} x`;

export const USAGE_HEADS = ["pod of the CNI", "node", "CPU, millicores", "memory, MiB"];

export const usageRows = ({ usage }: BenchResult): string[][] =>
  usage.map(({ pod, node, cpuMillicores, memoryMiB }) => [pod, node, showNumber(cpuMillicores), showNumber(memoryMiB)]);

/** What of both runs the CNI's pods took in all; undefined where the one before has none. */
export function usageChange({ result, before }: BenchReport): string | undefined {
  if (before === undefined || before.usage.length === 0 || result.usage.length === 0) return undefined;
  const sum = ({ usage }: BenchResult, key: "cpuMillicores" | "memoryMiB"): string =>
    showNumber(usage.reduce((total, one) => total + one[key], 0));
  return `CNI in all: CPU ${sum(before, "cpuMillicores")} millicores before, ${sum(result, "cpuMillicores")} now; memory ${sum(before, "memoryMiB")} MiB before, ${sum(result, "memoryMiB")} now.`;
}

/** What a reader must know to read the figures right, a sentence each. */
export function remarksOf({ result, before }: BenchReport): string[] {
  const { rounds, requests, concurrency, seconds } = result.settings;
  const chance = (100 * chanceOfSeparation(before?.settings.rounds ?? rounds, rounds)).toFixed(1);
  const judged =
    before === undefined
      ? []
      : Math.min(rounds, before.settings.rounds) < LEAST_ROUNDS
        ? [`With fewer than ${LEAST_ROUNDS} rounds on each side nothing is told apart.`]
        : [
            `Two runs are told apart in a figure where no round of the one lies within the range of the other; chance alone does that in ${chance} % of all figures. Other load on the machines does it, too: measure twice before you believe it.`,
            ...caveatsOf(before, result),
          ];
  return [
    `Median of ${rounds} rounds (lowest to highest); a round is ${requests} requests one after the other on one open connection, then ${seconds} s with ${concurrency} at a time.`,
    "By port-forward the figures hold the way through API server and kubelet. The throughput is what one client could drive, not what the way could bear.",
    ...judged,
  ];
}

/** `calico, Kubernetes v1.33.8+k3s1, 2026-11-23 02:00 UTC, program 1.2.3`. */
export const headline = ({ cni, kubernetes, at, program }: BenchResult): string => {
  const by = program === undefined ? "" : `, program ${program}`;
  return `${cni}, Kubernetes ${kubernetes}, ${at.slice(0, 16).replace("T", " ")} UTC${by}`;
};

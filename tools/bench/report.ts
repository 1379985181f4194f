/** From samples to ratios and their report. Pure. */
import { spreadOf } from "../../checks/bench/statistics";
import { CASES, HEAP_MIB, LARGE, SMALL, type Case, type Sample } from "./cases";

export type Samples = Readonly<Record<Case, readonly Sample[]>>;

export interface Ratio {
  readonly what: string;
  /** Ratio of the medians, or a size in `unit`. */
  readonly value: number;
  readonly limit: number;
  readonly unit: "x" | "MiB";
  /** The same ratio in processor time. @default none for sizes */
  readonly cpu?: number;
  readonly met: boolean;
}

type Measure = "total" | "evaluation" | "totalCpu" | "evaluationCpu";

const size = ({ agents, tenants }: typeof SMALL) => `${agents.toLocaleString("en")} agents and ${tenants} tenants`;

/** What each case is, for the report. */
const MEANING: Readonly<Record<Case, string>> = {
  empty: "a program that makes nothing, with the same imports",
  staging: "the staging stack",
  small: `a generated stack of ${size(SMALL)}`,
  large: `a generated stack of ${size(LARGE)}`,
};

/** The ratios with a limit (issue 3, "Speed"). */
export function ratiosOf(samples: Samples): Ratio[] {
  const median = (name: Case, measure: Measure) => spreadOf(samples[name].map((sample) => sample[measure])).median;
  const ratio = (what: string, over: Case, under: Case, measure: "total" | "evaluation", limit: number): Ratio => {
    const value = median(over, measure) / median(under, measure);
    const cpu = median(over, `${measure}Cpu`) / median(under, `${measure}Cpu`);
    return { what, value, limit, unit: "x", cpu, met: value <= limit };
  };
  const peak = Math.max(...samples.large.map(({ peakMiB }) => peakMiB));
  return [
    ratio("staging / an empty program with the same imports, whole process", "staging", "empty", "total", 3),
    ratio(`${size(LARGE)} / ${size(SMALL)}, evaluation alone`, "large", "small", "evaluation", 12),
    {
      what: `peak memory with ${size(LARGE)}, in a heap of ${HEAP_MIB} MiB`,
      value: peak,
      limit: 1024,
      unit: "MiB",
      met: peak < 1024,
    },
  ];
}

const show = (value: number, unit: Ratio["unit"]) =>
  unit === "x" ? `${value.toFixed(2)} x` : `${value.toFixed(0)} MiB`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/**
 * The report as Markdown.
 *
 * @param machine what it was measured on, such as `2 processors, Node.js v20.20.2`.
 */
export function reportOf(samples: Samples, machine: string): string {
  const seconds = (values: readonly number[]) => {
    const { median, low, high } = spreadOf(values);
    return `${(median / 1000).toFixed(2)} (${(low / 1000).toFixed(2)} to ${(high / 1000).toFixed(2)})`;
  };
  const cases = Object.keys(CASES) as Case[];
  const ratios = ratiosOf(samples).map(({ what, value, limit, unit, cpu, met }) => [
    what,
    show(value, unit),
    cpu === undefined ? "" : show(cpu, "x"),
    `${unit === "x" ? "at most" : "below"} ${limit} ${unit}`,
    met ? "met" : "MISSED",
  ]);
  const figures = cases.map((name) => [
    MEANING[name],
    String(samples[name][0]?.resources ?? 0),
    seconds(samples[name].map(({ total }) => total)),
    seconds(samples[name].map(({ evaluation }) => evaluation)),
    seconds(samples[name].map(({ totalCpu }) => totalCpu)),
    spreadOf(samples[name].map(({ peakMiB }) => peakMiB)).high.toFixed(0),
  ]);
  return [
    "# Evaluating the program",
    "",
    "How long it takes to evaluate the program in process (no Pulumi CLI, no cluster), as ratios: they say how the program",
    "grows, whatever the machine. Reproduce with `npm run bench -- --write`, which rewrites this page.",
    "",
    `Measured on: ${machine}; ${samples.empty.length} rounds, the cases in turn, each in a process of its own.`,
    `Each has a heap of ${HEAP_MIB} MiB: with more, Node.js leaves rubbish where it lies, and peak memory measures the machine.`,
    "",
    ...table(["what", "ratio of medians", "in processor time", "limit", ""], ratios),
    "",
    "Seconds as median (smallest to largest):",
    "",
    ...table(["case", "resources", "whole process", "evaluation", "processor time", "peak MiB"], figures),
    "",
  ].join("\n");
}

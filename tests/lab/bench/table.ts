/** Measurements as a Markdown table. Pure. */
import type { Measured } from "./measure";

const COLUMNS: readonly [title: string, cell: (row: Measured) => string | number][] = [
  ["lab", ({ topology }) => topology],
  ["order", ({ order }) => order],
  ["way", ({ way }) => way],
  ["run", ({ run }) => run],
  ["seconds", ({ seconds }) => Math.round(seconds)],
  ["requests", ({ load }) => load.total.requests],
  ["failed", ({ load }) => load.total.failures],
  ["wrong source", ({ load }) => load.total.wrongSources],
  ["failed, of clients just started", ({ load }) => load.whileWarmingUp],
  ["longest gap, ms", ({ load }) => Math.round(load.total.longestGapMs)],
  ["longest stall of a client, ms", ({ load }) => Math.round(load.total.longestStallMs)],
  ["load average", ({ loadAverage }) => loadAverage.toFixed(1)],
];

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

/** One row a way and run; below it the seconds in which something failed. */
export function renderMarkdown(rows: readonly Measured[]): string {
  const bad = rows.flatMap(({ topology, way, run, load }) =>
    load.bad.map(
      ({ second, from, to, mode, failures, wrongSources, fault }) =>
        `- ${topology}, ${way}, run ${run}, second ${second - load.firstSecond}: ${from} to ${to} (${mode}): ${failures} failed, ${wrongSources} from a wrong source: ${fault}`,
    ),
  );
  const shown = bad.length > 40 ? [...bad.slice(0, 40), `- and ${bad.length - 40} seconds more (\`--json\`)`] : bad;
  return [
    line(COLUMNS.map(([title]) => title)),
    line(COLUMNS.map(() => "---")),
    ...rows.map((row) => line(COLUMNS.map(([, cell]) => cell(row)))),
    ...(shown.length > 0 ? ["", ...shown] : []),
    "",
  ].join("\n");
}

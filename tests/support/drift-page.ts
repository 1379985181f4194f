/** The measured parts of docs/benchmarks/drift.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { resolve } from "node:path";
import { replacePart } from "../../tools/docs";

const PAGE = resolve(__dirname, "../../docs/benchmarks/drift.md");

/** One injected drift, and what was said of it. */
export interface DriftRow {
  /** The class of drift in people's words. */
  readonly kind: string;
  readonly injected: string;
  readonly check: string;
  /** What the report says. */
  readonly found: string;
  /** The class that the report gives. */
  readonly class: string;
  /** From the start of the command to its end. */
  readonly seconds: number;
  /** What led back to a clean run. */
  readonly mended: string;
}

export interface Measured {
  /** Seconds of each run in which nothing was found, and nothing was to be found. */
  readonly clean: readonly number[];
  readonly rows: readonly DriftRow[];
}

/** Writes one of the page's parts anew and leaves the others. */
export function writePart(part: "cluster" | "hosts", measured: Measured): void {
  writeFileSync(PAGE, replacePart(readFileSync(PAGE, "utf8"), part, render(measured, about())));
}

const about = (): string =>
  `Measured on: ${availableParallelism()} processors, Node.js ${process.version}, Linux ${release()}.`;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** Pure. */
export function render({ clean, rows }: Measured, about: string): string {
  const shown = clean.map((seconds) => seconds.toFixed(1)).join(", ");
  return [
    `- ${about}`,
    `- Runs with nothing to be found: ${clean.length}; findings in them: 0; seconds: ${shown}.`,
    "",
    "| drift | injected | check | found | class | seconds | clean again by |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map((row) => {
      const cells = [
        row.kind,
        row.injected,
        `\`${row.check}\``,
        row.found,
        row.class,
        row.seconds.toFixed(1),
        row.mended,
      ];
      return `| ${cells.map(cell).join(" | ")} |`;
    }),
  ].join("\n");
}

/** The report for people: plain lines while it runs, a table, and for each finding that is not PASS its whole story. */
import type { RunResult } from "../engine";
import type { Finding, Verdict } from "../verdict";
import { duration, row, wrap } from "./layout";
import { countsOf, MEANING, notesOf, type ReportHead } from "./report";

export interface TextOptions {
  /** Characters a line; commands are never broken, so that they can be copied. */
  readonly width: number;
  readonly colour: boolean;
}

/** Readable between these widths, whatever the terminal says. */
const WIDTH = { least: 80, most: 120, default: 100 };

/** How to write to a stream: its width where it is a terminal, and colour only there and without NO_COLOR. */
export function textOptions(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv): TextOptions {
  const tty = stream.isTTY === true;
  const columns = tty ? (stream.columns ?? WIDTH.default) : WIDTH.default;
  const width = Math.min(WIDTH.most, Math.max(WIDTH.least, columns));
  return { width, colour: tty && (env.NO_COLOR ?? "") === "" };
}

/** Number of each verdict's colour (SGR, ECMA-48). */
export const COLOURS: Record<Verdict, number> = { PASS: 32, FAIL: 31, DRIFT: 35, ERROR: 33, SKIPPED: 36 };

/** The verdict at the start of a line in its colour. Padding stays outside, so that columns hold. */
export function paint(line: string, verdict: Verdict, { colour }: Pick<TextOptions, "colour">): string {
  return colour && line.startsWith(verdict)
    ? `\x1b[${COLOURS[verdict]}m${verdict}\x1b[0m${line.slice(verdict.length)}`
    : line;
}

/** Characters of the longest verdict. */
export const VERDICT_WIDTH = 7;

/** One finding on one line, for the time while the checks run. */
export const progressLine = ({ verdict, check, target, actual }: Finding, options: TextOptions): string =>
  paint(`${verdict.padEnd(VERDICT_WIDTH)}  ${check}  ${target}: ${actual}`, verdict, options);

/** The whole report. */
export function textReport(head: ReportHead, run: RunResult, options: TextOptions): string {
  const findings = run.results.flatMap((result) => result.findings);
  const stories = findings.filter(({ verdict }) => verdict !== "PASS" && verdict !== "SKIPPED");
  const proves = new Map(run.results.map(({ check }) => [check.id, check.proves]));
  const lines = [
    `seldon-k3s ${head.command}: stack ${head.stack}`,
    `cluster ${head.uid ?? "without a UID in the stack file yet"}, kubeconfig ${head.kubeconfig}`,
    `program ${head.program}`,
    "",
    ...table(findings, options),
    ...stories.flatMap((finding) => ["", ...story(finding, proves.get(finding.check) ?? "", options)]),
    ...notesOf(run).flatMap((note) => ["", ...labelled("note", note, options.width)]),
    "",
    summary(run),
  ];
  return `${lines.join("\n")}\n`;
}

function table(findings: readonly Finding[], options: TextOptions): string[] {
  const longest = (texts: readonly string[], most: number): number =>
    Math.min(most, Math.max(...texts.map((text) => text.length)));
  const heads = ["VERDICT", "CHECK", "TARGET", "FOUND"] as const;
  const widths = [
    VERDICT_WIDTH,
    longest([heads[1], ...findings.map(({ check }) => check)], 24),
    longest([heads[2], ...findings.map(({ target }) => target)], 40),
  ];
  const rows = findings.flatMap((finding) => {
    // Without its space, so that no line breaks inside.
    const found = `${finding.actual} [${duration(finding.milliseconds).replace(" ", "")}]`;
    const lines = row([finding.verdict, finding.check, finding.target, found], widths, options.width);
    return lines.map((line, index) => (index === 0 ? paint(line, finding.verdict, options) : line));
  });
  return [...row(heads, widths, options.width), ...rows];
}

const LABEL_WIDTH = 10;

/** Everything about one finding, so that nobody has to run anything to understand it. */
function story(finding: Finding, proves: string, options: TextOptions): string[] {
  const { verdict, check, target, expected, actual, evidence, repeat, fix } = finding;
  return [
    paint(`${verdict} ${check}: ${target}`, verdict, options),
    ...labelled("proves", proves, options.width),
    ...labelled("expected", expected, options.width),
    ...labelled("found", actual, options.width),
    ...evidence.flatMap((line) => labelled("evidence", line, options.width)),
    command("repeat", repeat),
    ...(fix === undefined ? [] : [command("mend", fix)]),
  ];
}

function labelled(label: string, text: string, width: number): string[] {
  const [first = "", ...rest] = wrap(text, width - LABEL_WIDTH - 2);
  return [command(label, first), ...rest.map((line) => " ".repeat(LABEL_WIDTH + 2) + line)];
}

const command = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}`;

const summary = (run: RunResult): string =>
  `${countsOf(run)} in ${duration(run.milliseconds)}: ${MEANING[run.exitCode]} (exit code ${run.exitCode})`;

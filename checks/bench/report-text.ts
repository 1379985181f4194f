/** A bench report as text and as Markdown. Pure. */
import { printable } from "../../terminal/text";
import {
  type BenchReport,
  CHANGE_HEADS,
  changeRows,
  headline,
  type PathName,
  remarksOf,
  RESULT_HEADS,
  resultRows,
  USAGE_HEADS,
  usageChange,
  usageRows,
} from "./report-rows";

interface Table {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const tablesOf = (report: BenchReport, name: PathName): Table[] =>
  [
    { title: "Measured", heads: RESULT_HEADS, rows: resultRows(report.result, name) },
    { title: "Before and after", heads: CHANGE_HEADS, rows: changeRows(report, name) },
    { title: "The CNI meanwhile", heads: USAGE_HEADS, rows: usageRows(report.result) },
  ].filter(({ rows }) => rows.length > 0);

const notMeasured = ({ result }: BenchReport): string[] =>
  result.skipped.map(({ id, reason }) => `${id}: ${reason.replace(/\s+/g, " ")}`);

function columns({ title, heads, rows }: Table): string[] {
  const widths = heads.map((head, index) => Math.max(head.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!)))
      .join("  ")
      .trimEnd();
  return ["", title, line(heads), ...rows.map(line)];
}

/** For people at a terminal; lines are as long as the figures need. */
export function benchText(report: BenchReport): string {
  const { result, before } = report;
  const change = usageChange(report);
  const lines = [
    `seldon-k3s bench:network: stack ${result.stack}`,
    `now     ${headline(result)}`,
    ...(before === undefined ? [] : [`before  ${headline(before)}`]),
    ...tablesOf(report, "id").flatMap(columns),
    ...(change === undefined ? [] : [change]),
    ...(result.skipped.length === 0 ? [] : ["", "Not measured", ...notMeasured(report)]),
    "",
    ...remarksOf(report),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

const cell = (text: string): string =>
  printable(text)
    .replace(/\s+/g, " ")
    .replace(/[|\\`*_<>]/g, (one) => `\\${one}`);
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

/** For a page of the documentation or a pull request. */
export function benchMarkdown(report: BenchReport): string {
  const { result, before } = report;
  const change = usageChange(report);
  const lines = [
    `### bench:network ${cell(result.stack)}: ${cell(headline(result))}`,
    ...(before === undefined ? [] : ["", `Before: ${cell(headline(before))}`]),
    ...tablesOf(report, "title").flatMap(({ heads, rows }) => [
      "",
      row(heads),
      `|${heads.map(() => "---").join("|")}|`,
      ...rows.map(row),
    ]),
    ...(change === undefined ? [] : ["", change]),
    ...(result.skipped.length === 0
      ? []
      : ["", "Not measured:", "", ...notMeasured(report).map((one) => `- ${cell(one)}`)]),
    "",
    ...remarksOf(report).map((remark) => `- ${cell(remark)}`),
  ];
  return `${lines.join("\n")}\n`;
}

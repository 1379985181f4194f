/**
 * The report in Markdown for a pull request or GITHUB_STEP_SUMMARY: worst first, and never more than 30 lines, however
 * many pods there are. Findings that say the same of several targets share a row.
 */
import type { Finding, Verdict } from "../verdict";
import { duration } from "./layout";
import { printable } from "../../terminal/text";
import { countsOf, MEANING, notesOf, type Report, worstFirst } from "./report";

/** No Markdown report is longer than this. */
export const MARKDOWN_LINES = 30;

/** What each part may take; together with heads and blank lines at most {@link MARKDOWN_LINES}. */
const MOST = { rows: 10, fixes: 5, notes: 2, targets: 3 } as const;

/** Characters of a cell, and of a command, which is only useful whole. */
const WIDTH = { cell: 240, command: 1_000 } as const;

/** Every character that Markdown, GitHub's mentions and its HTML give a meaning to. */
const SPECIAL = /[&<>|`*_[\]\\~@#!]/g;

/** A text as Markdown shows it, on one line. */
const plain = (text: string, width: number = WIDTH.cell): string =>
  cut(oneLine(text), width).replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);

const oneLine = (text: string): string => printable(text).replace(/\s+/g, " ").trim();
const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 3)}...`);

/** A command between as many backticks as it needs. */
function code(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${line}${fence}` : `${fence} ${line} ${fence}`;
}

interface Row {
  readonly verdict: Verdict;
  readonly check: string;
  readonly found: string;
  readonly findings: readonly Finding[];
}

/** Findings of one check with one verdict are a row where they say the same; passes always are. */
function rowsOf(findings: readonly Finding[]): Row[] {
  const rows = new Map<string, Row & { findings: Finding[] }>();
  for (const finding of findings) {
    const { verdict, check, actual } = finding;
    const key = JSON.stringify([verdict, check, verdict === "PASS" ? "" : actual]);
    const row = rows.get(key);
    if (row === undefined) rows.set(key, { verdict, check, found: actual, findings: [finding] });
    else row.findings.push(finding);
  }
  return [...rows.values()];
}

function targetsOf({ findings }: Row): string {
  const shown = findings.slice(0, MOST.targets).map(({ target }) => plain(target, 80));
  const more = findings.length - shown.length;
  return [shown.join(", "), ...(more > 0 ? [`and ${more} more`] : [])].join(" ");
}

function foundOf({ verdict, found, findings }: Row): string {
  const slowest = duration(Math.max(...findings.map(({ milliseconds }) => milliseconds)));
  if (verdict !== "PASS") return plain(found);
  return findings.length === 1 ? `${plain(found)} (${slowest})` : `as expected, slowest ${slowest}`;
}

function table(rows: readonly Row[]): string[] {
  const shown = rows.slice(0, MOST.rows);
  const rest = rows.slice(MOST.rows);
  const count = rest.reduce((sum, { findings }) => sum + findings.length, 0);
  const kinds = [...new Set(rest.map(({ verdict }) => verdict))].join(", ");
  return [
    "| verdict | check | target | found |",
    "|---|---|---|---|",
    ...shown.map((row) => `| ${row.verdict} | ${plain(row.check)} | ${targetsOf(row)} | ${foundOf(row)} |`),
    ...(rest.length === 0 ? [] : ["", `... and ${count} findings more (${kinds}), in the whole report.`]),
  ];
}

/** The commands that mend what is wrong, each once, the worst finding's first. */
function fixes(findings: readonly Finding[]): string[] {
  const wrong = findings.filter(({ verdict }) => verdict !== "PASS" && verdict !== "SKIPPED");
  const byFix = new Map<string, Finding>();
  for (const finding of wrong) {
    if (finding.fix !== undefined && !byFix.has(finding.fix)) byFix.set(finding.fix, finding);
  }
  const items = [...byFix].map(([fix, { check, target }]) => {
    const what = fix.length <= WIDTH.command ? code(fix) : "too long for this page: see the whole report";
    return `- ${plain(check)}, ${plain(target, 80)}: ${what}`;
  });
  if (items.length === 0) return [];
  const more = items.length > MOST.fixes ? [`- and ${items.length - MOST.fixes} more, in the whole report`] : [];
  return ["", "To mend it:", "", ...items.slice(0, MOST.fixes), ...more];
}

/** At most {@link MARKDOWN_LINES} lines. The kubeconfig's path is left out: it is a path of the machine that looked. */
export function markdownReport({ head, run }: Report): string {
  const findings = worstFirst(run);
  const cluster = head.uid === undefined ? "" : `, cluster ${plain(head.uid)}`;
  const notes = notesOf(run).slice(0, MOST.notes);
  const lines = [
    `### ${plain(head.command)} ${plain(head.stack)}: ${MEANING[run.exitCode]}`,
    "",
    `${countsOf(run)} in ${duration(run.milliseconds)}${cluster}; exit code ${run.exitCode}. Program ${plain(head.program)}.`,
    "",
    ...table(rowsOf(findings)),
    ...fixes(findings),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => `> ${plain(note, 400)}`)]),
  ];
  return `${lines.join("\n")}\n`;
}

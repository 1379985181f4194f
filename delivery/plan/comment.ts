/** The comment of a pull request: what it does to every environment. Pure. */
import { body, details, marker, plain, table, writtenBy } from "../markdown";
import type { Change } from "./changes";
import { OPERATIONS } from "./changes";
import type { Summary } from "./summary";

/** Short words in short columns, those that stop a reviewer first: a phone shows four of them. */
export const HEAD = [
  "environment",
  "expected outage",
  "CNI change?",
  "nodes restarted",
  "create",
  "update",
  "replace",
  "delete",
] as const;

function restartsCell({ machines: { restarted, added, removed } }: Summary): string {
  const parts = [
    ...(restarted.length > 0 ? [String(restarted.length)] : []),
    ...(added.length > 0 ? [`${added.length} new`] : []),
    ...(removed.length > 0 ? [`${removed.length} gone`] : []),
  ];
  return parts.length === 0 ? "-" : parts.join(", ");
}

/** One row of the table. */
export function rowOf(summary: Summary): string[] {
  const { stack, counts, cni, outage } = summary;
  return [
    plain(stack),
    outage.severity === "outage" ? "**outage**" : outage.severity,
    cni === undefined ? "no" : `**${cni.kind}**`,
    restartsCell(summary),
    ...OPERATIONS.map((operation) => String(counts[operation])),
  ];
}

const namesOf = (names: readonly string[]): string => names.map((name) => plain(name, 60)).join(", ");

/** What the words of the row stand for, a line each; empty where they say all. */
export function notesOf({ cni, outage, machines: { restarted, added, removed } }: Summary): string {
  return [
    ...(cni === undefined ? [] : [`- CNI, ${cni.kind}: ${plain(cni.text)}`]),
    ...outage.texts.map((text) => `- felt: ${plain(text)}`),
    ...(restarted.length > 0 ? [`- K3s restarts on ${namesOf(restarted.map(({ name }) => name))}`] : []),
    ...(added.length > 0 ? [`- new machines: ${namesOf(added)}`] : []),
    ...(removed.length > 0 ? [`- machines that go: ${namesOf(removed)}`] : []),
  ].join("\n");
}

const lineOf = ({ operation, type, name, paths }: Change): string => {
  const shown = paths.slice(0, 6).map((path) => plain(path, 120));
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : "";
  return `- ${operation} ${plain(type)} ${plain(name)}${shown.length > 0 ? `: ${shown.join(", ")}${more}` : ""}`;
};

/** A number with its noun. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** What is done to which resource, folded. Paths only: values are in the plan files, with secrets masked. */
export const changeList = ({ stack, changes }: Summary): string =>
  details(`${stack}: ${count(changes.length, "change")}`, changes.map(lineOf));

export interface PlanComment {
  readonly summaries: readonly Summary[];
  /** What was compared, such as two commits. */
  readonly base: string;
  readonly head: string;
  /** Version of this project that compared (config/version.ts). */
  readonly program: string;
}

/** A commit as GitHub shows it; anything else as it is. */
const shown = (revision: string): string => plain(/^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 12) : revision);

/** The mark under which the comment is updated. */
export const PLAN_MARKER = marker("plan");

export function planComment({ summaries, base, head, program }: PlanComment): string {
  const changed = summaries.filter(({ changes }) => changes.length > 0);
  const same = summaries.filter(({ changes }) => changes.length === 0).map(({ stack }) => plain(stack));
  const compared = `${shown(base)} → ${shown(head)}`;
  if (changed.length === 0) {
    return body([
      PLAN_MARKER,
      "### Plan: no environment changes",
      `${compared}. Looked at: ${same.join(", ") || "none"}.`,
      writtenBy(program),
    ]);
  }
  return body([
    PLAN_MARKER,
    `### Plan: ${changed.length} of ${summaries.length} environments change`,
    table(HEAD, changed.map(rowOf)),
    ...(same.length > 0 ? [`No change: ${same.join(", ")}.`] : []),
    ...changed.filter((one) => notesOf(one) !== "").map((one) => `**${plain(one.stack)}**\n\n${notesOf(one)}`),
    `${compared}, from the program alone: no cluster, no state and no secret was read. Restarts and replacements are upper bounds; what machines run already is left alone.`,
    ...changed.map(changeList),
    writtenBy(program),
  ]);
}

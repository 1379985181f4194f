/** The comment of a pull request: what it does to every environment. Pure. */
import { body, details, marker, plain, table, writtenBy } from "../markdown";
import type { Change } from "./changes";
import { OPERATIONS } from "./changes";
import type { Summary } from "./summary";

export const HEAD = [
  "environment",
  "create",
  "update",
  "replace",
  "delete",
  "nodes restarted",
  "CNI change?",
  "expected outage",
] as const;

const none = "-";

function restartsCell({ machines: { restarted, added, removed } }: Summary): string {
  const names = restarted.map(({ name }) => plain(name, 60));
  const parts = [
    ...(names.length > 0 ? [`${names.length}: ${names.join(", ")}`] : []),
    ...(added.length > 0 ? [`new: ${added.map((name) => plain(name, 60)).join(", ")}`] : []),
    ...(removed.length > 0 ? [`gone: ${removed.map((name) => plain(name, 60)).join(", ")}`] : []),
  ];
  return parts.length === 0 ? none : parts.join("; ");
}

/** One row of the table. */
export function rowOf(summary: Summary): string[] {
  const { stack, counts, cni, outage } = summary;
  const severity = outage.severity === "outage" ? "**outage**: " : "";
  return [
    plain(stack),
    ...OPERATIONS.map((operation) => String(counts[operation])),
    restartsCell(summary),
    cni === undefined ? "no" : `**${cni.kind}**: ${plain(cni.text)}`,
    `${severity}${plain(outage.text, 600)}`,
  ];
}

const lineOf = ({ operation, type, name, paths }: Change): string => {
  const shown = paths.slice(0, 6).map((path) => plain(path, 120));
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : "";
  return `- ${operation} ${plain(type)} ${plain(name)}${shown.length > 0 ? `: ${shown.join(", ")}${more}` : ""}`;
};

/** What is done to which resource, folded. Paths only: values are in the plan files, with secrets masked. */
export const changeList = ({ stack, changes }: Summary): string =>
  details(`${stack}: ${changes.length} changes`, changes.map(lineOf));

export interface PlanComment {
  readonly summaries: readonly Summary[];
  /** What was compared, such as two commits. */
  readonly base: string;
  readonly head: string;
  /** Version of this project that compared (config/version.ts). */
  readonly program: string;
}

/** The mark under which the comment is updated. */
export const PLAN_MARKER = marker("plan");

export function planComment({ summaries, base, head, program }: PlanComment): string {
  const changed = summaries.filter(({ changes }) => changes.length > 0);
  const same = summaries.filter(({ changes }) => changes.length === 0).map(({ stack }) => plain(stack));
  const compared = `${plain(base)} → ${plain(head)}`;
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
    `${compared}, from the program alone: no cluster, no state and no secret was read. Restarts and replacements are upper bounds; what machines run already is left alone.`,
    ...changed.map(changeList),
    writtenBy(program),
  ]);
}

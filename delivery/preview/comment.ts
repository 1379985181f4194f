/** The comment about a real preview. Pure. */
import { body, details, marker, plain, table, writtenBy } from "../markdown";
import { changeList, count, HEAD, notesOf, rowOf } from "../plan/comment";
import type { Violation } from "./guardrails";
import type { Preview } from "./preview";
import type { PreviewRecord } from "./record";

export const previewMarker = (stack: string): string => marker(`preview:${stack}`);

/** What a preview is told about beyond what the engine wrote. */
export interface PreviewFacts {
  readonly record: PreviewRecord;
  /** What the guardrails said. @default nothing */
  readonly violations?: readonly Violation[];
  /** Whether the engine ended with an error code. @default only where it has written errors */
  readonly failed?: boolean;
}

/** Whether the preview can be approved. */
export const isFailed = ({ errors }: Preview, { violations = [], failed = false }: PreviewFacts): boolean =>
  failed || errors.length > 0 || violations.some(({ mandatory }) => mandatory);

const violationLine = ({ rule, resource, text }: Violation): string =>
  `- **${plain(rule)}**, ${plain(resource)}: ${plain(text, 600)}`;

/** Shown unfolded, before the rest is counted. */
const MOST = 10;

/** Values never stand in it: of a change there are the paths alone. */
export function previewComment(preview: Preview, facts: PreviewFacts): string {
  const { summary, errors, warnings } = preview;
  const { record, violations = [] } = facts;
  const { stack, changes } = summary;
  const [stopping, remarks] = [violations.filter((one) => one.mandatory), violations.filter((one) => !one.mandatory)];
  const failed = isFailed(preview, facts);
  const state =
    stopping.length > 0
      ? "stopped by guardrails"
      : failed
        ? "failed"
        : changes.length === 0
          ? "nothing to do"
          : count(changes.length, "change");
  const lines = (texts: readonly string[]): string[] => texts.map((text) => `- ${plain(text, 600)}`);
  const folded = (name: string, texts: readonly string[]): string[] =>
    texts.length === 0 ? [] : [details(count(texts.length, name), texts, 20)];
  // What stops it is read first, without a click.
  const causes = [...stopping.map(violationLine), ...lines(errors)];
  const rest = causes.length - MOST;
  return body([
    previewMarker(stack),
    `### Preview of ${plain(stack)}: ${state}`,
    ...(failed
      ? ["Nothing of this can be deployed. What stops it:"]
      : changes.length > 0
        ? [table(HEAD, [rowOf(summary)]), ...(notesOf(summary) === "" ? [] : [notesOf(summary)])]
        : []),
    ...(failed && causes.length === 0
      ? ["- the engine ended with an error and named none; see the log of the run"]
      : []),
    ...(causes.length > 0
      ? [[...causes.slice(0, MOST), ...(rest > 0 ? [`- ... and ${rest} more`] : [])].join("\n")]
      : []),
    `Commit \`${record.commit.slice(0, 12)}\`, configuration \`${record.configDigest.slice(0, 12)}\`, against the state and the cluster (\`--refresh\`). A deployment is refused when any of them is another one.`,
    ...folded("warning", lines(warnings)),
    ...folded("remark of the guardrails", remarks.map(violationLine)),
    ...(changes.length > 0 ? [changeList(summary)] : []),
    ...(record.program === undefined ? [] : [writtenBy(record.program)]),
  ]);
}

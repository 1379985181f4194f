/** The comment about a real preview. Pure. */
import { body, details, marker, plain, table, writtenBy } from "../markdown";
import { changeList, HEAD, rowOf } from "../plan/comment";
import type { Preview } from "./preview";
import type { PreviewRecord } from "./record";

export const previewMarker = (stack: string): string => marker(`preview:${stack}`);

/** Values never stand in it: of a change there are the paths alone. */
export function previewComment({ summary, errors, warnings }: Preview, record: PreviewRecord): string {
  const { stack, changes } = summary;
  const state = errors.length > 0 ? "failed" : changes.length === 0 ? "nothing to do" : `${changes.length} changes`;
  const messages = (name: string, texts: readonly string[]) =>
    texts.length === 0
      ? []
      : [
          details(
            `${texts.length} ${name}`,
            texts.map((text) => `- ${plain(text, 600)}`),
            20,
          ),
        ];
  return body([
    previewMarker(stack),
    `### Preview of ${plain(stack)}: ${state}`,
    ...(errors.length > 0 ? [] : [table(HEAD, [rowOf(summary)])]),
    `Commit ${plain(record.commit)}, configuration ${plain(record.configDigest.slice(0, 12))}, against the state and the cluster (\`--refresh\`). A deployment is refused when either is another one.`,
    ...messages("errors", errors),
    ...messages("warnings", warnings),
    ...(changes.length > 0 ? [changeList(summary)] : []),
    ...(record.program === undefined ? [] : [writtenBy(record.program)]),
  ]);
}

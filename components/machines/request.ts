/**
 * Requests to the programs in `hosts/`, as text on their standard input. Pure.
 *
 * One `key value` a line; a key may repeat. A file is a line `file MODE PATH` and its content, each line after `| `, so that
 * no content can be taken for a key, and a preview shows what changes in a file line by line. The content of a
 * `secret-file` is never printed by a program. The last line is `end`: a lost connection looks like the end of input, and a
 * program refuses half a request.
 */
import type { HostFile } from "../k3s/hosts";

/** How a file stands in a request. */
type FileKey = "file" | "secret-file" | "overlay-file";

/** Content as lines of a request. @throws Error unless it ends with a line break: the last line could not be told apart. */
function contentLines(content: string, path: string): string[] {
  if (!content.endsWith("\n")) throw new Error(`${path}: the content does not end with a line break`);
  return content
    .slice(0, -1)
    .split("\n")
    .map((line) => (line === "" ? "|" : `| ${line}`));
}

/** One file of a request. */
export function fileLines(file: HostFile, key: FileKey = "file"): string[] {
  return [`${key} ${file.mode} ${file.path}`, ...contentLines(file.content, file.path)];
}

/** What a request says beside files: a value, a list of values, or nothing where it is undefined. */
export type RequestValues = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/**
 * A request.
 *
 * @param values keys and values; `true` and `false` become `yes` and `no`.
 * @param files lines of files, see {@link fileLines}.
 * @throws Error for a value that holds a line break: it would begin a key of its own.
 */
export function renderRequest(values: RequestValues, ...files: readonly (readonly string[])[]): string {
  const lines = Object.entries(values).flatMap(([key, value]) => {
    const items = Array.isArray(value) ? (value as readonly string[]) : value === undefined ? [] : [value];
    return items.map((item) => {
      const text = typeof item === "boolean" ? (item ? "yes" : "no") : String(item);
      if (/[\r\n]/.test(text)) throw new Error(`${key} holds a line break`);
      return `${key} ${text}`;
    });
  });
  return [...lines, ...files.flat(), "end", ""].join("\n");
}

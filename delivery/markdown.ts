/** Markdown of comments and issues: what comes from outside is escaped, long texts are cut, and a mark finds them again. Pure. */
import { redact } from "../checks/evidence/redact";

/** GitHub refuses a body above 65,536 characters; some room is left for what joins bodies. */
export const BODY_LIMIT = 65_000;

/** Every character that Markdown, GitHub's mentions and its HTML give a meaning to. */
const SPECIAL = /[&<>|`*_[\]\\~@#!]/g;

/** A text on one line as Markdown shows it, without what looks like a credential. */
export const plain = (text: string, width = 300): string => {
  const line = redact(text)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const cut = line.length <= width ? line : `${line.slice(0, width - 3)}...`;
  return cut.replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
};

/** The invisible line by which a comment or an issue is found again. @param key Word characters, `:`, `.` and `-`. */
export function marker(key: string): string {
  if (!/^[\w:.-]+$/.test(key))
    throw new Error(`"${key}" cannot mark a comment: letters, digits, ":", "." and "-" only`);
  return `<!-- seldon-k3s:${key} -->`;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Lines behind a fold, at most `most` of them. */
export function details(title: string, lines: readonly string[], most = 60): string {
  const rest = lines.length - most;
  const shown = [...lines.slice(0, most), ...(rest > 0 ? [`- ... and ${rest} more`] : [])];
  return [`<details><summary>${plain(title)}</summary>`, "", ...shown, "", "</details>"].join("\n");
}

/** The last line of a text: which version of this project wrote it (config/version.ts). */
export const writtenBy = (program: string): string => `<sub>seldon-k3s ${plain(program)}</sub>`;

/** Parts one below the other; whole parts are left out from the end where the body would be too long. */
export function body(parts: readonly string[], limit = BODY_LIMIT): string {
  const note = "The rest is too long for a comment; run the command yourself.";
  const kept: string[] = [];
  let length = 0;
  for (const part of parts) {
    if (length + part.length + 2 > limit - note.length - 4) return `${[...kept, note].join("\n\n")}\n`;
    kept.push(part);
    length += part.length + 2;
  }
  return `${kept.join("\n\n")}\n`;
}

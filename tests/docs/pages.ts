/** The pages of the documentation, read as far as the tests of this folder judge them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const root = resolve(__dirname, "../..");

/** Every page, relative to the root. */
export const pages: readonly string[] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].concat(
  readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .sort()
    .map((file) => join("docs", file)),
);

export const readPage = (page: string): string => readFileSync(join(root, page), "utf8");

/** The text without what stands between lines of three backticks. */
export const withoutBlocks = (text: string): string => text.replace(/^```[^]*?^```$/gm, "");

/** The targets of inline links and of pictures, of other sites too. Links in code are text. */
export const linksOf = (text: string): string[] =>
  [
    ...withoutBlocks(text)
      .replace(/`[^`\n]+`/g, "")
      .matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g),
  ].map((match) => match[1] ?? match[2] ?? "");

/**
 * The anchors that GitHub and GitLab make of a page's headings: lower case, without punctuation, blanks as hyphens, and a
 * number behind the second of the same name.
 */
export function anchorsOf(text: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = [...withoutBlocks(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map((match) => match[1] ?? "");
  return new Set(
    headings.map((heading) => {
      const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
      const slug = words.replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
}

/** A command of this project as a page shows it. */
export interface ShownCommand {
  readonly name: string;
  readonly flags: readonly string[];
  /** The ids of `--only a,b`. */
  readonly only: readonly string[];
}

/** Every `npm run <name> ...`, in text and in blocks, to the end of its code, its comment or its line. */
export function commandsOf(text: string): ShownCommand[] {
  return [...text.matchAll(/npm run (?:--silent )?([a-z](?:-?[a-z0-9:])*)([^`\n#|&;<]*)/g)].map((match) => {
    const rest = match[2] ?? "";
    const only = /--only[ =]([a-z0-9,-]+)/.exec(rest)?.[1] ?? "";
    return {
      name: match[1] ?? "",
      flags: [...rest.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([flag]) => flag),
      only: only.split(",").filter((id) => id !== ""),
    };
  });
}

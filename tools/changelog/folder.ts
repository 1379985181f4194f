/** The files of `changes/`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Fault, type Fragment, readFragment } from "./fragment";

export const CHANGES = "changes";
/** Explains the folder; no change. */
const README = "README.md";

export interface Changes {
  /** Those without a fault, by name. */
  readonly fragments: readonly Fragment[];
  readonly faults: readonly Fault[];
}

/** Targets of Markdown's inline links that are no address of another site. */
const linksOf = (text: string): string[] =>
  [...text.replace(/`[^`\n]+`/g, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

/** Reads every change that waits for a release. @param root Folder of CHANGELOG.md, to which the links are relative. */
export function readChanges(root: string): Changes {
  const folder = path.join(root, CHANGES);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name !== README) : [];
  const read = names.sort().map((name) => readFragment(name, readFileSync(path.join(folder, name), "utf8")));
  const fragments = read.flatMap(({ fragment }) => fragment ?? []);
  const dead = fragments.flatMap(({ file, text }) =>
    linksOf(text)
      .filter((target) => !existsSync(path.join(root, target.split("#")[0] ?? "")))
      .map((target) => ({
        file,
        text: `links to ${target}, which does not exist; a link is written as from CHANGELOG.md, such as docs/delivery.md`,
      })),
  );
  return { fragments, faults: [...read.flatMap(({ faults }) => faults), ...dead] };
}

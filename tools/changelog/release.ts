/** What a release writes, and why it may not. Pure. */
import { sections } from "./fragment";
import { CHANGES, type Changes } from "./folder";

/** The files that a release writes, as they are. */
export interface ReleaseFiles {
  readonly changelog: string;
  readonly manifest: string;
  readonly lock: string;
}

export interface Release {
  /** Without a leading `v`. */
  readonly version: string;
  /** Day of the release, `2026-11-23`. */
  readonly day: string;
  readonly changes: Changes;
  readonly files: ReleaseFiles;
  /** Every tag of the repository. */
  readonly tags: readonly string[];
  /** Paths that differ from the commit, or are not in it; undefined outside of a checkout. */
  readonly dirty: readonly string[] | undefined;
}

export const tagOf = (version: string): string => `v${version}`;

type Numbers = readonly [number, number, number];

function numbersOf(version: string): Numbers | undefined {
  const [, major, minor, patch] = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(version) ?? [];
  return patch === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

/** Below zero where the left one is older. */
function compare(left: Numbers, right: Numbers): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** Versions that have been released: the headings of CHANGELOG.md and the tags. */
function releasedOf({ files, tags }: Release): string[] {
  const headings = [...files.changelog.matchAll(/^## (\S+)/gm)].map(([, heading = ""]) => heading);
  return [...headings, ...tags.map((tag) => tag.replace(/^v/, ""))].filter((version) => numbersOf(version));
}

const versionOf = (manifest: string): string => (JSON.parse(manifest) as { version: string }).version;

/** Every reason against the release, each with what mends it; none means that it can be made. */
export function refusals(release: Release): string[] {
  const { version, changes, files, tags, dirty } = release;
  const wanted = numbersOf(version);
  if (wanted === undefined) return [`the version is "${version}"; allowed are three numbers such as 1.2.3`];
  const reasons: string[] = [];
  const newest = releasedOf(release)
    .map((text) => ({ text, numbers: numbersOf(text)! }))
    .sort((left, right) => compare(left.numbers, right.numbers))
    .at(-1);
  if (newest !== undefined && compare(wanted, newest.numbers) <= 0) {
    reasons.push(`the version is ${version}, and ${newest.text} has been released; name a greater one`);
  }
  const current = versionOf(files.manifest);
  const here = numbersOf(current);
  // The first release may be the version that package.json has had from the beginning.
  if (here !== undefined && compare(wanted, here) < 0) {
    reasons.push(`the version is ${version}, and package.json has ${current} already; name a greater one`);
  }
  if (tags.includes(tagOf(version))) {
    reasons.push(
      `the tag ${tagOf(version)} is there; a release that went wrong gets the next number, never the same tag`,
    );
  }
  if (dirty === undefined) {
    reasons.push("this folder is no git checkout, so nobody could tell what was released; release from a clone");
  } else if (dirty.length > 0) {
    const some = dirty.slice(0, 5).join(", ") + (dirty.length > 5 ? ` and ${dirty.length - 5} more` : "");
    reasons.push(
      `files differ from the commit or are not in it: ${some}; commit them, or restore them with git restore . (what an interrupted release has written too)`,
    );
  }
  reasons.push(...changes.faults.map(({ file, text }) => `${CHANGES}/${file}: ${text}`));
  if (changes.fragments.length === 0 && changes.faults.length === 0) {
    reasons.push(`${CHANGES}/ holds no change, so there is nothing to release`);
  }
  return reasons;
}

/** A JSON file as npm writes it, with another version. */
function withVersion(text: string, version: string, change: (value: Record<string, unknown>) => void): string {
  const value = JSON.parse(text) as Record<string, unknown>;
  value["version"] = version;
  change(value);
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** The files as the release leaves them. @throws Error when package-lock.json is none of npm's. */
export function releasedFiles({ version, day, changes, files }: Release): ReleaseFiles {
  const section = [`## ${version} - ${day}`, ...sections(changes.fragments)].join("\n\n");
  const at = files.changelog.search(/^## /m);
  const [intro, older] = at < 0 ? [files.changelog, ""] : [files.changelog.slice(0, at), files.changelog.slice(at)];
  return {
    changelog: `${[intro.trimEnd(), section, older.trimEnd()].filter((part) => part !== "").join("\n\n")}\n`,
    manifest: withVersion(files.manifest, version, () => undefined),
    lock: withVersion(files.lock, version, (value) => {
      const own = (value["packages"] as Record<string, { version?: string }> | undefined)?.[""];
      if (own === undefined) throw new Error("package-lock.json has no entry for this package; run npm install first");
      own.version = version;
    }),
  };
}

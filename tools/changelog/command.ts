/** `npm run changelog`: judges the changes that wait for a release, and makes one of them. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { EXIT, type ExitCode } from "../../checks/exit-codes";
import { messageOf } from "../../config/thrown";
import { type Arguments, type CommandLine, ToolError } from "../cli";
import { gitIn } from "../git";
import { CHANGES, type Changes, readChanges } from "./folder";
import { missingChange } from "./needed";
import { releaseNotes } from "./notes";
import { refusals, type Release, releasedFiles, type ReleaseFiles, tagOf } from "./release";
import { type Manifest, supportedVersions } from "./supported";

const FLAGS = {
  "base-ref": { type: "string", value: "REF", summary: "check: a change to the product since there must bring a file" },
  notes: {
    type: "string",
    value: "FILE",
    summary: "release: where the notes go; delivery-out/release-X.Y.Z.md unless told",
  },
  "dry-run": { type: "boolean", summary: "release: print what would be written, and write nothing" },
} as const;

export const CHANGELOG: CommandLine<typeof FLAGS> = {
  name: "changelog",
  summary:
    `check: judges the files of ${CHANGES}/, one a change. release X.Y.Z: moves them into CHANGELOG.md, sets the version in\n` +
    "package.json and package-lock.json, and writes the release notes. It commits and tags nothing.",
  positionals: ["<check|release>", "[X.Y.Z]"],
  flags: FLAGS,
  notes: `${CHANGES}/README.md shows such a file.\nExit codes: 0 in order, 1 a fault or a refusal, 2 could not look.`,
};

/** Where each file of a release is. */
const PLACES: Readonly<Record<keyof ReleaseFiles, string>> = {
  changelog: "CHANGELOG.md",
  manifest: "package.json",
  lock: "package-lock.json",
};

export interface ChangelogIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Today. */
  readonly now: Date;
}

/** @param root The checkout. @throws ToolError */
export function runChangelog(root: string, { positionals, flags }: Arguments<typeof FLAGS>, io: ChangelogIo): ExitCode {
  const [action, version] = positionals;
  if (action === "check") {
    if (version !== undefined) throw new ToolError(`check takes no version, got "${version}"`);
    return check(root, flags["base-ref"], io);
  }
  if (action !== "release")
    throw new ToolError(`got "${action}"; allowed: check, release. See: npm run changelog -- --help`);
  if (version === undefined) throw new ToolError("missing the version; such as: npm run changelog -- release 1.2.3");
  return release(root, version, flags, io);
}

function check(root: string, base: string | undefined, { out, err }: ChangelogIo): ExitCode {
  const { fragments, faults } = readChanges(root);
  const missing = base === undefined ? undefined : missingChange(pullRequest(root, base));
  for (const { file, text } of faults) err(`${CHANGES}/${file}: ${text}\n`);
  if (missing !== undefined) err(`${missing}\n`);
  if (faults.length > 0 || missing !== undefined) return EXIT.failed;
  out(`${fragments.length} changes wait for a release\n`);
  return EXIT.clean;
}

/** What a branch holds that the other one does not. @throws ToolError when git does not know that one. */
function pullRequest(root: string, base: string) {
  const since = gitIn(root, ["merge-base", "--end-of-options", base, "HEAD"])?.trim();
  if (since === undefined)
    throw new ToolError(`git knows no way from "${base}" to this commit; fetch it with its history`);
  const names = gitIn(root, ["diff", "--name-status", "--no-renames", "-z", since, "HEAD"]);
  const log = gitIn(root, ["log", "--format=%B%x00", `${since}..HEAD`]);
  if (names === undefined || log === undefined) throw new ToolError(`git cannot compare "${base}" with this commit`);
  const words = names.split("\0");
  const changed = words.flatMap((status, index) =>
    index % 2 === 0 && status !== "" ? [{ status, path: words[index + 1] ?? "" }] : [],
  );
  return { changed, messages: log.split("\0") };
}

function readText(root: string, name: string): string {
  try {
    return readFileSync(path.join(root, name), "utf8");
  } catch (error) {
    throw new ToolError(`cannot read ${name}: ${messageOf(error)}`);
  }
}

/** Paths that git calls changed or new; undefined outside of a checkout. */
function dirtyOf(root: string): string[] | undefined {
  const lines = gitIn(root, ["status", "--porcelain", "--untracked-files=all"]);
  return lines
    ?.split("\n")
    .filter(Boolean)
    .map((line) => line.slice(3));
}

function release(root: string, version: string, flags: Arguments<typeof FLAGS>["flags"], io: ChangelogIo): ExitCode {
  const changes = readChanges(root);
  const input: Release = {
    version,
    day: io.now.toISOString().slice(0, 10),
    changes,
    files: {
      changelog: readText(root, PLACES.changelog),
      manifest: readText(root, PLACES.manifest),
      lock: readText(root, PLACES.lock),
    },
    tags: gitIn(root, ["tag", "--list"])?.split("\n").filter(Boolean) ?? [],
    dirty: dirtyOf(root),
  };
  const reasons = refusals(input);
  for (const reason of reasons) io.err(`refused: ${reason}\n`);
  if (reasons.length > 0) return EXIT.failed;
  const files = releasedFiles(input);
  const manifest = JSON.parse(files.manifest) as Manifest;
  const project = load(readText(root, "Pulumi.yaml")) as { requiredPulumiVersion?: string };
  const supported = supportedVersions(manifest, project.requiredPulumiVersion ?? "");
  const notes = releaseNotes({ version, fragments: changes.fragments, supported });
  const notesFile = flags.notes ?? path.join("delivery-out", `release-${version}.md`);
  if (flags["dry-run"] === true) {
    io.out(dryText(files, input, changes, notesFile, notes));
    return EXIT.clean;
  }
  write(root, files, changes, path.resolve(root, notesFile), notes);
  io.out(`${version}: ${changes.fragments.length} changes moved into ${PLACES.changelog}, notes in ${notesFile}\n`);
  io.out(`${nextSteps(version, notesFile).join("\n")}\n`);
  return EXIT.clean;
}

/** Text is written first and removed last: what an interruption leaves is seen by git, and git brings back all of it. */
function write(root: string, files: ReleaseFiles, changes: Changes, notesFile: string, notes: string): void {
  mkdirSync(path.dirname(notesFile), { recursive: true });
  writeFileSync(notesFile, notes);
  for (const [key, name] of Object.entries(PLACES)) {
    const file = path.join(root, name);
    writeFileSync(`${file}.new`, files[key as keyof ReleaseFiles]);
    renameSync(`${file}.new`, file);
  }
  for (const { file } of changes.fragments) rmSync(path.join(root, CHANGES, file));
}

const nextSteps = (version: string, notesFile: string): string[] => [
  "Read the difference, then:",
  `  git commit -a -m "Release ${version}"`,
  `  git tag -a ${tagOf(version)} -m ${tagOf(version)}`,
  `  git push --follow-tags`,
  `  gh release create ${tagOf(version)} --verify-tag --notes-file ${notesFile}`,
];

function dryText(
  files: ReleaseFiles,
  { version, files: old }: Release,
  { fragments }: Changes,
  notesFile: string,
  notes: string,
): string {
  const section = files.changelog.slice(files.changelog.indexOf(`## ${version} - `));
  const before = (JSON.parse(old.manifest) as { version: string }).version;
  return [
    `would add to ${PLACES.changelog}:`,
    "",
    // Up to the next release's heading.
    (section.split(/^(?=## )/m)[0] ?? "").trimEnd(),
    "",
    `would set the version in ${PLACES.manifest} and ${PLACES.lock}: ${before} to ${version}`,
    `would remove: ${fragments.map(({ file }) => `${CHANGES}/${file}`).join(", ")}`,
    `would write ${notesFile}:`,
    "",
    notes,
  ].join("\n");
}

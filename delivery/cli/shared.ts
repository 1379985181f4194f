/** What the delivery commands share: files, git, and the way to GitHub or, in a dry run, to standard output. */
import { readFileSync, writeFileSync } from "node:fs";
import { messageOf } from "../../config/thrown";
import { ToolError } from "../../tools/cli";
import { gitIn } from "../../tools/git";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { GitHub, httpTransport, type Transport } from "../github/client";
import { pullRequestOf, upsertComment } from "../github/threads";

/** Flags of the commands that post. */
export const POST_FLAGS = {
  out: { type: "string", value: "FILE", summary: "write the text to this file too" },
  "dry-run": { type: "boolean", summary: "print what would be posted; nothing is read from or sent to GitHub" },
} as const;

export const COMMENT_FLAGS = {
  ...POST_FLAGS,
  "pull-request": { type: "string", value: "N", summary: "post as a comment of this pull request, or update it there" },
} as const;

export const GITHUB_NOTES =
  "Posting takes GITHUB_TOKEN, GITHUB_REPOSITORY (owner/name) and GITHUB_API_URL from the environment, as workflows have them.";

export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ToolError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

export function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new ToolError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

/** Runs what reads what others wrote; its complaint is the user's to mend. */
export function readAs<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ToolError ? error : new ToolError(messageOf(error));
  }
}

/** Output of git in the clone. @returns undefined where git ends with an error. */
export function git(args: readonly string[]): string | undefined {
  return gitIn(PROJECT_DIR, args);
}

/** The commit that is checked out, whatever has been changed since. */
export function headCommit(): string {
  const commit = git(["rev-parse", "--verify", "HEAD"])?.trim();
  if (commit === undefined) throw new ToolError("this folder is no git clone; deliver from a checkout of the commit");
  return commit;
}

/** The commit that is checked out. @throws ToolError where tracked files differ from it: then no commit says what runs. */
export function cleanCommit(): string {
  const commit = headCommit();
  const changed = git(["status", "--porcelain", "--untracked-files=no"])?.trim() ?? "";
  if (changed !== "") {
    throw new ToolError(`tracked files differ from commit ${commit.slice(0, 12)}; commit or restore them:\n${changed}`);
  }
  return commit;
}

/** Says what would be sent, and answers as an empty repository would. */
const dryTransport: Transport = ({ method, path, body }) => {
  if (method === "GET") return Promise.resolve({ status: 200, text: "[]" });
  process.stdout.write(`would ${method} ${path}\n`);
  for (const [key, value] of Object.entries(body ?? {})) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    process.stdout.write(text.includes("\n") ? `${key}:\n${text.replace(/^/gm, "  ")}\n` : `${key}: ${text}\n`);
  }
  return Promise.resolve({ status: 200, text: "{}" });
};

/** @throws ToolError when something is missing in the environment. */
export function connect(dryRun: boolean): GitHub {
  const { GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL = "https://api.github.com" } = process.env;
  if (dryRun) return new GitHub(GITHUB_REPOSITORY ?? "owner/repository", dryTransport);
  if (!GITHUB_TOKEN || !GITHUB_REPOSITORY) {
    throw new ToolError(
      "GitHub needs GITHUB_TOKEN and GITHUB_REPOSITORY in the environment; a --dry-run needs neither",
    );
  }
  return readAs(() => new GitHub(GITHUB_REPOSITORY, httpTransport(GITHUB_API_URL, GITHUB_TOKEN)));
}

interface CommentFlags {
  readonly out?: string;
  readonly "dry-run"?: boolean;
  readonly "pull-request"?: string;
}

/** A pull request by its branch, where its number is not known. */
export interface PullRequestBranch {
  readonly head: string;
  readonly sha: string;
}

/** Writes a comment to where it was asked for; without a pull request, to standard output. */
export async function deliverComment(
  flags: CommentFlags,
  { mark, text, branch }: { mark: string; text: string; branch?: PullRequestBranch },
): Promise<void> {
  if (flags.out !== undefined) writeText(flags.out, text);
  const dryRun = flags["dry-run"] === true;
  if (flags["pull-request"] === undefined && branch === undefined) {
    if (flags.out === undefined || dryRun) process.stdout.write(text);
    return;
  }
  const github = connect(dryRun);
  const issue =
    branch === undefined ? numberOf(flags["pull-request"] ?? "") : await pullRequestOf(github, branch.head, branch.sha);
  if (issue === undefined) {
    process.stderr.write("no open pull request has this commit on top any more: nothing is posted\n");
    return;
  }
  const result = await upsertComment(github, { issue, mark, text });
  process.stderr.write(`pull request ${issue}: comment ${dryRun ? "not sent (dry run)" : result}\n`);
}

function numberOf(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new ToolError(`--pull-request is "${text}"; allowed is a number such as 42`);
}

/** A flag that the command cannot do without. */
export function required(value: string | undefined, flag: string, command: string): string {
  if (value !== undefined && value !== "") return value;
  throw new ToolError(`missing --${flag}. See: npm run ${command} -- --help`);
}

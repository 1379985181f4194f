/** Comments and issues that are found again by their mark. */
import type { IssueAction, OpenIssue } from "../drift/report";
import type { GitHub } from "./client";
import { isTree, type Tree } from "../../config/tree";

/** Who writes with the token of a workflow. A mark in anybody else's text is not ours. */
export const WORKFLOW_AUTHOR = "github-actions[bot]";

const loginOf = ({ user }: Tree): unknown => (isTree(user) ? user["login"] : undefined);

/** The first entry of the author's that begins with the mark. */
const own = (entries: readonly unknown[], mark: string, author: string): Tree | undefined =>
  entries
    .filter(isTree)
    .find((entry) => loginOf(entry) === author && typeof entry["body"] === "string" && entry["body"].startsWith(mark));

/** Writes the comment that begins with the mark, anew or over the one that is there. */
export async function upsertComment(
  github: GitHub,
  { issue, mark, text, author = WORKFLOW_AUTHOR }: { issue: number; mark: string; text: string; author?: string },
): Promise<"created" | "updated" | "unchanged"> {
  const present = own(await github.list(`/issues/${issue}/comments`), mark, author);
  if (present === undefined) {
    await github.call("POST", `/issues/${issue}/comments`, { body: text });
    return "created";
  }
  if (String(present["body"]).replace(/\r\n/g, "\n").trim() === text.trim()) return "unchanged";
  await github.call("PATCH", `/issues/comments/${Number(present["id"])}`, { body: text });
  return "updated";
}

/**
 * The open pull request of a branch whose newest commit is the given one.
 * @param head `owner:branch`, as GitHub's event says it; a fork's workflow cannot be asked for its number.
 */
export async function pullRequestOf(github: GitHub, head: string, sha: string): Promise<number | undefined> {
  const pulls = await github.list("/pulls", { state: "open", head });
  const match = pulls.filter(isTree).find(({ head }) => isTree(head) && head["sha"] === sha);
  return match === undefined ? undefined : Number(match["number"]);
}

/** The open issue that begins with the mark. */
export async function openIssue(
  github: GitHub,
  mark: string,
  author = WORKFLOW_AUTHOR,
): Promise<OpenIssue | undefined> {
  const issues = await github.list("/issues", { state: "open", labels: DRIFT_LABEL });
  const found = own(
    issues.filter((entry) => isTree(entry) && entry["pull_request"] === undefined),
    mark,
    author,
  );
  return found && { number: Number(found["number"]), body: String(found["body"]) };
}

/** Label by which drift issues are listed; GitHub makes it with the first issue. */
export const DRIFT_LABEL = "drift";

export async function applyIssueAction(github: GitHub, action: IssueAction): Promise<void> {
  if (action.kind === "none") return;
  if (action.kind === "open") {
    await github.call("POST", "/issues", { title: action.title, body: action.body, labels: [DRIFT_LABEL] });
    return;
  }
  if (action.kind === "update") await github.call("PATCH", `/issues/${action.issue}`, { body: action.body });
  await github.call("POST", `/issues/${action.issue}/comments`, { body: action.comment });
  if (action.kind === "close") {
    await github.call("PATCH", `/issues/${action.issue}`, { state: "closed", state_reason: "completed" });
  }
}

/** Who approved a run of GitHub Actions. */
import { isTree, type Tree } from "../../config/tree";
import type { GitHub } from "./client";

const namesOf = ({ environments }: Tree): unknown[] =>
  Array.isArray(environments) ? environments.filter(isTree).map(({ name }) => name) : [];

/**
 * Logins of those who approved the run for an environment, in GitHub's order; of all attempts of the run.
 *
 * Source: https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run (2022-11-28). An
 * environment that nobody has set up is made by its first use, without reviewers: then the list is empty.
 *
 * @param run Number of the run (GITHUB_RUN_ID).
 */
export async function approversOf(github: GitHub, run: string, environment: string): Promise<string[]> {
  const reviews = await github.call("GET", `/actions/runs/${run}/approvals`);
  return (Array.isArray(reviews) ? reviews : [])
    .filter(isTree)
    .filter((review) => review["state"] === "approved" && namesOf(review).includes(environment))
    .map(({ user }) => (isTree(user) && typeof user["login"] === "string" ? user["login"] : "somebody"));
}

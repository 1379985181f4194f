/** `npm run delivery:plan`: see the help text. */
import { existsSync } from "node:fs";
import path from "node:path";
import { EXIT } from "../../checks/exit-codes";
import { listStacks } from "../../config/stack-file";
import { programVersion } from "../../config/version";
import { runTool, ToolError } from "../../tools/cli";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { PLAN_MARKER, planComment } from "../plan/comment";
import { emptyPlan, type Plan, readPlan } from "../plan/plan";
import { summaryOf } from "../plan/summary";
import { COMMENT_FLAGS, deliverComment, git, GITHUB_NOTES, readAs, readText, required } from "./shared";

const GOLDEN = "tests/golden";

const COMMAND = {
  name: "delivery:plan",
  summary:
    "Compares the plans of two versions of the program and writes, for every environment, what is created, updated,\n" +
    "replaced and deleted, which nodes restart, whether the CNI changes and what will be felt. No cluster, no secret.",
  positionals: [],
  flags: {
    base: { type: "string", value: "DIR", summary: "folder with the plans of before, <stack>.yaml each" },
    "base-ref": { type: "string", value: "REF", summary: `take them from ${GOLDEN} of this commit instead` },
    head: { type: "string", value: "DIR", summary: `folder with the plans of after (default ${GOLDEN})` },
    stack: { type: "string", value: "STACK", repeatable: true, summary: "only this one (default: every stack file)" },
    "pull-request-of": { type: "string", value: "OWNER:BRANCH", summary: "find the pull request by its branch" },
    "head-sha": { type: "string", value: "SHA", summary: "the commit that must be on top of that branch" },
    ...COMMENT_FLAGS,
  },
  notes: GITHUB_NOTES,
} as const;

/** Plans of one side, by stack. */
type Source = (stack: string) => Plan;

const fromFolder =
  (folder: string): Source =>
  (stack) => {
    const file = path.join(folder, `${stack}.yaml`);
    return existsSync(file) ? readAs(() => readPlan(readText(file), file)) : emptyPlan(stack);
  };

const fromCommit = (ref: string): Source => {
  const commit = git(["rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`])?.trim();
  if (commit === undefined)
    throw new ToolError(`git knows no commit "${ref}"; fetch it, or name another with --base-ref`);
  return (stack) => {
    const text = git(["show", `${commit}:${GOLDEN}/${stack}.yaml`]);
    return text === undefined ? emptyPlan(stack) : readAs(() => readPlan(text, `${ref}:${GOLDEN}/${stack}.yaml`));
  };
};

void runTool(COMMAND, async ({ flags }) => {
  const ref = flags["base-ref"];
  if ((ref === undefined) === (flags.base === undefined)) {
    throw new ToolError("give either --base DIR or --base-ref REF: what the plans are compared with");
  }
  const before = ref === undefined ? fromFolder(flags.base ?? "") : fromCommit(ref);
  const after = fromFolder(flags.head ?? path.join(PROJECT_DIR, GOLDEN));
  const stacks = flags.stack ?? listStacks(PROJECT_DIR);
  const summaries = stacks.map((stack) => summaryOf(before(stack), after(stack)));
  const sha = flags["head-sha"];
  const text = planComment({
    summaries,
    base: ref ?? "base",
    head: sha?.slice(0, 12) ?? "head",
    program: programVersion(),
  });
  const head = flags["pull-request-of"];
  const branch = head === undefined ? {} : { branch: { head, sha: required(sha, "head-sha", COMMAND.name) } };
  await deliverComment(flags, { mark: PLAN_MARKER, text, ...branch });
  return EXIT.clean;
});

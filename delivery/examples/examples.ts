/**
 * What the workflows would post for made-up changes, as files under tests/golden/delivery: reviewed as texts, and proof
 * that a comment is the same for the same change. The plans are the real program's.
 */
import path from "node:path";
import { readStackFile } from "../../config/stack-file";
import { planYaml } from "../../tools/plan/document";
import { evaluate, PROJECT_DIR } from "../../tools/plan/evaluate";
import { driftBody } from "../drift/report";
import { refusals } from "../gate/gate";
import { planComment } from "../plan/comment";
import { type Plan, readPlan } from "../plan/plan";
import { type Summary, summaryOf } from "../plan/summary";
import { previewComment } from "../preview/comment";
import { recordOf } from "../preview/record";
import { DRIFT } from "./drift";
import { PROGRAM } from "./program";

/** Where the texts are, below the project folder. */
export const EXAMPLES_DIR = "tests/golden/delivery";

export interface Example {
  readonly file: string;
  readonly text: string;
}

const FIXTURES = path.join(PROJECT_DIR, "tests/stacks");

/** The plan of a stack file with some of its sections replaced. */
async function planOf(stack: string, values: Record<string, unknown>, file: string): Promise<Plan> {
  const source = readStackFile(PROJECT_DIR, stack, file);
  const evaluation = await evaluate({ ...source, values: { ...source.values, ...values } });
  return readPlan(planYaml(evaluation), stack);
}

/** Fixtures alone: the texts must not change with what a team writes into its own stack files. */
const fixture = (name: string): string => path.join(FIXTURES, `Pulumi.${name}.yaml`);
const moving = fixture("leaving-flannel");

/** The three states of a change of the CNI: before, under way, done. */
export const cniPlans = async (mode: "live" | "window" = "live") => ({
  before: await planOf("leaving-flannel", { cni: { provider: "flannel" } }, moving),
  under: await planOf("leaving-flannel", { cni: { provider: "calico", leaving: "flannel", mode } }, moving),
  after: await planOf("leaving-flannel", { cni: { provider: "calico" } }, moving),
});

/** A newer K3s on a settled stack. */
export async function k3sPlans() {
  const k3s = readStackFile(PROJECT_DIR, "staging", fixture("hardened")).values["k3s"] as object;
  const of = (version: string) => planOf("staging", { k3s: { ...k3s, version } }, fixture("hardened"));
  return { before: await of("v1.33.8+k3s1"), after: await of("v1.33.9+k3s1") };
}

const COMMITS = { base: "1111111111111111111111111111111111111111", head: "2222222222222222222222222222222222222222" };
const AT = "2026-01-02T03:04:05.000Z";

const WINDOW = { start: new Date("2026-01-02T03:00:00Z"), end: new Date("2026-01-02T06:00:00Z") };

function gateText(summary: Summary): string {
  const record = recordOf(summary, { commit: COMMITS.head, configDigest: "c".repeat(64), program: PROGRAM, at: AT });
  const cases = {
    "another commit is checked out, two days later": { commit: COMMITS.base, now: new Date("2026-01-04T03:04:05Z") },
    "the stack file was changed after the preview": { configDigest: "d".repeat(64) },
    "an environment without reviewers": { window: WINDOW, approval: { environment: "approve-prod", by: [] } },
    "within an acknowledged window": { window: WINDOW, approval: { environment: "approve-prod", by: ["octocat"] } },
  };
  const common = {
    record,
    stack: summary.stack,
    commit: COMMITS.head,
    configDigest: record.configDigest,
    maxAgeHours: 72,
  };
  return Object.entries(cases)
    .map(([title, more]) => {
      const reasons = refusals({ ...common, now: new Date("2026-01-02T04:00:00Z"), ...more });
      const lines = reasons.map(({ rule, text }) => `refused (${rule}): ${text}`);
      return [`# ${title}`, ...(lines.length > 0 ? lines : ["go"]), ""].join("\n");
    })
    .join("\n");
}

export async function examples(): Promise<Example[]> {
  const [cni, k3s] = [await cniPlans(), await k3sPlans()];
  const same = await planOf("dev", {}, fixture("tiers"));
  const start = summaryOf(cni.before, cni.under);
  const summaries = [start, summaryOf(k3s.before, k3s.after), summaryOf(same, same)];
  const record = recordOf(start, { commit: COMMITS.head, configDigest: "c".repeat(64), program: PROGRAM, at: AT });
  return [
    {
      file: "plan-comment.md",
      text: planComment({ summaries, base: COMMITS.base, head: COMMITS.head, program: PROGRAM }),
    },
    {
      file: "plan-comment-end-of-change.md",
      text: planComment({
        summaries: [summaryOf(cni.under, cni.after)],
        base: COMMITS.base,
        head: COMMITS.head,
        program: PROGRAM,
      }),
    },
    { file: "preview-comment.md", text: previewComment({ summary: start, errors: [], warnings: [] }, { record }) },
    { file: "drift-issue.md", text: driftBody(DRIFT) },
    { file: "deploy-gate.txt", text: gateText(start) },
  ];
}

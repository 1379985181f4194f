/** Our own stacks and fixtures pass the guardrails, and nothing secret gets into what is said. */
import { readStackFile } from "../../config/stack-file";
import { findingText } from "../../policy-pack/judge";
import { evaluate, evaluateStack, PROJECT_DIR } from "../../tools/plan/evaluate";
import { goldenStacks } from "../../tools/plan/golden";
import { judgePlan } from "../../tools/plan/guardrails";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

/** What is shown of stacks that are on a way, and stops nothing. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  "calico-ebpf": ["no-allow-all-policy"],
  "leaving-calico": ["cni-change-acknowledged"],
  "leaving-flannel": ["cni-change-acknowledged"],
  "staged-policies": ["default-deny"],
  "taken-over": ["default-deny", "no-privileged-containers"],
};

test.each(goldenStacks())("the plan of $stack", async ({ stack, file }) => {
  const findings = judgePlan(await evaluateStack(stack, file));
  expect(findings.filter(({ verdict }) => verdict !== "advisory").map(findingText)).toEqual([]);
  expect(findings.map(({ rule }) => rule)).toEqual(SHOWN[stack] ?? []);
});

test("findings quote no secret", async () => {
  const stackFile = readStackFile(PROJECT_DIR, "staging");
  const marked = "K10hunter2::server:hunter2";
  const values = { ...stackFile.values, k3sToken: marked, protect: false, policies: { enabled: false } };
  const findings = judgePlan(await evaluate({ ...stackFile, values, secretKeys: ["k3sToken"] }));
  expect(findings.length).toBeGreaterThan(2);
  expect(JSON.stringify(findings)).not.toContain("hunter2");
});

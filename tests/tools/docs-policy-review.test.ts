import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UNAUTHENTICATED_PORTS } from "../../components/network-policies/ports";
import { readStackFile } from "../../config/stack-file";
import { generatedFromPlans } from "../../tools/docs";
import {
  renderClusterWide,
  renderCoverage,
  renderExemptions,
  renderPolicies,
  type ReviewedStack,
} from "../../tools/docs-policy-review";
import { reviewedStacks } from "../../tools/docs-pictures";
import { EXAMPLE_CHECKS, STACK } from "../../tools/docs-report-example";
import { isStale, SCREENSHOTS } from "../../tools/docs-screenshots";
import { configOf } from "../../config/stack-config";
import { evaluate } from "../../tools/plan/evaluate";

const root = resolve(__dirname, "../..");

// The program runs for every stack, and the first run loads both providers' packages.
jest.setTimeout(240_000);

async function fixture(name: string): Promise<ReviewedStack> {
  const file = readStackFile(root, name, join(root, "tests/stacks", `Pulumi.${name}.yaml`));
  return { evaluation: await evaluate(file), config: configOf(file) };
}

test("what is made from plans is what npm run docs writes", async () => {
  const stacks = await reviewedStacks();
  const files = generatedFromPlans(root, stacks);
  expect(files.map(({ file }) => file)).toEqual([
    "docs/pictures/staging-graph.svg",
    "docs/pictures/staging-flows.svg",
    "docs/policy-review.md",
    "docs/reports.md",
  ]);
  for (const { present, wanted } of files) expect(present).toBe(wanted);
  expect(isStale(root, stacks)).toBe(false);
  // Another page than the pictured one is noticed without a browser.
  const [{ evaluation, config }] = stacks.filter((one) => one.evaluation.stack === STACK) as [ReviewedStack];
  const other = { evaluation, config: { ...config, cluster: { ...config.cluster, kubeconfigFile: "other.yaml" } } };
  expect(isStale(root, [other])).toBe(true);
});

test("pictures of pages are small enough for a page", () => {
  for (const file of SCREENSHOTS) expect([file, statSync(join(root, file)).size < 200_000]).toEqual([file, true]);
});

test("the example's checks are checks that there are", () => {
  const sources = readdirSync(join(root, "checks"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(root, "checks", file), "utf8"))
    .join("\n");
  expect(EXAMPLE_CHECKS.filter((id) => !sources.includes(`"${id}"`))).toEqual([]);
});

test("a namespace that was taken over is told to be open, and is an exemption", async () => {
  const [staged, none] = [await fixture("staged-policies"), await fixture("taken-over")];
  expect(renderCoverage([staged])).toContain("financial-ml is open: its default deny is staged");
  expect(renderCoverage([none])).toContain("financial-ml is open: it has no default deny");
  expect(renderExemptions([staged])).toContain("`policies.takenOver`: nobody shall be cut off unseen");
  expect(renderExemptions([await fixture("tiers")])).toContain("| `cert-manager` | the default deny of the whole");
});

test("cluster-wide objects are named, and the stacks are compared", async () => {
  const [tiers, plain] = [await fixture("tiers"), await fixture("taken-over")];
  expect(renderClusterWide([tiers])).toMatch(/`Tier platform`/);
  expect(renderClusterWide([tiers])).toMatch(/GlobalNetworkPolicy/);
  expect(renderPolicies([tiers, plain])).toContain("declares other policies: compare the two plans");
  expect(renderPolicies([tiers, tiers])).toContain("declares the same policies, with the same reasons");
});

test("every port that asks nobody is on the sheet", () => {
  const page = readFileSync(join(root, "docs/policy-review.md"), "utf8");
  const [, section = ""] = page.split("## Ports that ask nobody who he is");
  const [ports = ""] = section.split("\n## ");
  const missing = Object.values(UNAUTHENTICATED_PORTS)
    .flat()
    .filter((port) => !new RegExp(`^\\|.*\\b${port}\\b`, "m").test(ports));
  expect(missing).toEqual([]);
});

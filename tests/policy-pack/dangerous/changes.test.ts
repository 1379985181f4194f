/** Every dangerous change is stopped before the cluster is touched, and by the layer that its row names. */
import { parseConfig } from "../../../config/parse";
import { readStackFile, type StackFile } from "../../../config/stack-file";
import { evaluate, evaluateStack, type Evaluation, PROJECT_DIR } from "../../../tools/plan/evaluate";
import { judgePlan } from "../../../tools/plan/guardrails";
import { judge } from "../../checks/support/take-over";
import { setPath } from "../../config/cases/case";
import { DANGEROUS_CHANGES, type DangerousChange, type Layer } from "./changes";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

const STACK = "prod";

function changedFile({ stack = STACK, set = {} }: DangerousChange): StackFile {
  const file = readStackFile(PROJECT_DIR, stack);
  const values: Record<string, unknown> = structuredClone({ ...file.values });
  for (const [path, value] of Object.entries(set)) {
    const [list, index] = [path.split(".").slice(0, -1).join("."), path.split(".").at(-1)];
    // An entry is taken out of its list.
    if (value === undefined && /^\d+$/.test(index ?? "")) {
      const entries = list.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], values);
      (entries as unknown[]).splice(Number(index), 1);
    } else setPath(values, path, value);
  }
  return { ...file, values };
}

async function planOf(change: DangerousChange): Promise<Evaluation> {
  const evaluation = await evaluate(changedFile(change));
  return { ...evaluation, resources: change.edit?.(evaluation.resources) ?? evaluation.resources };
}

interface Stopped {
  readonly layer: Layer;
  readonly by: readonly string[];
}

/** Goes through the layers in the order in which they see a change; undefined when none stops it. */
async function stoppedBy(change: DangerousChange): Promise<Stopped | undefined> {
  if (change.machines !== undefined) {
    const { contradictions } = judge(change.machines);
    return contradictions.length === 0
      ? undefined
      : { layer: "preflight", by: contradictions.map(({ what, fix }) => `${what}; ${fix}`) };
  }
  const { values, secretKeys } = changedFile(change);
  const { faults } = parseConfig(values, new Set(secretKeys));
  if (faults.length > 0) return { layer: "configuration", by: faults.map(({ rule }) => rule) };
  const base = change.againstBase ? await evaluateStack(change.stack ?? STACK) : undefined;
  const findings = judgePlan(await planOf(change), base).filter(({ verdict }) => verdict === "mandatory");
  return findings.length === 0 ? undefined : { layer: "guardrail", by: findings.map(({ rule }) => rule) };
}

test.each(DANGEROUS_CHANGES)("$change: $layer, $by", async (change) => {
  const stopped = await stoppedBy(change);
  expect(stopped?.layer).toBe(change.layer);
  const hit = stopped?.by.find((one) => (change.layer === "preflight" ? one.includes(change.by) : one === change.by));
  expect(hit ?? stopped?.by).toEqual(expect.stringContaining(change.by));
});

test("without a change nothing is stopped, so that it is the change that is", async () => {
  expect(judgePlan(await evaluateStack(STACK), await evaluateStack(STACK))).toEqual([]);
  expect(judge({}).contradictions).toEqual([]);
});

test("there are at least twenty", () => {
  expect(new Set(DANGEROUS_CHANGES.map(({ change }) => change)).size).toBeGreaterThanOrEqual(20);
});

/** The golden plans: what every stack of the project and every fixture declares, committed and reviewed as a diff. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { listStacks } from "../../config/stack-file";
import { lineDiff } from "../line-diff";
import { planYaml } from "./document";
import { type Evaluation, evaluateStack, PROJECT_DIR } from "./evaluate";

export const GOLDEN_DIR = path.join(PROJECT_DIR, "tests/golden");
const FIXTURE_DIR = path.join(PROJECT_DIR, "tests/stacks");

export interface GoldenStack {
  readonly stack: string;
  /** A fixture's file; the project's stacks have theirs beside Pulumi.yaml. */
  readonly file?: string;
}

export interface GoldenResult {
  readonly stack: string;
  readonly goldenFile: string;
  readonly text: string;
  /** What differs from the committed plan; empty when nothing does. */
  readonly difference: string;
}

/** Every stack that has a golden plan, the project's first. @throws Error when a fixture has a stack's name. */
export function goldenStacks(): GoldenStack[] {
  const stacks = listStacks(PROJECT_DIR);
  const fixtures = listStacks(FIXTURE_DIR);
  const twice = fixtures.filter((fixture) => stacks.includes(fixture));
  if (twice.length > 0) throw new Error(`fixtures with the name of a stack: ${twice.join(", ")}; rename the fixtures`);
  return [
    ...stacks.map((stack) => ({ stack })),
    ...fixtures.map((stack) => ({ stack, file: path.join(FIXTURE_DIR, `Pulumi.${stack}.yaml`) })),
  ];
}

/** Golden files whose stack no longer exists. */
export function orphans(): string[] {
  const known = new Set(goldenStacks().map(({ stack }) => `${stack}.yaml`));
  const present = existsSync(GOLDEN_DIR) ? readdirSync(GOLDEN_DIR) : [];
  return present.filter((name) => name.endsWith(".yaml") && !known.has(name)).sort();
}

/** A release changes what is deployed nowhere, so the version that a stack puts out is not part of its golden plan. */
function unversioned(evaluation: Evaluation): Evaluation {
  return { ...evaluation, outputs: { ...evaluation.outputs, version: "of package.json" } };
}

/** Evaluates one stack and compares it with its committed plan. */
export async function compareGolden({ stack, file }: GoldenStack): Promise<GoldenResult> {
  const source = file === undefined ? `Pulumi.${stack}.yaml` : path.relative(PROJECT_DIR, file);
  const header = `# What ${source} declares. Written by \`npm run golden\`; review its diff, never edit it by hand.\n`;
  const text = header + planYaml(unversioned(await evaluateStack(stack, file)));
  const goldenFile = path.join(GOLDEN_DIR, `${stack}.yaml`);
  const committed = existsSync(goldenFile) ? readFileSync(goldenFile, "utf8") : "";
  refuseMachinePaths(stack, text);
  return { stack, goldenFile, text, difference: lineDiff(committed, text) };
}

/** A plan that holds this machine's folders would differ on the next one. */
function refuseMachinePaths(stack: string, text: string): void {
  const folders = [PROJECT_DIR, homedir(), tmpdir()].filter((folder) => folder.length > 1);
  for (const folder of folders) {
    const line = text.split("\n").find((candidate) => containsPath(candidate, folder));
    if (line !== undefined) {
      throw new Error(`the plan of ${stack} holds a path of this machine, ${folder}: "${line.trim()}"`);
    }
  }
}

/** Whether the folder stands in the line as a path of its own, not as the end or the start of a longer name. */
function containsPath(line: string, folder: string): boolean {
  for (let at = line.indexOf(folder); at >= 0; at = line.indexOf(folder, at + 1)) {
    if (!/[\w./-]/.test(line[at - 1] ?? " ") && !/[\w.-]/.test(line[at + folder.length] ?? " ")) return true;
  }
  return false;
}

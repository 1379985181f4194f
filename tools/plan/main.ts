/** `npm run plan -- <stack>`: see the help text. */
import { writeFileSync } from "node:fs";
import { messageOf } from "../../config/thrown";
import { EXIT } from "../../checks/exit-codes";
import { findingText, isStopped } from "../../policy-pack/judge";
import { runTool, ToolError } from "../cli";
import { planDocument, planYaml } from "./document";
import { type Evaluation, evaluateStack } from "./evaluate";
import { judgePlan } from "./guardrails";

const COMMAND = {
  name: "plan",
  summary:
    "Runs the program for a stack file, without a cluster or credentials, and writes every resource with its inputs,\n" +
    "parent, dependencies and options, and every file of every machine, as YAML. Secrets are masked. What the guardrails\n" +
    "(docs/guardrails.md) find goes to standard error; with a mandatory violation the exit code is 1.",
  positionals: ["<stack>"],
  flags: {
    "config-file": { type: "string", value: "FILE", summary: "read this file instead of Pulumi.<stack>.yaml" },
    out: { type: "string", value: "FILE", summary: "write to this file instead of standard output" },
    json: { type: "boolean", summary: "write JSON instead of YAML, the guardrails' findings under `guardrails`" },
    base: {
      type: "string",
      value: "FILE",
      summary: "the stack file as it was: judges also the way from it to this one",
    },
  },
} as const;

void runTool(COMMAND, async ({ positionals: [stack = ""], flags }) => {
  const evaluation = await evaluateStack(stack, flags["config-file"]);
  const base = flags.base === undefined ? undefined : await evaluateStack(stack, flags.base);
  const findings = judgePlan(evaluation, base);
  const text = flags.json
    ? `${JSON.stringify({ ...planDocument(evaluation), guardrails: findings }, undefined, 2)}\n`
    : planYaml(evaluation);
  write(evaluation, text, flags.out);
  for (const finding of findings) process.stderr.write(`${findingText(finding)}\n`);
  return isStopped(findings) ? EXIT.failed : EXIT.clean;
});

function write({ stack, resources }: Evaluation, text: string, file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new ToolError(`cannot write ${file}: ${messageOf(error)}`);
  }
  process.stderr.write(`${resources.length - 1} resources of ${stack} written to ${file}\n`);
}

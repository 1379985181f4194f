/** `npm run plan -- <stack>`: see the help text. */
import { writeFileSync } from "node:fs";
import { messageOf } from "../../config/thrown";
import { programVersion } from "../../config/version";
import { EXIT } from "../../checks/exit-codes";
import { readStackFile } from "../../config/stack-file";
import { findingText, isStopped } from "../../policy-pack/judge";
import { runTool, ToolError } from "../cli";
import { planDocument, planYaml } from "./document";
import { configOf } from "../../config/stack-config";
import { evaluate, evaluateStack, PROJECT_DIR } from "./evaluate";
import { judgePlan } from "./guardrails";
import { flowPicture } from "./pictures/flow-picture";
import { graphPicture } from "./pictures/graph-picture";

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
    graph: { type: "string", value: "FILE", summary: "write the resources and what waits for what as a picture (SVG)" },
    flows: { type: "string", value: "FILE", summary: "write who may talk to whom as a picture (SVG)" },
  },
  notes: "With --graph or --flows the plan itself is written only where --out or --json asks for it.",
} as const;

void runTool(COMMAND, async ({ positionals: [stack = ""], flags }) => {
  const file = readStackFile(PROJECT_DIR, stack, flags["config-file"]);
  const evaluation = await evaluate(file);
  const base = flags.base === undefined ? undefined : await evaluateStack(stack, flags.base);
  const findings = judgePlan(evaluation, base);
  const text = flags.json
    ? `${JSON.stringify({ program: programVersion(), ...planDocument(evaluation), guardrails: findings }, undefined, 2)}\n`
    : planYaml(evaluation);
  const pictures = flags.graph !== undefined || flags.flows !== undefined;
  if (flags.out !== undefined) {
    writeText(flags.out, text);
    process.stderr.write(`${evaluation.resources.length - 1} resources of ${stack} written to ${flags.out}\n`);
  } else if (flags.json === true || !pictures) {
    process.stdout.write(text);
  }
  if (flags.graph !== undefined) writeText(flags.graph, graphPicture(evaluation));
  if (flags.flows !== undefined) writeText(flags.flows, flowPicture(stack, configOf(file)));
  for (const finding of findings) process.stderr.write(`${findingText(finding)}\n`);
  return isStopped(findings) ? EXIT.failed : EXIT.clean;
});

function writeText(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new ToolError(`cannot write ${file}: ${messageOf(error)}`);
  }
}

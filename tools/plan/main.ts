/** `npm run plan -- <stack>`: see the help text. */
import { writeFileSync } from "node:fs";
import { messageOf } from "../../config/thrown";
import { EXIT } from "../../checks/exit-codes";
import { runTool, ToolError } from "../cli";
import { planDocument, planYaml } from "./document";
import { evaluateStack } from "./evaluate";

const COMMAND = {
  name: "plan",
  summary:
    "Runs the program for a stack file, without a cluster or credentials, and writes every resource with its inputs,\n" +
    "parent, dependencies and options, and every file of every machine, as YAML. Secrets are masked.",
  positionals: ["<stack>"],
  flags: {
    "config-file": { type: "string", value: "FILE", summary: "read this file instead of Pulumi.<stack>.yaml" },
    out: { type: "string", value: "FILE", summary: "write to this file instead of standard output" },
    json: { type: "boolean", summary: "write JSON instead of YAML" },
  },
} as const;

void runTool(COMMAND, async ({ positionals: [stack = ""], flags }) => {
  const evaluation = await evaluateStack(stack, flags["config-file"]);
  const text = flags.json ? `${JSON.stringify(planDocument(evaluation), undefined, 2)}\n` : planYaml(evaluation);
  if (flags.out === undefined) {
    process.stdout.write(text);
    return EXIT.clean;
  }
  try {
    writeFileSync(flags.out, text);
  } catch (error) {
    throw new ToolError(`cannot write ${flags.out}: ${messageOf(error)}`);
  }
  process.stderr.write(`${evaluation.resources.length - 1} resources of ${stack} written to ${flags.out}\n`);
  return EXIT.clean;
});

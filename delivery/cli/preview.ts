/** `npm run delivery:preview`: see the help text. */
import { EXIT } from "../../checks/exit-codes";
import { existsSync } from "node:fs";
import { programVersion } from "../../config/version";
import { runTool, ToolError } from "../../tools/cli";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { configDigest } from "../gate/digest";
import { isFailed, previewComment, previewMarker } from "../preview/comment";
import { readViolations } from "../preview/guardrails";
import { readPreview } from "../preview/preview";
import { recordOf } from "../preview/record";
import {
  cleanCommit,
  COMMENT_FLAGS,
  deliverComment,
  GITHUB_NOTES,
  headCommit,
  readAs,
  readText,
  required,
  writeText,
} from "./shared";

const COMMAND = {
  name: "delivery:preview",
  summary:
    "Reads what `pulumi preview --refresh --json` wrote and says it in one comment: the table of `delivery:plan`, and the\n" +
    "paths of what changes, never values. With --record, also the file that a deployment is held against.",
  positionals: ["<stack>"],
  flags: {
    preview: { type: "string", value: "FILE", summary: "standard output of `pulumi preview --json`" },
    record: { type: "string", value: "FILE", summary: "write the record for `delivery:gate` to this file" },
    "preview-exit": { type: "string", value: "CODE", summary: "exit code of that command; default 0" },
    guardrails: {
      type: "string",
      value: "FILE",
      summary: "what the policy pack wrote to GUARDRAIL_REPORT; may be missing",
    },
    "config-file": {
      type: "string",
      value: "FILE",
      summary: "the stack's configuration (default Pulumi.<stack>.yaml)",
    },
    ...COMMENT_FLAGS,
  },
  notes: `Exit codes: 0 previewed, 1 the preview failed, 2 could not look.\n${GITHUB_NOTES}`,
} as const;

function exitOf(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new ToolError(`--preview-exit is "${text}"; allowed is the exit code of pulumi, 0 to 255`);
}

const violationsOf = (file: string | undefined) =>
  file === undefined || !existsSync(file) ? [] : readAs(() => readViolations(readText(file)));

void runTool(COMMAND, async ({ positionals: [stack = ""], flags }) => {
  const json = readText(required(flags.preview, "preview", COMMAND.name));
  const preview = readAs(() => readPreview(json, stack));
  const record = recordOf(preview.summary, {
    // A deployment is held against it; to read a comment the state of a working copy is enough.
    commit: flags.record === undefined ? headCommit() : cleanCommit(),
    configDigest: readAs(() => configDigest(PROJECT_DIR, stack, flags["config-file"])),
    program: programVersion(),
    at: new Date().toISOString(),
  });
  const facts = {
    record,
    violations: violationsOf(flags.guardrails),
    failed: exitOf(flags["preview-exit"] ?? "0") !== 0,
  };
  const failed = isFailed(preview, facts);
  // What has failed cannot be approved.
  if (flags.record !== undefined && !failed) writeText(flags.record, `${JSON.stringify(record, undefined, 2)}\n`);
  await deliverComment(flags, { mark: previewMarker(stack), text: previewComment(preview, facts) });
  return failed ? EXIT.failed : EXIT.clean;
});

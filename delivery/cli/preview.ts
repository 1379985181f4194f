/** `npm run delivery:preview`: see the help text. */
import { EXIT } from "../../checks/exit-codes";
import { programVersion } from "../../config/version";
import { runTool } from "../../tools/cli";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { configDigest } from "../gate/digest";
import { previewComment, previewMarker } from "../preview/comment";
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
    "config-file": {
      type: "string",
      value: "FILE",
      summary: "the stack's configuration (default Pulumi.<stack>.yaml)",
    },
    ...COMMENT_FLAGS,
  },
  notes: `Exit codes: 0 previewed, 1 the preview failed, 2 could not look.\n${GITHUB_NOTES}`,
} as const;

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
  const failed = preview.errors.length > 0;
  // What has failed cannot be approved.
  if (flags.record !== undefined && !failed) writeText(flags.record, `${JSON.stringify(record, undefined, 2)}\n`);
  await deliverComment(flags, { mark: previewMarker(stack), text: previewComment(preview, record) });
  return failed ? EXIT.failed : EXIT.clean;
});

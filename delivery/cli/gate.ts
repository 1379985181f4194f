/** `npm run delivery:gate`: see the help text. */
import { EXIT } from "../../checks/exit-codes";
import { messageOf } from "../../config/thrown";
import { runTool, ToolError } from "../../tools/cli";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { configDigest } from "../gate/digest";
import { type Approval, refusals } from "../gate/gate";
import { readWindow } from "../gate/window";
import { approversOf } from "../github/approvals";
import { readPreview } from "../preview/preview";
import { changesDigest, cniOf, readRecord } from "../preview/record";
import { cleanCommit, connect, readAs, readText, required } from "./shared";

/** A preview of Friday is deployed on Monday, not later. */
const MAX_AGE_HOURS = 72;

const COMMAND = {
  name: "delivery:gate",
  summary:
    "Says whether what was previewed and approved may be deployed now. Refused: another commit or stack configuration,\n" +
    "other changes than those previewed, an old preview, a change of the CNI outside an acknowledged window, and a run that\n" +
    "nobody approved.",
  positionals: ["<stack>"],
  flags: {
    record: {
      type: "string",
      value: "FILE",
      summary: "what `delivery:preview --record` wrote for the approved preview",
    },
    preview: { type: "string", value: "FILE", summary: "a `pulumi preview --json` of now, to be compared with it" },
    "config-file": {
      type: "string",
      value: "FILE",
      summary: "the stack's configuration (default Pulumi.<stack>.yaml)",
    },
    "max-age": {
      type: "string",
      value: "HOURS",
      summary: `oldest preview that may be deployed (default ${MAX_AGE_HOURS})`,
    },
    approval: {
      type: "string",
      value: "ENVIRONMENT",
      summary: "on GitHub: the environment whose reviewers must have approved this run",
    },
    window: { type: "string", value: "START/END", summary: "acknowledged window for the CNI (default: CNI_WINDOW)" },
  },
  notes:
    "--approval takes GITHUB_TOKEN (permission actions: read), GITHUB_REPOSITORY, GITHUB_API_URL and GITHUB_RUN_ID from the\n" +
    "environment, as workflows have them. Exit codes: 0 go, 1 refused, 2 could not look.",
} as const;

function hoursOf(text: string): number {
  const hours = Number(text);
  if (text.trim() !== "" && hours > 0 && Number.isFinite(hours)) return hours;
  throw new ToolError(`--max-age is "${text}"; allowed is a number of hours above 0, such as 72`);
}

/** @throws ToolError where GitHub cannot be asked. */
async function approvalOf(environment: string): Promise<Approval> {
  const run = process.env["GITHUB_RUN_ID"] ?? "";
  if (!/^\d+$/.test(run)) {
    throw new ToolError(`GITHUB_RUN_ID is "${run}"; allowed is a number: --approval is for runs of GitHub Actions`);
  }
  const github = connect(false);
  try {
    return { environment, by: await approversOf(github, run, environment) };
  } catch (error) {
    throw new ToolError(`cannot ask GitHub who approved: ${messageOf(error)}`);
  }
}

void runTool(COMMAND, async ({ positionals: [stack = ""], flags }) => {
  const file = required(flags.record, "record", COMMAND.name);
  const record = readAs(() => readRecord(readText(file), file));
  const window = flags.window ?? process.env["CNI_WINDOW"] ?? "";
  const preview = flags.preview;
  const now = preview === undefined ? undefined : readAs(() => readPreview(readText(preview), stack));
  if (now !== undefined && now.errors.length > 0) throw new ToolError(`${preview} is of a preview that failed`);
  const cni = now && cniOf(now.summary);
  const approval = flags.approval === undefined ? undefined : await approvalOf(flags.approval);
  const reasons = refusals({
    record,
    stack,
    commit: cleanCommit(),
    configDigest: readAs(() => configDigest(PROJECT_DIR, stack, flags["config-file"])),
    ...(now === undefined ? {} : { changesDigest: changesDigest(now.summary.changes) }),
    ...(cni === undefined ? {} : { cni }),
    now: new Date(),
    maxAgeHours: flags["max-age"] === undefined ? MAX_AGE_HOURS : hoursOf(flags["max-age"]),
    ...(window === "" ? {} : { window: readAs(() => readWindow(window)) }),
    ...(approval === undefined ? {} : { approval }),
  });
  for (const { rule, text } of reasons) process.stderr.write(`refused (${rule}): ${text}\n`);
  const approved = approval === undefined ? "" : `, approved by ${approval.by.join(", ")}`;
  if (reasons.length === 0)
    process.stdout.write(`go: ${stack} at ${record.commit}, previewed ${record.at}${approved}\n`);
  return reasons.length === 0 ? EXIT.clean : EXIT.failed;
});

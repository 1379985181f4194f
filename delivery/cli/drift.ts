/** `npm run delivery:drift`: see the help text. */
import { existsSync } from "node:fs";
import { EXIT } from "../../checks/exit-codes";
import { programVersion } from "../../config/version";
import { runTool, ToolError } from "../../tools/cli";
import {
  driftBody,
  driftMarker,
  issueAction,
  type Look,
  NO_REPORT,
  readDriftReport,
  refreshLook,
  verdictOf,
} from "../drift/report";
import { applyIssueAction, openIssue } from "../github/threads";
import { connect, GITHUB_NOTES, POST_FLAGS, readAs, readText, required, writeText } from "./shared";

const COMMAND = {
  name: "delivery:drift",
  summary:
    "Puts `npm run drift` and `pulumi refresh --preview-only --expect-no-changes` into one issue per environment: opens it\n" +
    "at the first drift, updates it when the drift is another one, closes it when both find none.",
  positionals: ["<stack>"],
  flags: {
    "refresh-exit": {
      type: "string",
      value: "CODE",
      summary: "exit code of the refresh: 0 none, 7 drift, else could not look",
    },
    report: { type: "string", value: "FILE", summary: "what `npm run drift -- <stack> --json` wrote; may be missing" },
    post: { type: "boolean", summary: "open, update or close the issue" },
    ...POST_FLAGS,
  },
  notes: `Exit codes: 0 clean, 2 could not look (the issue stays as it is), 7 drift.\n${GITHUB_NOTES}`,
} as const;

const EXIT_OF = { clean: EXIT.clean, drift: EXIT.drift, "could not look": EXIT.couldNotLook } as const;

function lookOf(text: string): Look {
  if (/^\d{1,3}$/.test(text)) return refreshLook(Number(text));
  throw new ToolError(`--refresh-exit is "${text}"; allowed is the exit code of pulumi, 0 to 255`);
}

void runTool(COMMAND, async ({ positionals: [stack = ""], flags }) => {
  const refresh = lookOf(required(flags["refresh-exit"], "refresh-exit", COMMAND.name));
  const file = required(flags.report, "report", COMMAND.name);
  const text = existsSync(file) ? readText(file) : "";
  const report = text === "" ? NO_REPORT : readAs(() => readDriftReport(text, stack));
  const input = { stack, refresh, report, program: programVersion() };
  const verdict = verdictOf(input);
  if (flags.out !== undefined) writeText(flags.out, verdict === "drift" ? driftBody(input) : `${stack}: ${verdict}\n`);
  const dryRun = flags["dry-run"] === true;
  if (dryRun || flags.post === true) {
    const github = connect(dryRun);
    const action = issueAction(input, await openIssue(github, driftMarker(stack)));
    await applyIssueAction(github, action);
    process.stderr.write(
      `${stack}: ${action.kind === "none" ? action.why : `${dryRun ? "would " : ""}${action.kind}`}\n`,
    );
  }
  process.stderr.write(`${stack}: ${verdict}\n`);
  return EXIT_OF[verdict];
});

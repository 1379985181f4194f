/** `npm run validate`: the success criteria against a stack's cluster. */
import { type CommandLine, type Flag, parseCommandLine, helpOf, ToolError } from "../../tools/cli";
import { CheckContext, PROJECT_DIR } from "../context";
import { successCriteria } from "../criteria/criteria";
import { EXIT, type ExitCode } from "../exit-codes";
import { settle } from "../engine/settle";
import { jsonReport } from "../report/json";
import { progressLine, textOptions, textReport } from "../report/text";
import type { Subject } from "../subject";
import type { Io } from "./io";
import { momentOf, secondsOf } from "./numbers";
import { progressReporter } from "./progress";
import { chooseChecks } from "./run-once";
import { subjectFrom, subjectOfStack } from "./subject-source";

const FLAGS = {
  kubeconfig: { type: "string", value: "FILE", summary: "kubeconfig to use instead of the stack's own" },
  json: { type: "boolean", summary: "write the report as JSON (version field inside) instead of text" },
  only: { type: "string", value: "IDS", summary: "run these checks, comma-separated, and what they need" },
  since: {
    type: "string",
    value: "MOMENT",
    summary: "start of the deployment whose logs count, such as 2026-11-22T16:00:00Z",
  },
  timeout: {
    type: "string",
    value: "SECONDS",
    summary: "bound of the whole run; validation.timeoutSeconds when absent",
  },
  wait: {
    type: "string",
    value: "SECONDS",
    summary: "try again for so long while anything is not clean; 0 when absent, the bound with --subject",
  },
  subject: {
    type: "string",
    value: "FILE",
    summary: "what to check as JSON, - for standard input, instead of <stack>",
  },
  "config-file": { type: "string", value: "FILE", summary: "stack file, where it is not Pulumi.<stack>.yaml" },
} as const satisfies Record<string, Flag>;

export const VALIDATE: CommandLine<typeof FLAGS> = {
  name: "validate",
  summary: "Runs the success criteria against the cluster of a stack and reports each with its evidence.",
  positionals: ["[<stack>]"],
  flags: FLAGS,
  notes: "Exit codes: 0 clean, 1 failed, 2 could not look, 7 drift. Skipped checks are never counted as passed.",
};

/** @throws ToolError | ConfigError before anything is looked at. */
export async function validate(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, help } = parseCommandLine(VALIDATE, argv);
  if (help) {
    io.stdout.write(helpOf(VALIDATE));
    return EXIT.clean;
  }
  const since = momentOf("since", flags.since);
  const timeout = secondsOf("timeout", flags.timeout);
  const wait = secondsOf("wait", flags.wait);
  const subject = await readSubject(io, positionals[0], flags.subject, flags["config-file"]);
  const context = new CheckContext(subject, flags.kubeconfig, since);
  const checks = chooseChecks(successCriteria(context), flags.only);
  const bound = timeout ?? subject.timeoutSeconds;
  const options = textOptions(io.stdout, io.env);
  const errorOptions = textOptions(io.stderr, io.env);
  const say = (line: string): void => void io.stderr.write(`${line}\n`);
  const waitMs = 1000 * Math.min(bound, wait ?? (flags.subject === undefined ? 0 : bound));
  const run = await settle(checks, {
    waitMs,
    signal: AbortSignal.any([io.signal, timeoutSignal(bound)]),
    // One round is told as it goes; of many, only what changes.
    ...(waitMs === 0
      ? { onFinding: (finding) => say(progressLine(finding, errorOptions)) }
      : { onRound: progressReporter(errorOptions, say) }),
  });
  const head = { command: "validate", stack: subject.stack, uid: subject.uid, kubeconfig: context.kubeconfigPath };
  io.stdout.write(flags.json ? jsonReport(head, run) : textReport(head, run, options));
  return io.signal.aborted ? EXIT.failed : run.exitCode;
}

/** The end of the whole run's time, in words that end up in the findings. */
function timeoutSignal(seconds: number): AbortSignal {
  const controller = new AbortController();
  const reason = new Error(`the run's time of ${seconds} s was over`);
  setTimeout(() => controller.abort(reason), seconds * 1000).unref();
  return controller.signal;
}

function readSubject(io: Io, stack?: string, source?: string, configFile?: string): Promise<Subject> | Subject {
  if ((stack === undefined) === (source === undefined)) {
    throw new ToolError("name either a <stack> or a --subject. See: npm run validate -- --help");
  }
  if (source !== undefined) return subjectFrom(source, io.stdin);
  return subjectOfStack(PROJECT_DIR, stack!, configFile);
}

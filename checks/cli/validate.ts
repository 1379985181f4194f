/** `npm run validate`: the success criteria against a stack's cluster. */
import { type CommandLine, type Flag, parseCommandLine, ToolError } from "../../tools/cli";
import { CheckContext, PROJECT_DIR } from "../context";
import { successCriteria } from "../criteria/criteria";
import { EXIT, type ExitCode } from "../exit-codes";
import { declaredFlows } from "../policy/declared";
import { headOf } from "../report/head";
import { settle } from "../engine/settle";
import type { Subject } from "../subject";
import { CONFIG_FILE, KUBECONFIG } from "./flags";
import type { Io } from "../../terminal/io";
import { momentOf, secondsOf } from "./numbers";
import { chosenOutputs, hand, REPORT_FLAGS } from "./reporting";
import { chooseChecks } from "./run-once";
import { startProgress } from "./run-progress";
import { subjectFrom, subjectOfStack } from "./subject-source";

const FLAGS = {
  kubeconfig: KUBECONFIG,
  ...REPORT_FLAGS,
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
  "config-file": CONFIG_FILE,
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
  const { flags, positionals, answer } = parseCommandLine(VALIDATE, argv);
  if (answer !== undefined) {
    io.stdout.write(answer);
    return EXIT.clean;
  }
  const since = momentOf("since", flags.since);
  const timeout = secondsOf("timeout", flags.timeout);
  const wait = secondsOf("wait", flags.wait);
  const outputs = chosenOutputs(flags);
  const subject = await readSubject(io, positionals[0], flags.subject, flags["config-file"]);
  const context = new CheckContext(subject, flags.kubeconfig, since);
  const checks = chooseChecks(successCriteria(context), flags.only);
  const bound = timeout ?? subject.timeoutSeconds;
  const waitMs = 1000 * Math.min(bound, wait ?? (flags.subject === undefined ? 0 : bound));
  const progress = startProgress({ title: `validate ${subject.stack}`, rounds: waitMs > 0 }, io);
  const signal = AbortSignal.any([io.signal, timeoutSignal(bound)]);
  const run = await settle(checks, { waitMs, signal, ...progress.listeners })
    .finally(progress.stop)
    .finally(() => context.finish((line) => void io.stderr.write(`${line}\n`)));
  const report = { head: headOf("validate", context), run, at: new Date(), flows: declaredFlows(subject) };
  return hand(outputs, report, io.signal.aborted ? EXIT.failed : run.exitCode, io);
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

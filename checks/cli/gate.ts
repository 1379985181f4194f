/** `node tools/run.mjs gate <id>`: waits until the checks of one readiness gate are clean. */
import { type CommandLine, type Flag, parseCommandLine, ToolError } from "../../tools/cli";
import { suggest } from "../../config/suggest";
import { CheckContext } from "../context";
import { settle } from "../engine/settle";
import type { RunResult } from "../engine";
import { EXIT, type ExitCode } from "../exit-codes";
import { gateChecks, MAY_SKIP } from "../gates/gates";
import { headOf } from "../report/head";
import { duration } from "../report/layout";
import { STDOUT } from "../report/outputs";
import { notesOf } from "../report/report";
import { textOptions, textReport } from "../report/text";
import { GATE_IDS, type GateId, gateSubjectSchema } from "../subject";
import type { Io } from "../../terminal/io";
import { progressReporter } from "./progress";
import { chosenOutputs, hand, REPORT_FLAGS } from "./reporting";
import { subjectFrom } from "./subject-source";

const FLAGS = {
  kubeconfig: { type: "string", value: "FILE", summary: "kubeconfig to use instead of the subject's own" },
  ...REPORT_FLAGS,
} as const satisfies Record<string, Flag>;

export const GATE: CommandLine<typeof FLAGS> = {
  name: "gate",
  summary: `Waits until one readiness gate is passed, at most for the subject's timeoutSeconds. Gates: ${GATE_IDS.join(", ")}.`,
  positionals: ["<id>"],
  flags: FLAGS,
  notes:
    "Reads the gate's part of the subject (checks/subject.ts) as JSON from standard input. Progress goes to standard error.\n" +
    "Exit codes: 0 go, 1 no-go, 2 could not look.",
};

/** @throws ToolError before anything is looked at. */
export async function gate(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { stdin, stdout, stderr, env, signal } = io;
  const { flags, positionals, answer } = parseCommandLine(GATE, argv);
  if (answer !== undefined) {
    stdout.write(answer);
    return EXIT.clean;
  }
  const id = gateId(positionals[0] ?? "");
  const outputs = chosenOutputs(flags);
  // Without a report asked for, standard output says go or no-go and nothing else.
  const toStdout = flags.json === true || (flags.report ?? []).some((value) => value.endsWith(`=${STDOUT}`));
  const subject = await subjectFrom("-", stdin, gateSubjectSchema(id));
  const context = new CheckContext(subject, flags.kubeconfig);
  const options = textOptions(stderr, env);
  const say = (text: string): void => void stderr.write(text);
  let elapsed = 0;
  const progress = progressReporter(options, (line) => say(`${line}\n`));
  const settled = settle(gateChecks(id, context), {
    waitMs: subject.timeoutSeconds * 1000,
    signal,
    onRound: (round, elapsedMs) => {
      elapsed = elapsedMs;
      progress(round, elapsedMs);
    },
  });
  const run = await settled.finally(() => context.close());
  const exitCode = signal.aborted ? EXIT.failed : gateExitCode(id, run);
  const head = headOf(`gate ${id}`, context);
  if (exitCode !== EXIT.clean && !toStdout) say(`\n${textReport(head, run, options)}`);
  // What stops nothing is still to be read: what stays as it is, what will happen.
  else for (const note of notesOf(run)) say(`note: ${note}\n`);
  const verdict = exitCode === EXIT.clean ? "go" : exitCode === EXIT.failed ? "no-go" : "could not look";
  say(`gate ${id}: ${verdict} after ${duration(elapsed)}\n`);
  // Standard output becomes part of the stack's state, so it holds nothing that differs from run to run.
  if (!toStdout) stdout.write(`gate ${id}: ${verdict}\n`);
  const reports = toStdout ? outputs : outputs.filter(({ file }) => file !== STDOUT);
  return hand(reports, { head, run, at: new Date() }, exitCode, io);
}

/** A gate is passed when every finding is: one that was skipped proves nothing, except where it says so itself. */
function gateExitCode(id: GateId, run: RunResult): ExitCode {
  const unproven = run.totals.SKIPPED > 0 && !MAY_SKIP.has(id);
  return run.exitCode === EXIT.clean && unproven ? EXIT.couldNotLook : run.exitCode;
}

/** @throws ToolError naming the gates that exist. */
function gateId(word: string): GateId {
  const id = GATE_IDS.find((known) => known === word);
  if (id !== undefined) return id;
  const near = suggest(word, GATE_IDS);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new ToolError(`there is no gate "${word}".${hint} Allowed: ${GATE_IDS.join(", ")}`);
}

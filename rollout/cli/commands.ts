/** The steps of the rollout by name, and what is the same for all: subject, identity, end of time, clean-up, exit code. */
import { settle } from "../../checks/engine/settle";
import { clusterIdentity } from "../../checks/criteria/cluster-identity";
import type { Io } from "../../terminal/io";
import { EXIT, EXIT_INTERRUPTED } from "../../checks/exit-codes";
import { headOf } from "../../checks/report/head";
import { textOptions, textReport } from "../../checks/report/text";
import { suggest } from "../../config/suggest";
import { tell, ToolError, type ToolExit, versionText } from "../../tools/cli";
import { liveSteps } from "../../terminal/steps/live";
import { Refusal } from "../../checks/cluster/refusal";
import { STEPS } from "../steps";
import type { RolloutCommand } from "./command";
import { type Pace, PACE } from "./pace";
import { Run } from "./run";
import { type BaseSubject, readSubject } from "./subject";

/** For how long an API server that does not answer is asked who it is, in milliseconds. */
const IDENTITY_MS = 120_000;

const NOTES = `A subject (JSON, no secrets) is read from standard input; progress goes to standard error.
Every step may be run again at any time: it finds what is done and goes on from there.
Exit codes: 0 done or nothing to do, 1 failed or refused, 2 could not look, 130 interrupted.
--version says which version this is.
`;

function help(): string {
  const width = Math.max(...STEPS.map(({ name }) => name.length));
  const rows = STEPS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ["Usage: npm run rollout -- <step> < subject.json", "", "Steps:", ...rows, "", NOTES].join("\n");
}

function helpOf({ name, summary, details }: RolloutCommand): string {
  return [`Usage: npm run rollout -- ${name} < subject.json`, "", summary, "", details, "", NOTES].join("\n");
}

/** Runs one step to its exit code. Faults are told on standard error. */
export async function runRollout(
  [name = "", ...words]: readonly string[],
  io: Io,
  pace: Pace = PACE,
): Promise<ToolExit> {
  try {
    if (isHelp(name)) {
      io.stdout.write(help());
      return EXIT.clean;
    }
    if (name === "--version" || words.includes("--version")) {
      io.stdout.write(versionText());
      return EXIT.clean;
    }
    const command = stepOf(name);
    if (words.some(isHelp)) {
      io.stdout.write(helpOf(command));
      return EXIT.clean;
    }
    if (words.length > 0) {
      throw new ToolError(`${name}: unexpected argument "${words[0]}". See: npm run rollout -- ${name} --help`);
    }
    return await runStep(command, io, pace);
  } catch (error) {
    return report(error, io);
  }
}

const isHelp = (word: string): boolean => word === "--help" || word === "-h";

/** Prints an error, and gives its exit code. */
function report(error: unknown, io: Io): ToolExit {
  const fix = (error as { fix?: unknown } | undefined)?.fix;
  if (error instanceof Error && (error instanceof Refusal || typeof fix === "string")) {
    io.stderr.write(`error: ${error.message}${typeof fix === "string" ? `; fix: ${fix}` : ""}\n`);
    return error instanceof Refusal ? EXIT.failed : EXIT.couldNotLook;
  }
  const { text, exitCode } = tell(error);
  io.stderr.write(`error: ${text}\n`);
  return exitCode;
}

async function runStep(command: RolloutCommand, io: Io, pace: Pace): Promise<ToolExit> {
  const subject = await readSubject(command.name, io.stdin, command.schema);
  const time = boundOf(subject.timeoutSeconds);
  const signal = AbortSignal.any([io.signal, time.signal]);
  const place = command.place?.(subject) ?? subject.stack;
  const live = liveSteps({ title: `${command.name} ${place}` }, io);
  const run = new Run(subject, place, io, signal, pace, live);
  try {
    const end = await outcomeOf(command, run).finally(() => run.cleanUp());
    live?.stop(true);
    if ("line" in end) {
      io.stdout.write(`${end.line}\n`);
      return EXIT.clean;
    }
    const { error } = end;
    const exitCode = report(signal.aborted && !(error instanceof ToolError) ? signal.reason : error, io);
    return io.signal.aborted ? EXIT_INTERRUPTED : exitCode;
  } finally {
    live?.stop(true);
    time.dispose();
  }
}

/** What a step ends with; told only when everything is cleaned up, as the last that is read. */
type End = { readonly line: string } | { readonly error: unknown };

async function outcomeOf(command: RolloutCommand, run: Run<BaseSubject>): Promise<End> {
  try {
    if (command.needsCluster !== false) await run.part("identity", () => assertIdentity(run));
    return { line: await command.run(run) };
  } catch (error) {
    return { error };
  }
}

/** The step's time, in words that end up in the message. */
function boundOf(seconds: number): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  const reason = new ToolError(`the step's time of ${seconds} s is over`, EXIT.failed);
  const timer = setTimeout(() => controller.abort(reason), seconds * 1000);
  return { signal: controller.signal, dispose: () => clearTimeout(timer) };
}

/**
 * Nothing is written before the cluster has shown that it is the stack's own.
 * @throws ToolError when it is another one, or nobody could be asked.
 */
async function assertIdentity(run: Run<BaseSubject>): Promise<void> {
  const waitMs = Math.min(IDENTITY_MS, run.subject.timeoutSeconds * 1000);
  const result = await settle([clusterIdentity(run.context)], { waitMs, signal: run.signal });
  run.signal.throwIfAborted();
  if (result.exitCode === EXIT.clean) return;
  const head = headOf("rollout", run.context);
  const text = textReport(head, result, textOptions(run.io.stderr, run.io.env));
  throw new ToolError(
    `nothing was changed, because the cluster is not known to be the right one\n\n${text}`,
    result.exitCode,
  );
}

function stepOf(name: string): RolloutCommand {
  const command = STEPS.find((step) => step.name === name);
  if (command !== undefined) return command;
  const names = STEPS.map((step) => step.name);
  const near = suggest(name, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  throw new ToolError(`there is no step "${name}".${hint} Allowed: ${names.join(", ")}`);
}

/** `npm run diagnose`: why something is not as it should be, best proven cause first. */
import { type CommandLine, type Flag, parseCommandLine, ToolError } from "../../tools/cli";
import { CheckContext, PROJECT_DIR } from "../context";
import { diagnosisRun } from "../diagnosis/as-run";
import { diagnose as judge } from "../diagnosis/diagnose";
import { exitCodeOf, jsonReport, textReport } from "../diagnosis/report";
import { RULES } from "../diagnosis/rules";
import { reasonOf } from "../engine/bounded";
import { DEFAULT_SAMPLE, gather } from "../evidence/gather";
import { EXIT, type ExitCode } from "../exit-codes";
import { headOf } from "../report/head";
import { subjectOf } from "../subject";
import { LookError } from "../verdict";
import { CONFIG_FILE, KUBECONFIG } from "./flags";
import type { Io } from "../../terminal/io";
import { secondsOf } from "./numbers";
import { proveIdentity } from "./own-cluster";
import { chosenOutputs, hand, REPORT_FLAGS } from "./reporting";
import { configOfStack } from "./subject-source";

const FLAGS = {
  kubeconfig: KUBECONFIG,
  ...REPORT_FLAGS,
  pods: {
    type: "string",
    value: "NUMBER",
    summary: `pods of one state to look into; ${DEFAULT_SAMPLE.perState} when absent`,
  },
  timeout: { type: "string", value: "SECONDS", summary: "bound of the whole look; 60 when absent" },
  rules: { type: "boolean", summary: "list what can be told, and from what it is told apart; looks at nothing" },
  "config-file": CONFIG_FILE,
} as const satisfies Record<string, Flag>;

export const DIAGNOSE: CommandLine<typeof FLAGS> = {
  name: "diagnose",
  summary:
    "Looks at a stack's cluster once, names the cause of what is wrong with its evidence, and says which usual suspicions that evidence clears. Changes nothing.",
  positionals: ["[<stack>]"],
  flags: FLAGS,
  notes:
    "Machines that the stack declares are read over SSH with keys of the SSH agent (SSH_AUTH_SOCK).\n" +
    "Exit codes: 0 nothing wrong, 1 a cause or an unexplained symptom, 2 could not look.",
};

const TIMEOUT_SECONDS = 60;

/** @throws ToolError | ConfigError before anything is looked at. */
export async function diagnose(argv: readonly string[], io: Io): Promise<ExitCode> {
  const { flags, positionals, answer } = parseCommandLine(DIAGNOSE, argv);
  if (answer !== undefined || flags.rules === true) {
    io.stdout.write(answer ?? ruleList());
    return EXIT.clean;
  }
  const [stack] = positionals;
  if (stack === undefined) throw new ToolError("missing <stack>. See: npm run diagnose -- --help");
  const outputs = chosenOutputs(flags);
  const perState = podsOf(flags.pods);
  const seconds = secondsOf("timeout", flags.timeout) ?? TIMEOUT_SECONDS;
  const config = configOfStack(PROJECT_DIR, stack, flags["config-file"]);
  const context = new CheckContext(subjectOf(stack, config), flags.kubeconfig);
  const over = AbortSignal.timeout(seconds * 1000);
  const signal = AbortSignal.any([io.signal, over]);
  try {
    return await look(context, { perState, clusterCidr: config.network.clusterCidr }, outputs, io, signal);
  } catch (error) {
    if (error instanceof LookError) throw new ToolError(`${error.message}; fix: ${error.fix}`);
    if (io.signal.aborted) {
      io.stderr.write(`${reasonOf(io.signal)}\n`);
      return EXIT.failed;
    }
    if (over.aborted) throw new ToolError(`the look's time of ${seconds} s was over; fix: --timeout ${seconds * 2}`);
    throw error;
  } finally {
    context.close();
  }
}

async function look(
  context: CheckContext,
  sample: { readonly perState: number; readonly clusterCidr: string },
  outputs: ReturnType<typeof chosenOutputs>,
  io: Io,
  signal: AbortSignal,
): Promise<ExitCode> {
  const started = performance.now();
  // Nothing is said of another cluster than the stack's own.
  await proveIdentity(context, signal);
  const onStep = (text: string): void => void io.stderr.write(`${text}\n`);
  const evidence = await gather(context, { ...sample, onStep }, signal);
  signal.throwIfAborted();
  const diagnosis = judge(evidence);
  const took = performance.now() - started;
  const head = headOf("diagnose", context);
  const report = { head, run: diagnosisRun(diagnosis, took), at: new Date() };
  return hand(outputs, report, exitCodeOf(diagnosis), io, {
    text: (options) => textReport(head, diagnosis, took, options),
    json: () => jsonReport(head, diagnosis, took),
  });
}

/** @throws ToolError */
function podsOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SAMPLE.perState;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 10_000) return value;
  throw new ToolError(`--pods: got "${text}"; allowed: a number from 1 to 10000`);
}

const ruleList = (): string =>
  `${RULES.map(({ id, title, notWhen }) => `${id}\n    ${title}\n    not when: ${notWhen}`).join("\n")}\n`;

/** What the commands that look once and report share: arguments, the choice of checks, the report. */
import { suggest } from "../../config/suggest";
import { type Arguments, type Flag, ToolError } from "../../tools/cli";
import type { Check } from "../check";
import { CheckContext, PROJECT_DIR } from "../context";
import { type RunResult, runChecks } from "../engine";
import { headOf } from "../report/head";
import { selectChecks } from "../engine/order";
import { EXIT, type ExitCode } from "../exit-codes";
import { CONFIG_FILE, KUBECONFIG } from "./flags";
import type { Io } from "../../terminal/io";
import { chosenOutputs, hand, REPORT_FLAGS } from "./reporting";
import { startProgress } from "./run-progress";
import { subjectOfStack } from "./subject-source";

export const RUN_FLAGS = {
  kubeconfig: KUBECONFIG,
  ...REPORT_FLAGS,
  only: { type: "string", value: "IDS", summary: "run these checks, comma-separated, and what they need" },
  "config-file": CONFIG_FILE,
} as const satisfies Record<string, Flag>;

export interface RunOnce {
  /** `preflight` or `drift`. */
  readonly command: string;
  readonly stack: string;
  readonly flags: Arguments<typeof RUN_FLAGS>["flags"];
  readonly checks: (context: CheckContext) => readonly Check[];
  /** Told after the report: text of its own, and fields of the JSON report. */
  readonly more?: (context: CheckContext, run: RunResult) => Promise<{ readonly text: string; readonly json: object }>;
}

/** @throws ToolError | ConfigError before anything is looked at. */
export async function runOnce({ command, stack, flags, checks, more }: RunOnce, io: Io): Promise<ExitCode> {
  const outputs = chosenOutputs(flags);
  const subject = subjectOfStack(PROJECT_DIR, stack, flags["config-file"]);
  const context = new CheckContext(subject, flags.kubeconfig);
  const chosen = chooseChecks(checks(context), flags.only);
  const progress = startProgress({ title: `${command} ${stack}`, rounds: false }, io);
  try {
    const run = await runChecks(chosen, { signal: io.signal, ...progress.listeners }).finally(progress.stop);
    const head = headOf(command, context);
    const report = { head, run, at: new Date(), ...(await more?.(context, run)) };
    return hand(outputs, report, io.signal.aborted ? EXIT.failed : run.exitCode, io);
  } finally {
    context.close();
  }
}

/** @throws ToolError naming the check that does not exist and those that do. */
export function chooseChecks(checks: readonly Check[], only: string | undefined): readonly Check[] {
  if (only === undefined) return checks;
  const known = checks.map(({ id }) => id);
  const ids = only.split(",").map((id) => id.trim());
  for (const id of ids) {
    if (known.includes(id)) continue;
    const near = suggest(id, known);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new ToolError(`--only: there is no check "${id}".${hint} Allowed: ${known.join(", ")}`);
  }
  return selectChecks(checks, new Set(ids));
}

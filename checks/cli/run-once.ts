/** What the commands that look once and report share: arguments, the choice of checks, the report. */
import { suggest } from "../../config/suggest";
import { type Flag, ToolError } from "../../tools/cli";
import type { Check } from "../check";
import { CheckContext, PROJECT_DIR } from "../context";
import { type RunResult, runChecks } from "../engine";
import { selectChecks } from "../engine/order";
import { EXIT, type ExitCode } from "../exit-codes";
import { jsonReport } from "../report/json";
import { progressLine, textOptions, textReport } from "../report/text";
import type { Io } from "./io";
import { subjectOfStack } from "./subject-source";

export const RUN_FLAGS = {
  kubeconfig: { type: "string", value: "FILE", summary: "kubeconfig to use instead of the stack's own" },
  json: { type: "boolean", summary: "write the report as JSON (version field inside) instead of text" },
  only: { type: "string", value: "IDS", summary: "run these checks, comma-separated, and what they need" },
  "config-file": { type: "string", value: "FILE", summary: "stack file, where it is not Pulumi.<stack>.yaml" },
} as const satisfies Record<string, Flag>;

export interface RunOnce {
  /** `preflight` or `drift`. */
  readonly command: string;
  readonly stack: string;
  readonly flags: { readonly [Name in keyof typeof RUN_FLAGS]?: string | boolean };
  readonly checks: (context: CheckContext) => readonly Check[];
  /** Told after the report: text of its own, and fields of the JSON report. */
  readonly more?: (context: CheckContext, run: RunResult) => Promise<{ readonly text: string; readonly json: object }>;
}

/** @throws ToolError | ConfigError before anything is looked at. */
export async function runOnce({ command, stack, flags, checks, more }: RunOnce, io: Io): Promise<ExitCode> {
  const subject = subjectOfStack(PROJECT_DIR, stack, flags["config-file"] as string | undefined);
  const context = new CheckContext(subject, flags.kubeconfig as string | undefined);
  const chosen = chooseChecks(checks(context), flags.only as string | undefined);
  const errorOptions = textOptions(io.stderr, io.env);
  try {
    const run = await runChecks(chosen, {
      signal: io.signal,
      onFinding: (finding) => void io.stderr.write(`${progressLine(finding, errorOptions)}\n`),
    });
    const head = { command, stack: subject.stack, uid: subject.uid, kubeconfig: context.kubeconfigPath };
    const extra = await more?.(context, run);
    if (flags.json === true) io.stdout.write(jsonReport(head, run, extra?.json));
    else
      io.stdout.write(
        `${textReport(head, run, textOptions(io.stdout, io.env))}${extra === undefined ? "" : `\n${extra.text}`}`,
      );
    return io.signal.aborted ? EXIT.failed : run.exitCode;
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

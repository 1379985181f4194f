/** Runs the validation of the deployed stack, as `npm run validate` does. */
import { z } from "zod";
import { subjectOf } from "../checks/subject";
import { execute } from "./engine/command";
import { SandboxError } from "./failure";
import type { SandboxStack } from "./stack";
import { tailOf } from "./supervisor";

const findingSchema = z.object({ target: z.string(), verdict: z.string(), actual: z.string() });
const reportSchema = z.object({
  exitCode: z.int(),
  totals: z.record(z.string(), z.int()),
  notes: z.array(z.string()),
  checks: z.array(
    z.object({ id: z.string(), title: z.string(), verdict: z.string(), findings: z.array(findingSchema) }),
  ),
});
/** What of the checks' JSON report (version 1) the sandbox shows. */
export type ValidationReport = z.infer<typeof reportSchema>;

export interface ValidationOptions {
  readonly project: string;
  readonly stack: SandboxStack;
  readonly signal: AbortSignal;
  /** Told each finding as it comes; the report has them all. */
  readonly onLine: (line: string) => void;
}

/** @throws SandboxError when the checks could not be run at all; failed checks are in the report. */
export async function validateStack({ project, stack, signal, onLine }: ValidationOptions): Promise<ValidationReport> {
  const subject = subjectOf(stack.file.stack, stack.config);
  const { code, stdout, stderr } = await execute({
    program: process.execPath,
    args: ["tools/run.mjs", "validate", "--subject", "-", "--json"],
    cwd: project,
    stdin: JSON.stringify(subject),
    signal,
    onLine: (stream, line) => (stream === "stderr" ? onLine(line) : undefined),
  });
  try {
    return reportSchema.parse(JSON.parse(stdout));
  } catch (cause) {
    const end = tailOf(`${stdout}${stderr}`);
    throw new SandboxError(`the validation ended with ${code} and without a report:\n${end}`, undefined, { cause });
  }
}

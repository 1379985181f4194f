/** Runs the stack's real program for a stack file: no cluster, no credentials, no Pulumi CLI. */
import path from "node:path";
import { configOf } from "../../config/stack-config";
import { readStackFile, type StackFile } from "../../config/stack-file";
import program from "../../index";
import { PlanEngine } from "../../inprocess/plan-engine";
import { runProgram, type RunResult } from "../../inprocess/run-program";

/** Folder of Pulumi.yaml. */
export const PROJECT_DIR = path.join(__dirname, "../..");

/** What a stack declares, in the cluster and, as requests to the programs there, on its machines. */
export interface Evaluation extends RunResult {
  readonly stack: string;
}

/** @param file Another file than Pulumi.<stack>.yaml. @throws ConfigError with every fault of the stack's configuration. */
export async function evaluateStack(stack: string, file?: string): Promise<Evaluation> {
  return await evaluate(readStackFile(PROJECT_DIR, stack, file));
}

/** The same for a stack file that has been read, or made up, already. */
export async function evaluate(file: StackFile): Promise<Evaluation> {
  configOf(file);
  const { project, stack, values, secretKeys, other } = file;
  const result = await runProgram({
    project,
    stack,
    preview: true,
    config: values,
    secretKeys,
    other,
    engine: new PlanEngine(),
    program: () => Promise.resolve(program()),
  });
  return { ...result, stack };
}

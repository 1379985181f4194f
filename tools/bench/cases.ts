/** What is measured, each in a process of its own. */
import { readStackFile, type StackFile } from "../../config/stack-file";
import { generatedStack, type StackSize } from "./generated-stack";

export const SMALL: StackSize = { agents: 100, tenants: 5 };
export const LARGE: StackSize = { agents: 1000, tenants: 50 };

/** The stack file of each case; none for the program that makes nothing. */
export const CASES = {
  empty: () => undefined,
  staging: (projectDir) => readStackFile(projectDir, "staging"),
  small: () => generatedStack(SMALL),
  large: () => generatedStack(LARGE),
} as const satisfies Record<string, (projectDir: string) => StackFile | undefined>;

export type Case = keyof typeof CASES;

/**
 * Heap that every measured process may have, in MiB. Without a limit Node.js leaves rubbish where it lies on a machine with much
 * memory: the large case then peaks between 1.0 and 1.2 GiB, of which 0.6 are in use.
 */
export const HEAP_MIB = 768;

/** What one process measured. Times in milliseconds. */
export interface Sample {
  /** From the process' start to its end: Node.js, all imports, the evaluation. */
  readonly total: number;
  /** The evaluation alone. */
  readonly evaluation: number;
  /** Processor time of the whole process, user and system: what is left of `total` on a machine that does other things. */
  readonly totalCpu: number;
  /** Processor time of the evaluation alone. */
  readonly evaluationCpu: number;
  /** Peak resident memory in MiB. */
  readonly peakMiB: number;
  readonly resources: number;
}

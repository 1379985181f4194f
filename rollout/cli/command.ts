/** What a step of the rollout is made of. */
import type { z } from "zod";
import type { BaseSubject } from "./subject";
import type { Run } from "./run";

export interface RolloutCommand<Subject extends BaseSubject = BaseSubject> {
  /** As `rollout <name>`. */
  readonly name: string;
  /** One sentence for the list of steps. */
  readonly summary: string;
  /** Further lines of the step's own help: order, what is refused, what a second run does. */
  readonly details: string;
  /** The subject's strict shape. */
  readonly schema: z.ZodType<Subject>;
  /** Whether a kubeconfig exists before the step, so that the cluster's identity is compared first. @default true */
  readonly needsCluster?: boolean;
  /** Field of the subject that says where the step works, for progress lines. @default the stack's name */
  readonly place?: (subject: Subject) => string;
  /**
   * Does the step, or finds that nothing is to be done.
   * @returns The line for standard output. It becomes part of the stack's state, so it never differs from run to run.
   */
  readonly run: (run: Run<Subject>) => Promise<string>;
}

/** A step for the table, where each has a subject of its own. Only `readSubject` makes the subject that a step gets. */
export const step = <Subject extends BaseSubject>(command: RolloutCommand<Subject>): RolloutCommand =>
  command as unknown as RolloutCommand;

/** What a guardrail is. */
import type { JudgedResource } from "./resource";

/** `mandatory` stops a preview, an update and `npm run plan`; `advisory` is shown and stops nothing. */
export type Enforcement = "mandatory" | "advisory";

/** One place that a rule objects to, or cannot judge. */
export interface Fault {
  /** Path of the input, such as `spec.podSpec.hostNetwork`; empty for the resource as a whole. */
  readonly at: string;
  /** What is wrong there, or what has to be known first. Quotes nothing that can be secret. */
  readonly problem: string;
  /** The value is known only after the deployment: said, never taken for sound, and judged again by the update. */
  readonly unknown?: true;
  /** Another severity than the rule's. */
  readonly enforcement?: Enforcement;
}

/** A fault of one of the stack's resources. */
export interface StackFault extends Fault {
  readonly resource: JudgedResource;
}

interface Described {
  /** Name in messages and in docs/guardrails.md. */
  readonly id: string;
  /** What must hold, one sentence. */
  readonly what: string;
  /** Why it must. */
  readonly why: string;
  /** What to do about a violation. */
  readonly fix: string;
  readonly enforcement: Enforcement;
}

/** Judges every resource by itself: in an update before the resource is touched. */
export interface ResourceRule extends Described {
  readonly judge: (resource: JudgedResource) => Iterable<Fault>;
}

/** What a stack rule sees. */
export interface JudgedStack {
  readonly resources: readonly JudgedResource[];
  /** What the stack declared before, where the caller has it (`npm run plan -- <stack> --base FILE`). */
  readonly before?: readonly JudgedResource[];
}

/** Judges the resources together: at the end of a preview, so before anything is touched. */
export interface StackRule extends Described {
  readonly judgeStack: (stack: JudgedStack) => Iterable<StackFault>;
}

export type Rule = ResourceRule | StackRule;

/** What a fault says where a value is missing. */
export const cannotJudge = (at: string, about: string): Fault => ({
  at,
  problem: `cannot be judged before deployment: ${about}`,
  unknown: true,
});

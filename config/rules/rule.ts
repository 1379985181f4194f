import type { Fault } from "../faults";
import type { StackConfig } from "../schema";

/** What a rule reports: a fault without the rule's id, which is added by whoever runs the rule. */
export type Finding = Omit<Fault, "rule">;

/** What rules may know beside the configuration. */
export interface RuleContext {
  /** Names of the secret keys that are set. Never their values. */
  readonly secrets: ReadonlySet<string>;
}

/**
 * Something that two or more values get wrong together, or that one value gets wrong by its meaning. A rule may read
 * any part: when a part could not be parsed, reading it ends the rule, and what it has found so far stands.
 */
export interface Rule {
  /** Topic and name, stable: tests and documentation refer to it. */
  readonly id: string;
  check(config: StackConfig, context: RuleContext): Iterable<Finding>;
}

/** Runs every guardrail over a stack's resources. Pure: `npm run plan` and the tests use it, the engine's pack rule by rule. */
import type { Enforcement, Fault, JudgedStack, Rule } from "./rule";
import type { JudgedResource } from "./resource";
import { GUARDRAILS } from "./rules";

/** One thing to tell somebody about a plan. */
export interface Finding {
  readonly rule: string;
  /** `mandatory` and `advisory` are violations; `unknown` cannot be judged before the deployment. */
  readonly verdict: Enforcement | "unknown";
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Path of the input. */
  readonly at: string;
  readonly problem: string;
  readonly fix: string;
}

/** How a fault of a rule counts. */
export const verdictOf = (rule: Rule, fault: Fault): Finding["verdict"] =>
  fault.unknown ? "unknown" : (fault.enforcement ?? rule.enforcement);

export function findingOf(rule: Rule, resource: JudgedResource, fault: Fault): Finding {
  const { urn, type, name } = resource;
  const { at, problem } = fault;
  return { rule: rule.id, verdict: verdictOf(rule, fault), urn, type, name, at, problem, fix: rule.fix };
}

/** What the rules find, rule by rule. */
export function judge(stack: JudgedStack, rules: readonly Rule[] = GUARDRAILS): Finding[] {
  return rules.flatMap((rule) =>
    "judge" in rule
      ? stack.resources.flatMap((resource) =>
          [...rule.judge(resource)].map((fault) => findingOf(rule, resource, fault)),
        )
      : [...rule.judgeStack(stack)].map(({ resource, ...fault }) => findingOf(rule, resource, fault)),
  );
}

export const isStopped = (findings: readonly Finding[]): boolean =>
  findings.some(({ verdict }) => verdict === "mandatory");

/** A finding in words: what, where, and how to mend it. */
export function findingText({ rule, verdict, type, name, at, problem, fix }: Finding): string {
  const where = [`${type}::${name}`, at].filter((part) => part !== "").join(" ");
  return `${verdict} [${rule}] ${where}: ${problem}; fix: ${fix}`;
}

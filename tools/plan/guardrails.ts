/** The guardrails over a plan: what the policy pack would say to the engine, without the Pulumi CLI. */
import { fromPlan } from "../../policy-pack/from-plan";
import { type Finding, judge } from "../../policy-pack/judge";
import type { Evaluation } from "./evaluate";

/** @param base The plan of the stack as it was, for what only the way from there shows. */
export const judgePlan = (evaluation: Evaluation, base?: Evaluation): Finding[] =>
  judge({ resources: fromPlan(evaluation.resources), before: base && fromPlan(base.resources) });

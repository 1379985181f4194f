/** A case of a guardrail: what it is given, and what it must find there. */
import type { JudgedResource } from "../../../policy-pack/resource";
import type { JudgedStack } from "../../../policy-pack/rule";

export type Given = JudgedResource | readonly JudgedResource[] | JudgedStack;
/** Where the rule objects, and how it counts. */
type Found = readonly [verdict: string, at: string];

export interface Case {
  readonly of: string;
  readonly given: Given;
  readonly finds: readonly Found[];
}

export const passes = (of: string, given: Given): Case => ({ of, given, finds: [] });
export const fails = (of: string, given: Given, ...at: string[]): Case => ({
  of,
  given,
  finds: at.map((one) => ["mandatory", one]),
});
export const shows = (of: string, given: Given, at: string): Case => ({ of, given, finds: [["advisory", at]] });
export const unknown = (of: string, given: Given, ...at: string[]): Case => ({
  of,
  given,
  finds: at.map((one) => ["unknown", one]),
});

/** Cases by the id of their rule. */
export type RuleCases = Readonly<Record<string, readonly Case[]>>;

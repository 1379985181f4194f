/** Every guardrail: what passes, what fails, and what it says where a value is not known yet. */
import { judge } from "../../policy-pack/judge";
import { type JudgedResource, UNKNOWN } from "../../policy-pack/resource";
import type { JudgedStack } from "../../policy-pack/rule";
import { GUARDRAILS } from "../../policy-pack/rules";
import { ARTIFACT_CASES } from "./cases/artifacts";
import type { Given, RuleCases } from "./cases/case";
import { NETWORK_CASES } from "./cases/network";
import { POD_CASES } from "./cases/pods";
import { resource } from "./support";

const CASES: RuleCases = { ...POD_CASES, ...NETWORK_CASES, ...ARTIFACT_CASES };

const stackOf = (given: Given): JudgedStack =>
  "resources" in given
    ? given
    : { resources: Array.isArray(given) ? (given as JudgedResource[]) : [given as JudgedResource] };

describe.each(GUARDRAILS.map((rule) => ({ id: rule.id, rule })))("$id", ({ id, rule }) => {
  const cases = CASES[id] ?? [];

  test("has a case that passes, one that fails and one that cannot be judged yet", () => {
    const verdicts = cases.map(({ finds }) => finds[0]?.[0] ?? "passes");
    expect(verdicts).toEqual(expect.arrayContaining(["passes", "mandatory", "unknown"]));
  });

  test.each(cases)("$of", ({ given, finds }) => {
    const found = judge(stackOf(given), [rule]);
    expect(found.map(({ verdict, at }) => [verdict, at])).toEqual(finds);
    for (const { verdict, problem } of found) {
      expect(problem.startsWith("cannot be judged before deployment: ")).toBe(verdict === "unknown");
    }
  });

  test("takes nothing for granted: no input, and inputs that are not known", () => {
    for (const type of [
      "kubernetes:core/v1:Namespace",
      "kubernetes:helm.sh/v3:Release",
      "kubernetes:apps/v1:Deployment",
    ]) {
      for (const inputs of [
        {},
        { spec: null, values: null, metadata: null },
        { spec: UNKNOWN, values: UNKNOWN, metadata: UNKNOWN },
      ]) {
        expect(() => judge({ resources: [resource(type, inputs)] }, [rule])).not.toThrow();
      }
    }
  });
});

/** The guardrails as a policy pack of the Pulumi engine. */
import { appendFileSync } from "node:fs";
import { type Policies, PolicyPack, type ReportViolation } from "@pulumi/policy";
import { fromEngine } from "./from-engine";
import { verdictOf } from "./judge";
import type { Fault, Rule } from "./rule";
import { GUARDRAILS } from "./rules";

/**
 * A violation with a level of its own. @pulumi/policy 1.21 takes such an object in place of the text (server.js,
 * makeReportViolationFun); its types name only the text.
 */
type ReportWithLevel = (violation: { message: string; enforcementLevel: string; urn: string }) => void;

/**
 * Environment variable that names a file, by an absolute path, to which violations go too, one JSON object a line: id of
 * the rule, level, URN and message. `pulumi preview --json` says that a policy failed, but not which (3.259).
 */
export const REPORT_VARIABLE = "GUARDRAIL_REPORT";

function tell(rule: Rule, fault: Fault, urn: string, report: ReportViolation): void {
  const verdict = verdictOf(rule, fault);
  const message = `${fault.at === "" ? "" : `${fault.at}: `}${fault.problem}; fix: ${rule.fix}`;
  // What cannot be judged yet stops no preview; the update judges it again when it is known.
  const enforcementLevel = verdict === "unknown" ? "advisory" : verdict;
  (report as unknown as ReportWithLevel)({ message, enforcementLevel, urn });
  const file = process.env[REPORT_VARIABLE];
  if (file) appendFileSync(file, `${JSON.stringify({ rule: rule.id, level: enforcementLevel, urn, message })}\n`);
}

/** Every rule in the engine's form. */
export const policies = (): Policies =>
  GUARDRAILS.map((rule) => {
    const { id: name, what: description, fix: remediationSteps, enforcement: enforcementLevel } = rule;
    const described = { name, description, remediationSteps, enforcementLevel };
    if ("judge" in rule) {
      return {
        ...described,
        validateResource: (args, report) => {
          for (const fault of rule.judge(fromEngine(args))) tell(rule, fault, args.urn, report);
        },
      };
    }
    return {
      ...described,
      validateStack: ({ resources }, report) => {
        for (const fault of rule.judgeStack({ resources: resources.map(fromEngine) })) {
          tell(rule, fault, fault.resource.urn, report);
        }
      },
    };
  });

/** Answers the engine that started this process until it ends it. */
export function serveGuardrails(): void {
  void new PolicyPack("seldon-k3s-guardrails", { policies: policies(), enforcementLevel: "mandatory" });
}

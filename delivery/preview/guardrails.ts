/** What the guardrails said during a preview: the file that the policy pack writes (policy-pack/pack.ts). Pure. */
import { isTree } from "../../config/tree";

export interface Violation {
  readonly rule: string;
  /** Whether it stops the preview. */
  readonly mandatory: boolean;
  /** Type and name of the resource. */
  readonly resource: string;
  /** What is wrong, and what mends it. */
  readonly text: string;
}

/** `urn:pulumi:<stack>::<project>::<types>::<name>`, as type and name. */
function resourceOf(urn: string): string {
  const [, , types = "", ...name] = urn.split("::");
  return `${types.split("$").at(-1) ?? types} ${name.join("::")}`;
}

/**
 * @param lines One JSON object a line. The same violation twice, by refresh and preview, counts once.
 * @throws Error for a line that is none.
 */
export function readViolations(lines: string): Violation[] {
  // Sorted: the engine tells them in whatever order it comes to them.
  const unique = [...new Set(lines.split("\n").filter((line) => line !== ""))].sort();
  return unique.map((line) => {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      value = undefined;
    }
    if (!isTree(value) || typeof value["rule"] !== "string" || typeof value["urn"] !== "string") {
      throw new Error("this is no report of the guardrails: a line of it is no violation; preview again");
    }
    const { rule, urn, level, message } = value as { rule: string; urn: string; level: unknown; message: unknown };
    return { rule, mandatory: level === "mandatory", resource: resourceOf(urn), text: String(message) };
  });
}

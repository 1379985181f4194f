import type { Fault } from "./faults";
import { readLeniently, UnreadablePart } from "./read-part";
import { RULES } from "./rules";
import type { Finding, Rule, RuleContext } from "./rules/rule";
import { SECRET_KEYS, type StackConfig, stackSchema } from "./schema";
import { openSecretFault } from "./secret-faults";

/** Sections that may be absent. Pulumi.yaml declares them with the default `{}`, so an empty mapping means absent. */
const OPTIONAL_SECTIONS = ["hosts"] as const;

/** Takes the secret keys out of `raw` (they are read apart, as Outputs) and reports those given in clear. */
function withoutSecrets(
  raw: Readonly<Record<string, unknown>>,
  secrets: ReadonlySet<string>,
): { open: Record<string, unknown>; faults: Fault[] } {
  const open = { ...raw };
  const faults: Fault[] = [];
  for (const key of Object.keys(SECRET_KEYS)) {
    const value = open[key];
    delete open[key];
    if (value !== undefined && value !== "" && !secrets.has(key)) {
      faults.push(openSecretFault(key));
    }
  }
  for (const key of OPTIONAL_SECTIONS) {
    const value = open[key];
    if (typeof value === "object" && value !== null && Object.keys(value).length === 0) delete open[key];
  }
  return { open, faults };
}

/** What one rule finds; a rule that reads an unreadable part ends there. */
function findings(rule: Rule, config: StackConfig, context: RuleContext): Finding[] {
  const found: Finding[] = [];
  try {
    for (const finding of rule.check(config, context)) found.push(finding);
  } catch (error) {
    if (!(error instanceof UnreadablePart)) throw error;
  }
  return found;
}

/**
 * Parses the configuration of a stack and checks it by every rule. Pure: reads no file and no Pulumi engine.
 * @param raw Top-level keys without the project's prefix, decoded. Secret keys may be present with any placeholder.
 * @param secrets Names of the secret keys that are set and encrypted.
 * @returns The configuration with defaults, deeply as the schema says, when nothing is wrong; else every fault: those
 * of single values first, then those of the rules, which run on all parts that could be parsed.
 */
export function parseConfig(
  raw: Readonly<Record<string, unknown>>,
  secrets: ReadonlySet<string>,
): { config?: StackConfig; faults: Fault[] } {
  const { open, faults } = withoutSecrets(raw, secrets);
  const strict = stackSchema.safeParse(open);
  const lenient = strict.success ? { value: strict.data, faults: [] } : readLeniently(stackSchema, open);
  faults.push(...lenient.faults);
  for (const rule of RULES) {
    faults.push(...findings(rule, lenient.value, { secrets }).map((finding) => ({ ...finding, rule: rule.id })));
  }
  return strict.success && faults.length === 0 ? { config: strict.data, faults } : { faults };
}

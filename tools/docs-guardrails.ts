/** The generated parts of docs/guardrails.md: the rules, and what is stopped by which layer. */
import { GUARDRAILS } from "../policy-pack/rules";
import { mistakes, refusalOf } from "../tests/config/mistakes";
import { DANGEROUS_CHANGES, type Layer } from "../tests/policy-pack/dangerous/changes";
import { isTree } from "../config/tree";

/** A section for every rule. */
export const renderGuardrails = (): string =>
  GUARDRAILS.map((rule) => {
    const judged = "judge" in rule ? "each resource, before it is touched" : "the whole stack, at the end of a preview";
    return [
      `### ${rule.id}`,
      "",
      `${rule.what}`,
      "",
      `- Why: ${rule.why}`,
      `- Fix: ${rule.fix}`,
      `- Severity: ${rule.enforcement}. Judges ${judged}.`,
      "",
    ].join("\n");
  }).join("\n");

const LAYERS: Readonly<Record<Layer, string>> = {
  configuration: "schema and rules of the configuration",
  guardrail: "guardrails",
  preflight: "preflight",
};

/** Every dangerous change with who stops it; tests/policy-pack/dangerous/changes.test.ts tries each. */
export function renderDangerousChanges(): string {
  const count = (layer: Layer) => DANGEROUS_CHANGES.filter((one) => one.layer === layer).length;
  const layers = Object.entries(LAYERS) as [Layer, string][];
  const rows = DANGEROUS_CHANGES.map(
    ({ change, would, layer, by }) =>
      `| ${change} | ${would} | ${LAYERS[layer]} | ${layer === "preflight" ? `"${by}"` : by} |`,
  );
  return [
    `${DANGEROUS_CHANGES.length} of ${DANGEROUS_CHANGES.length} are stopped: ${layers.map(([layer, name]) => `${count(layer)} by the ${name}`).join(", ")}.`,
    "",
    "| Change | What it would do | Stopped by | Rule, or what is said |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

/** How many mistakes each part of the configuration layer refuses, by section of the stack file. */
export function renderMistakes(): string {
  const refused = mistakes().map((mistake) => ({ section: sectionOf(mistake.set), ...refusalOf(mistake) }));
  const stopped = refused.filter(({ by }) => by !== undefined);
  const sections = [...new Set(refused.map(({ section }) => section))].sort();
  const count = (section: string, by: string) =>
    refused.filter((one) => one.section === section && one.by === by).length;
  const total = (by: string) => refused.filter((one) => one.by === by).length;
  return [
    `${stopped.length} of ${refused.length} mistakes are refused before anything is evaluated: ${total("schema")} by the schema, ${total("rules")} by rules between values.`,
    "",
    "| Section that is changed first | schema | rules |",
    "| --- | --- | --- |",
    ...sections.map((section) => `| ${section} | ${count(section, "schema")} | ${count(section, "rules")} |`),
  ].join("\n");
}

/** The section of the first key that a mistake changes; a mistake of secrets alone changes none. */
function sectionOf(set: unknown): string {
  const [first] = isTree(set) ? Object.keys(set) : [];
  return first === undefined ? "(secrets)" : (first.split(".")[0] ?? first);
}

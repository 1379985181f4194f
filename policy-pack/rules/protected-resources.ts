import { chartOf } from "../charts";
import { type JudgedResource, kindOf, stackOf, UNKNOWN } from "../resource";
import { cannotJudge, type JudgedStack, type StackFault, type StackRule } from "../rule";
import { declaredCni, nameOf, shown } from "../stack";
import { CRD_CHARTS } from "./crds-kept";

/** Stacks whose clusters are thrown away, so that `protect: false` is right there. */
export const THROWN_AWAY_STACKS: readonly string[] = ["dev", "sandbox"];

/** Namespace of Calico's operator: it goes when Calico is being left. */
const CALICO_NAMESPACE = "tigera-operator";

/** What the resource holds that no deletion may take; UNKNOWN where its chart is not known. */
function holds(resource: JudgedResource): string | typeof UNKNOWN | undefined {
  if (kindOf(resource) === "Namespace") return `namespace ${shown(nameOf(resource))}`;
  if (kindOf(resource) === "CustomResourceDefinition") return "a CustomResourceDefinition";
  const chart = chartOf(resource);
  if (chart === UNKNOWN) return UNKNOWN;
  return chart !== undefined && chart.name in CRD_CHARTS ? `the CustomResourceDefinitions of ${chart.name}` : undefined;
}

function* judgeDeclared({ resources }: JudgedStack): Generator<StackFault> {
  const leaving = declaredCni(resources)?.leaving;
  for (const resource of resources) {
    if (resource.protect || THROWN_AWAY_STACKS.includes(stackOf(resource))) continue;
    const what = holds(resource);
    if (what === undefined) continue;
    if (what === UNKNOWN) {
      yield { resource, ...cannotJudge("chart", "whether it brings CustomResourceDefinitions") };
    } else if (nameOf(resource) !== CALICO_NAMESPACE || leaving !== "calico") {
      yield { resource, at: "options.protect", problem: `is not set: ${what} could be deleted by any update` };
    }
  }
}

/** What was protected before and is declared no longer: an update would be refused, or, once unprotected, delete it. */
function* judgeGone({ resources, before = [] }: JudgedStack): Generator<StackFault> {
  const declared = new Set(resources.map(({ urn }) => urn));
  for (const resource of before) {
    if (!resource.protect || declared.has(resource.urn)) continue;
    yield {
      resource,
      at: "",
      problem: "is protected and was declared before; now it is not, so that the update would delete it",
    };
  }
}

/** What holds data is protected. */
export const protectedResources: StackRule = {
  id: "protected-resources",
  what: `Namespaces and releases of CustomResourceDefinitions are protected, but in stacks that are thrown away (${THROWN_AWAY_STACKS.join(", ")}); none that was protected leaves the plan (judged with \`--base\`).`,
  why: "Deleting a namespace deletes everything in it, and a definition every object of its kind. `protect` makes the engine refuse such an update, whatever the program says.",
  fix: "Set protect: true. A renamed namespace is another namespace: keep the name, or take the old one out with `pulumi state unprotect` and `pulumi destroy --target` once it is empty.",
  enforcement: "mandatory",
  *judgeStack(stack) {
    yield* judgeDeclared(stack);
    yield* judgeGone(stack);
  },
};

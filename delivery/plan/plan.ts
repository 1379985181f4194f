/** A plan as what a delivery compares: the resources of a plan file (`npm run plan`, tests/golden) by reference. Pure. */
import { load } from "js-yaml";
import { isTree, type Tree } from "../../config/tree";

export interface PlanResource {
  /** `<type>::<name>`, unique within a plan. */
  readonly ref: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: Tree;
  /** Property paths whose change replaces the resource, beyond what its provider replaces for. */
  readonly replaceOnChanges: readonly string[];
}

export interface Plan {
  readonly stack: string;
  readonly resources: ReadonlyMap<string, PlanResource>;
}

/** The stack itself and this project's components: nothing is created for them. */
export const isGrouping = (type: string): boolean => type.startsWith("seldon-k3s:") || type === "pulumi:pulumi:Stack";

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** Longest plan that is read, in bytes; one of 1,000 machines has about a tenth of it. A stranger may have written it. */
export const LONGEST_PLAN = 16 * 2 ** 20;

/**
 * Reads a plan as `npm run plan` writes it, YAML or JSON.
 *
 * @param origin How messages call the text, such as its file.
 * @throws Error when the text is no plan. It never quotes the text, which may be no plan at all.
 */
export function readPlan(text: string, origin: string): Plan {
  const document = parse(text, origin);
  if (!isTree(document) || typeof document["stack"] !== "string" || !Array.isArray(document["resources"])) {
    throw new Error(
      `${origin} is no plan: it has no "stack" and "resources". Write one with: npm run plan -- <stack> --out FILE`,
    );
  }
  const resources = new Map<string, PlanResource>();
  for (const entry of document["resources"] as unknown[]) {
    if (!isTree(entry) || typeof entry["type"] !== "string" || typeof entry["name"] !== "string") {
      throw new Error(`${origin}: a resource without "type" and "name"; write the plan anew with npm run plan`);
    }
    const { type, name } = entry as { type: string; name: string };
    if (isGrouping(type)) continue;
    const options = isTree(entry["options"]) ? entry["options"] : {};
    const inputs = isTree(entry["inputs"]) ? entry["inputs"] : {};
    const short = `${type}::${name}`;
    // One type and name may stand below parents of several types; plans are sorted, so that both sides agree.
    const ref = resources.has(short) ? `${String(entry["parent"])}$${short}` : short;
    resources.set(ref, { ref, type, name, inputs, replaceOnChanges: textsOf(options["replaceOnChanges"]) });
  }
  return { stack: document["stack"], resources };
}

function parse(text: string, origin: string): unknown {
  if (text.length > LONGEST_PLAN) throw new Error(`${origin} is no plan: it is longer than ${LONGEST_PLAN} bytes`);
  try {
    // No plan has aliases, and a few of them can stand for more than any memory holds.
    return load(text, { maxAliases: 0 });
  } catch {
    throw new Error(
      `${origin} is no plan: it is no YAML without aliases. Write one with: npm run plan -- <stack> --out FILE`,
    );
  }
}

/** A stack that did not exist, or exists no longer. */
export const emptyPlan = (stack: string): Plan => ({ stack, resources: new Map() });

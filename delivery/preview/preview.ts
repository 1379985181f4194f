/** What `pulumi preview --json` says, as a summary like that of two plans. Pure. */
import { type Change, type Operation } from "../plan/changes";
import { isGrouping, type Plan, type PlanResource } from "../plan/plan";
import { type Summary, summaryOf } from "../plan/summary";
import { isTree, type Tree } from "../../config/tree";

/**
 * Steps of Pulumi's engine (3.248, `sdk/go/common/apitype`, OpType). A replacement shows as up to three steps of one
 * resource: it counts once. `undefined`: nothing is done to anything.
 */
const OPERATION_OF: Readonly<Record<string, Operation | undefined>> = {
  same: undefined,
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "import-replacement": "replace",
  "delete-replaced": "replace",
  read: undefined,
  "read-replacement": undefined,
  refresh: undefined,
  discard: undefined,
  "discard-replaced": undefined,
  "remove-pending-replace": undefined,
};

export interface Preview {
  readonly summary: Summary;
  /** Messages of severity error, which end a preview. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

interface State {
  readonly inputs: Tree;
}

const stateOf = (value: unknown): State | undefined =>
  isTree(value) ? { inputs: isTree(value["inputs"]) ? value["inputs"] : {} } : undefined;

/** `urn:pulumi:<stack>::<project>::<types>::<name>`; a name may hold colons. */
function partsOf(urn: string): { type: string; name: string; stack: string } {
  const [head = "", , types = "", ...name] = urn.split("::");
  return { stack: head.split(":")[2] ?? "", type: types.split("$").at(-1) ?? types, name: name.join("::") };
}

/** What says nothing about the stack: where plugins come from, and that something failed which is named beside it. */
const NOISE = /^(using pulumi-\S+ from \$PATH at|preview failed$)/;

/** Messages of one severity, each once, without the word that repeats it. */
function textOf(diagnostics: unknown, severity: string): string[] {
  if (!Array.isArray(diagnostics)) return [];
  const texts = diagnostics.flatMap((entry: unknown) =>
    isTree(entry) && entry["severity"] === severity && typeof entry["message"] === "string" ? [entry["message"]] : [],
  );
  const said = texts.map((text) => text.trim().replace(new RegExp(`^${severity}: `), ""));
  return [...new Set(said)].filter((text) => text !== "" && !NOISE.test(text));
}

/** Sides of the change with what both know of the resource. */
interface Sides {
  readonly before: Map<string, PlanResource>;
  readonly after: Map<string, PlanResource>;
}

/** A refresh says what was found before anything is decided; what follows it says what is done. */
function place(sides: Sides, resource: Omit<PlanResource, "inputs">, step: Tree): void {
  const { op } = step;
  if (op === "refresh") return;
  const [old, now] = [stateOf(step["oldState"]), stateOf(step["newState"])];
  if (old !== undefined) sides.before.set(resource.ref, { ...resource, inputs: old.inputs });
  if (now !== undefined && op !== "delete" && op !== "delete-replaced") {
    sides.after.set(resource.ref, { ...resource, inputs: now.inputs });
  }
}

/**
 * @param json Standard output of `pulumi preview --json`.
 * @throws Error when it is none, or names a step that is not known here.
 */
export function readPreview(json: string, stack: string): Preview {
  const document: unknown = parse(json);
  if (!isTree(document) || (document["steps"] !== undefined && !Array.isArray(document["steps"]))) {
    throw new Error("this is no output of `pulumi preview --json`: it has no list of steps");
  }
  const sides: Sides = { before: new Map(), after: new Map() };
  const changes = new Map<string, Change>();
  for (const step of (document["steps"] ?? []) as unknown[]) {
    if (!isTree(step) || typeof step["urn"] !== "string" || typeof step["op"] !== "string") {
      throw new Error("a step of the preview without `urn` and `op`");
    }
    if (!Object.hasOwn(OPERATION_OF, step["op"])) {
      throw new Error(`the preview has a step "${step["op"]}", which is not known here (delivery/preview/preview.ts)`);
    }
    const { urn, op } = step as { urn: string; op: string };
    const { type, name, stack: of } = partsOf(urn);
    if (of !== stack)
      throw new Error(`the preview is of stack "${of}", not "${stack}"; preview the stack that is meant`);
    if (isGrouping(type)) continue;
    place(sides, { ref: urn, type, name, replaceOnChanges: [] }, step);
    const operation = OPERATION_OF[op];
    if (operation === undefined) continue;
    const paths = isTree(step["detailedDiff"]) ? Object.keys(step["detailedDiff"]).sort() : [];
    const earlier = changes.get(urn)?.paths ?? [];
    changes.set(urn, { operation, ref: urn, type, name, paths: [...new Set([...earlier, ...paths])] });
  }
  // By component: the engine takes them in another order every time, and a comment must not change with that.
  const ordered = [...changes.values()].sort(({ ref: left }, { ref: right }) => (left < right ? -1 : 1));
  const plan = (resources: Map<string, PlanResource>): Plan => ({ stack, resources });
  return {
    summary: summaryOf(plan(sides.before), plan(sides.after), ordered),
    errors: textOf(document["diagnostics"], "error"),
    warnings: textOf(document["diagnostics"], "warning"),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(
      "this is no output of `pulumi preview --json`: it is no JSON (is the file empty, did the CLI fail?)",
    );
  }
}

/** What a stack declares in the cluster, as plain data: made from a plan, so that neither the CLI nor a state is needed. */
import { LookError } from "../../verdict";
import { isTree, type Tree } from "../../../config/tree";

/** An object whose fields are declared. */
export interface DeclaredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  /** What is applied: the declared fields without those that cannot be known here. */
  readonly body: Tree;
  /** Fields that are left out of `body`: secret, known only to a deployment, or left to others. */
  readonly withheld: readonly string[];
  /** Declared by a patch: the object is somebody else's, and so are its other fields. */
  readonly partial?: true;
  /** Keys that a Secret must have; its content is in nobody's hands here. */
  readonly secretKeys?: readonly string[];
}

/** A Helm release. */
export interface DeclaredRelease {
  readonly name: string;
  readonly namespace: string;
  /** Name and version of the chart, such as `seldon-core-v2-setup-2.10.2`. */
  readonly chart: string;
  /** Values over those of the chart, without those that are secret. */
  readonly values: Tree;
}

export interface Declared {
  readonly objects: readonly DeclaredObject[];
  readonly releases: readonly DeclaredRelease[];
}

/** One resource of a plan, as far as it matters here. A value may stand in it as a mark. */
export interface PlannedResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Tree;
  readonly options?: {
    /** Fields that the stack sets once and leaves to others then, dotted: an autoscaler's number of pods. */
    readonly ignoreChanges?: readonly string[];
  };
}

/** How a plan marks values that it does not hold. */
export interface Marks {
  /** Whether a value is secret or unknown. */
  readonly isMark: (value: unknown) => boolean;
  /** The keys of a mapping that is secret as a whole; none where it is no mapping. */
  readonly keysOf: (value: unknown) => readonly string[];
}

const RELEASE = "kubernetes:helm.sh/v3:Release";
const PATCH = /:[A-Z]\w*Patch$/;
const OBJECT = /^kubernetes:(?!helm\.sh\/|yaml|kustomize)[a-z0-9.-]+\/v\d\w*:[A-Z]\w*$/;

/** @throws LookError for a resource without a name or kind, which a plan never has. */
export function declaredOf(resources: readonly PlannedResource[], marks: Marks): Declared {
  return {
    objects: resources.filter(({ type }) => OBJECT.test(type)).map((resource) => objectOf(resource, marks)),
    releases: resources.filter(({ type }) => type === RELEASE).map((resource) => releaseOf(resource, marks)),
  };
}

function objectOf({ name: resource, type, inputs, options }: PlannedResource, marks: Marks): DeclaredObject {
  const metadata = isTree(inputs["metadata"]) ? inputs["metadata"] : {};
  const { name, namespace } = metadata;
  const { apiVersion, kind } = inputs;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") {
    throw new LookError(`the plan's ${resource} has no apiVersion, kind or metadata.name`, {
      fix: "report this as a fault of the program",
      final: true,
    });
  }
  const left = options?.ignoreChanges ?? [];
  const compared = left.reduce((tree, field) => without(tree, field.split(".")), inputs);
  const { value, withheld: marked } = withoutMarks(compared, marks);
  const withheld = [...marked, ...left];
  const body = value as Tree;
  const named = {
    apiVersion,
    kind,
    name,
    ...(typeof namespace === "string" ? { namespace } : {}),
    ...(PATCH.test(type) ? { partial: true as const } : {}),
  };
  if (kind !== "Secret") return { ...named, body, withheld };
  const keys = ["data", "stringData"].flatMap((part) => {
    const content = inputs[part];
    if (marks.isMark(content)) return marks.keysOf(content);
    return isTree(content) ? Object.keys(content) : [];
  });
  const { data: _, stringData: __, ...rest } = body;
  return { ...named, body: rest, withheld: ["data"], secretKeys: keys };
}

/** The tree without the field at a path; the same where it has none. */
function without(tree: Tree, [first = "", ...rest]: readonly string[]): Tree {
  const { [first]: inner, ...others } = tree;
  if (rest.length === 0 || inner === undefined) return others;
  return isTree(inner) ? { ...others, [first]: without(inner, rest) } : tree;
}

function releaseOf({ inputs }: PlannedResource, marks: Marks): DeclaredRelease {
  const { name, namespace, chart, values } = inputs;
  const folder = String(chart).split("/").at(-1) ?? "";
  const known = withoutMarks(values ?? {}, marks).value;
  return { name: String(name), namespace: String(namespace), chart: folder, values: isTree(known) ? known : {} };
}

/** The value without marked parts, and where they stood. */
function withoutMarks(value: unknown, marks: Marks, field = ""): { value: unknown; withheld: string[] } {
  if (marks.isMark(value)) return { value: undefined, withheld: [field] };
  const parts = Array.isArray(value)
    ? value.map((one, index) => [`[${index}]`, withoutMarks(one, marks, `${field}[${index}]`)] as const)
    : isTree(value)
      ? Object.entries(value).map(
          ([key, one]) => [key, withoutMarks(one, marks, field === "" ? key : `${field}.${key}`)] as const,
        )
      : undefined;
  if (parts === undefined) return { value, withheld: [] };
  const withheld = parts.flatMap(([, part]) => part.withheld);
  const kept = parts.filter(([, part]) => part.value !== undefined);
  return {
    value: Array.isArray(value)
      ? kept.map(([, part]) => part.value)
      : Object.fromEntries(kept.map(([key, part]) => [key, part.value])),
    withheld,
  };
}

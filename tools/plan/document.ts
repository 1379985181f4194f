/** A plan as a document to read and to compare: sorted, with secrets masked, without anything that changes by itself. */
import { dump } from "js-yaml";
import type { RecordedResource } from "../../inprocess/engine";
import { maskSecrets } from "../../inprocess/secrets";
import { parseUrn } from "../../inprocess/urn";
import type { Evaluation } from "./evaluate";

type Tree = Record<string, unknown>;

/** Code-unit order, which does not depend on the machine's language. */
const byText = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => byText(left, right));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** `<type>::<name>`, or with the parents' types where that names more than one resource. */
function referencesOf(resources: readonly RecordedResource[]): (urn: string) => string {
  const count = new Map<string, number>();
  const short = ({ type, name }: { type: string; name: string }) => `${type}::${name}`;
  for (const resource of resources) count.set(short(resource), (count.get(short(resource)) ?? 0) + 1);
  return (urn) => {
    const { qualifiedType, name } = parseUrn(urn);
    const type = qualifiedType.split("$").at(-1) ?? qualifiedType;
    return count.get(short({ type, name })) === 1 ? short({ type, name }) : short({ type: qualifiedType, name });
  };
}

/** Every string that is the URN of one of the resources becomes a reference, wherever it stands. */
function shorten(value: unknown, reference: (urn: string) => string, urns: ReadonlySet<string>): unknown {
  if (typeof value === "string") return urns.has(value) ? reference(value) : value;
  if (Array.isArray(value)) return value.map((item) => shorten(item, reference, urns));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, reference, urns)]));
}

const isEmpty = (value: unknown) =>
  value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);

/** The object without empty members. */
const compact = (value: Tree): Tree => Object.fromEntries(Object.entries(value).filter(([, item]) => !isEmpty(item)));

/** The plan as plain data. Resources are sorted by URN, so that a parent stands before its children of one type chain. */
export function planDocument({ stack, resources, outputs }: Evaluation): Tree {
  const reference = referencesOf(resources);
  const urns = new Set(resources.map(({ urn }) => urn));
  const tidy = (value: unknown) => sorted(shorten(maskSecrets(value), reference, urns));
  const ordered = [...resources].sort((left, right) => byText(left.urn, right.urn));
  return {
    stack,
    outputs: tidy(outputs),
    resources: ordered
      .filter(({ parent }) => parent !== undefined)
      .map((resource) =>
        compact({
          name: resource.name,
          type: resource.type,
          parent: reference(resource.parent ?? ""),
          provider: resource.provider && reference(resource.provider),
          options: tidy(resource.options),
          dependencies: tidy(resource.dependencies),
          // A component's inputs are sections of the stack file again, and what it makes of them stands below it.
          inputs: resource.custom ? tidy(resource.inputs) : undefined,
        }),
      ),
  };
}

/** The plan as YAML, byte for byte the same for the same program and stack file. */
export const planYaml = (evaluation: Evaluation): string =>
  dump(planDocument(evaluation), { lineWidth: -1, noRefs: true });

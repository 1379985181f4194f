/** The reference of a stack's configuration, made from its schema: one table a section, one row a key. Pure. */
import { z } from "zod";
import { issueFault } from "../config/schema-faults";
import { SECRET_KEYS, stackSchema } from "../config/schema";

/** What is read of zod's JSON Schema, and the form of a string in our own words. */
interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly form?: string;
}

/** One key of the configuration. */
export interface KeyRow {
  /** Full path; `[]` is every entry of a list, `<name>` every key of a mapping with free keys. */
  readonly key: string;
  readonly meaning: string;
  readonly allowed: string;
  /** Default as text; `required` where there is none and the key must be set. */
  readonly standard: string;
}

/** A text that satisfies no form: what a schema says about it is what it expects. */
const NOT_TEXT = "\u0000";

/** The largest number that zod writes for "no bound". */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/** What a fault would name as allowed for a malformed string; undefined where any text will do. */
function formOf(schema: z.core.$ZodType): string | undefined {
  const issue = z.safeParse(schema, NOT_TEXT).error?.issues[0];
  if (issue === undefined || issue.code === "too_small" || issue.code === "too_big") return undefined;
  return issueFault(issue, [], NOT_TEXT, undefined).allowed;
}

const schemaTree = (): Node =>
  z.toJSONSchema(stackSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodString || zodSchema instanceof z.ZodStringFormat) {
        const form = formOf(zodSchema);
        if (form !== undefined) jsonSchema["form"] = form;
      }
    },
  }) as Node;

const code = (value: unknown): string => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

/** `1 to 5`, `at least 1`, `at most 20`; empty without bounds. */
function range(least: number | undefined, most: number | undefined): string {
  const low = least === undefined || least <= -UNBOUNDED ? undefined : least;
  const high = most === undefined || most >= UNBOUNDED ? undefined : most;
  if (low !== undefined && high !== undefined) return low === high ? `exactly ${low}` : `${low} to ${high}`;
  return low !== undefined ? `at least ${low}` : high !== undefined ? `at most ${high}` : "";
}

const counted = (text: string, unit: string): string =>
  text === "" ? "" : `${text} ${text.endsWith(" 1") ? unit : `${unit}s`}`;
const joined = (...parts: string[]): string => parts.filter((part) => part !== "").join(", ");

function numberText(word: string, { minimum, maximum, exclusiveMinimum }: Node): string {
  const above = exclusiveMinimum === undefined ? "" : `more than ${exclusiveMinimum}`;
  return joined(word, above, range(minimum, maximum));
}

/** What may stand for a value, by its JSON type. */
const TYPES: Readonly<Record<string, (node: Node) => string>> = {
  boolean: () => "`true` or `false`",
  integer: (node) => numberText("whole number", node),
  number: (node) => numberText("number", node),
  string: ({ form, maxLength }) => joined(form ?? "text", counted(range(undefined, maxLength), "character")),
  array: ({ items, minItems, maxItems }) =>
    joined(`list of: ${allowed(items ?? {})}`, counted(range(minItems, maxItems), "item")),
  object: (node) =>
    typeof node.additionalProperties === "object" && node.properties === undefined
      ? `mapping of names to: ${allowed(node.additionalProperties)}`
      : "mapping",
};

function allowed(node: Node): string {
  if (node.const !== undefined) return code(node.const);
  if (node.enum !== undefined) return node.enum.map(code).join(", ");
  const choices = node.anyOf ?? node.oneOf;
  if (choices !== undefined) return [...new Set(choices.map(allowed))].join(", ");
  return TYPES[node.type ?? ""]?.(node) ?? "any value";
}

function standardOf(node: Node, required: boolean): string {
  if (node.default !== undefined) {
    const ownKeys = node.properties !== undefined && JSON.stringify(node.default) === "{}";
    return ownKeys ? "that of each key" : code(node.default);
  }
  if (required) return "required";
  return /Default[:,]/.test(node.description ?? "") ? "see meaning" : "none";
}

/** The keys below a place, in the order of the schema; a group of keys that stands elsewhere already is named, not repeated. */
function rowsBelow(path: string, node: Node, seen: Map<string, string>): KeyRow[] {
  if (node.items !== undefined) return rowsBelow(`${path}[]`, node.items, seen);
  const choices = node.oneOf ?? node.anyOf;
  if (choices !== undefined) return rowsOfChoices(path, choices, seen);
  if (node.properties === undefined) {
    const free = node.additionalProperties;
    return typeof free === "object" ? rowsBelow(`${path}.<name>`, free, seen) : [];
  }
  const { properties, required = [] } = node;
  seen.set(JSON.stringify(properties), path);
  return Object.entries(properties).flatMap(([name, child]) => {
    const key = path === "" ? name : `${path}.${name}`;
    const group = JSON.stringify((child.items ?? child).properties ?? {});
    const twin = group === "{}" ? undefined : seen.get(group);
    const meaning = child.description ?? "";
    const row = { key, allowed: allowed(child), standard: standardOf(child, required.includes(name)) };
    if (twin !== undefined) return [{ ...row, meaning: `${meaning} Same keys as \`${twin}\`.`.trim() }];
    return [{ ...row, meaning }, ...rowsBelow(key, child, seen)];
  });
}

/** Keys of a value that has several shapes: those that differ say so in what is allowed, those of some shapes name them. */
function rowsOfChoices(path: string, choices: readonly Node[], seen: Map<string, string>): KeyRow[] {
  const rows = new Map<string, KeyRow>();
  for (const choice of choices) {
    const tag = Object.entries(choice.properties ?? {}).find(([, { const: value }]) => value !== undefined);
    for (const row of rowsBelow(path, choice, new Map(seen))) {
      const known = rows.get(row.key);
      const shape = tag === undefined ? "" : `With ${tag[0]} ${code(tag[1].const)}: `;
      const isTag = tag !== undefined && row.key === `${path}.${tag[0]}`;
      if (known === undefined) {
        const shared = choices.every(({ properties = {} }) => row.key.slice(path.length + 1) in properties);
        rows.set(row.key, {
          ...row,
          meaning: isTag ? `${row.allowed}: ${row.meaning}` : shared ? row.meaning : shape + row.meaning,
        });
      } else if (isTag) {
        rows.set(row.key, {
          ...known,
          allowed: joined(known.allowed, row.allowed),
          meaning: `${known.meaning} ${row.allowed}: ${row.meaning}`,
        });
      }
    }
  }
  return [...rows.values()];
}

/** Every key of the configuration but the secret ones, in the order of the schema. */
export const keyRows = (): KeyRow[] => rowsBelow("", schemaTree(), new Map());

/** A table's cell: no column break, and no HTML outside code. */
const cell = (text: string): string =>
  text
    .replaceAll("|", "\\|")
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "&lt;").replaceAll("*", "\\*")))
    .join("");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`);

/** The tables in Markdown: one section a top-level key, then the secrets. */
export function renderConfiguration(): string {
  const rows = keyRows();
  const sections = Object.keys(stackSchema.shape).flatMap((section) => {
    const [head, ...below] = rows.filter(({ key }) => key === section || key.startsWith(`${section}.`));
    if (head === undefined) return [];
    const lead = `${head.meaning} ${head.standard === "required" ? "Required." : ""}`.trim();
    const listed = below.length > 0 ? below : [head];
    return [
      `## ${section}`,
      "",
      lead,
      "",
      ...table(
        ["Key", "Meaning", "Allowed", "Default"],
        listed.map(({ key, meaning, allowed: values, standard }) => [`\`${key}\``, meaning, values, standard]),
      ),
      "",
    ];
  });
  const secrets = table(
    ["Key", "Meaning"],
    Object.entries(SECRET_KEYS).map(([key, meaning]) => [`\`${key}\``, meaning]),
  );
  return [...sections, "## Secrets", "", ...secrets, ""].join("\n");
}

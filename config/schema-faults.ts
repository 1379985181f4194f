/** Turns what zod says about one value into a fault that says what, got, allowed and fix. */
import type { z } from "zod";
import type { Fault } from "./faults";
import { suggest } from "./suggest";

type Issue = z.core.$ZodIssue;

/** A place in the configuration, as keys and indexes from the top. */
export type Path = readonly PropertyKey[];

/** `hosts.servers[1].labels["example.com/rack"]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const key = String(step);
    if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** What the configuration's author writes for each type that zod names. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping of keys to values",
  record: "a mapping of keys to values",
};

const typeName = (expected: string): string => TYPE_NAMES[expected] ?? expected;

const isNumeral = (got: unknown): got is string => typeof got === "string" && /^-?\d+(\.\d+)?$/.test(got);
const isPlain = (got: unknown): got is number | boolean => typeof got === "number" || typeof got === "boolean";

const numberFix = (got: unknown): string =>
  isNumeral(got) ? `write it without quotes: ${got}` : "write a number without quotes";

/** How to mend the usual slips of YAML: quotes too many, quotes missing, one item instead of a list. */
const TYPE_FIXES: Readonly<Record<string, (got: unknown) => string>> = {
  number: numberFix,
  int: numberFix,
  boolean: () => "write true or false without quotes",
  string: (got) => (isPlain(got) ? `put it in quotes: "${got}"` : "write one string"),
  array: (got) => (typeof got === "string" || isPlain(got) ? `write a list: [${got}]` : "write a list"),
};

const SIZE_UNITS: Readonly<Record<string, string>> = { array: " entries", string: " characters" };

/** Bounds of numbers, lengths and list sizes in words. */
function bound(issue: Extract<Issue, { code: "too_small" | "too_big" }>): string {
  const limit = issue.code === "too_small" ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  return `${limit}${SIZE_UNITS[issue.origin] ?? ""}`;
}

const MESSAGE_PREFIX = /^expected /;
const DID_YOU_MEAN = /\. (Did you mean .*\?)$/;

/** Our own schemas say `expected <allowed>` and may end with `Did you mean ...?`. */
function ownMessage(message: string): { allowed: string; fix: string } {
  const hint = DID_YOU_MEAN.exec(message)?.[1];
  const allowed = message.replace(DID_YOU_MEAN, "").replace(MESSAGE_PREFIX, "");
  return { allowed, fix: hint ?? "write it in that form" };
}

/** What a fault says beside path and value. */
type Verdict = Omit<Fault, "path" | "got">;

const UUID_FORM = "a UUID such as 6f1c2a4e-3b5d-4c7e-8f90-123456789abc";

function verdict(issue: Issue, at: string, got: unknown, meaning: string | undefined): Verdict {
  if (issue.code === "invalid_type" && got === undefined) {
    const type = typeName(issue.expected);
    const allowed = meaning === undefined ? type : `${type}: ${meaning}`;
    return { problem: "is missing", allowed, fix: `set ${at}`, rule: "schema.missing" };
  }
  if (got === null) {
    const fix = "give it a value, or remove the key to take the default";
    return { problem: "has no value", allowed: meaning ?? "a value", fix, rule: "schema.type" };
  }
  if (issue.code === "invalid_type") {
    const allowed = typeName(issue.expected);
    const fix = TYPE_FIXES[issue.expected]?.(got) ?? `write ${allowed}`;
    return { problem: "has the wrong type", allowed, fix, rule: "schema.type" };
  }
  if (issue.code === "invalid_value") {
    const values = issue.values.map(String);
    const near = typeof got === "string" ? suggest(got, values) : undefined;
    const fix = near === undefined ? "choose one of these" : `Did you mean "${near}"?`;
    return { problem: "is none of the known values", allowed: values.join(", "), fix, rule: "schema.choice" };
  }
  if (issue.code === "too_small" || issue.code === "too_big") {
    const problem = issue.code === "too_small" ? "is too small" : "is too large";
    return { problem, allowed: bound(issue), fix: `use ${bound(issue)}`, rule: "schema.bounds" };
  }
  if (issue.code === "invalid_format" && issue.format === "uuid") {
    return { problem: "is malformed", allowed: UUID_FORM, fix: meaning ?? "copy it whole", rule: "schema.form" };
  }
  return { problem: "is malformed", ...ownMessage(issue.message), rule: "schema.form" };
}

/**
 * The fault behind one issue.
 * @param path Absolute path of the value that the issue is about.
 * @param got That value; undefined when it is absent.
 * @param meaning Description of the value in the schema, if any.
 */
export function issueFault(issue: Issue, path: Path, got: unknown, meaning: string | undefined): Fault {
  const at = formatPath(path);
  return { path: at, ...(got === undefined ? {} : { got }), ...verdict(issue, at, got, meaning) };
}

/**
 * The fault of a key that the schema does not know.
 * @param known Keys that are allowed in its place.
 * @returns The fault, and the known key that was probably meant.
 */
export function unknownKeyFault(
  parent: Path,
  key: string,
  known: readonly string[],
): { fault: Fault; meant: string | undefined } {
  const meant = suggest(key, known);
  return {
    meant,
    fault: {
      path: formatPath([...parent, key]),
      problem: "is an unknown key",
      allowed: known.join(", "),
      fix: meant === undefined ? "remove it" : `Did you mean "${meant}"?`,
      rule: "schema.unknown-key",
    },
  };
}

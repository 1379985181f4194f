/** Values of fields as a report may show them: short, on one line, and never a secret. Pure. */
import { nameOf } from "./field-path";
import { redact } from "../../evidence/redact";
import { isTree } from "../../../config/tree";

const HIDDEN = "[hidden]";
/** Longer values say how long they are; nobody reads a CRD in a report. */
const LONGEST = 100;

/** Words in the name of a field, or of an environment variable, whose value may be a credential. */
const SECRET_WORD =
  /pass(word|wd|phrase)?$|secret|token|credential|api[-_]?key|private[-_]?key|access[-_]?key|auth$|authorization/i;

/** A flag with its value, `--name=value`. */
const FLAG = /^(--?[\w.-]+)=/;
/** `NAME=value`, `--name=value` and `https://user:word@host` without what may be a credential. */
function withoutCredentials(text: string): string {
  const flag = FLAG.exec(text)?.[1];
  if (flag !== undefined && SECRET_WORD.test(flag)) return `${flag}=${HIDDEN}`;
  return redact(text).replaceAll("[secret]", HIDDEN);
}

/** Items of a list; the one behind `--name` is its value. */
const maskedItems = (items: readonly unknown[], name: string): unknown[] =>
  items.map((item, index) => {
    const before = items[index - 1];
    const isValue = typeof before === "string" && /^--?[\w.-]+$/.test(before) && SECRET_WORD.test(before);
    return isValue && typeof item === "string" ? HIDDEN : masked(item, name);
  });

/**
 * @param field Where the value stands: its last names decide whether it is hidden.
 * @param kind Kind of the object: of a Secret nothing but names is ever shown.
 */
export function show(value: unknown, field: string, kind: string): string {
  if (value === undefined) return "absent";
  if (isHidden(field, kind)) return HIDDEN;
  if (typeof value === "string" && value.includes("\n")) return `a text of ${value.split("\n").length} lines`;
  const text = JSON.stringify(masked(value, ""));
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}... (${text.length} characters)`;
}

function isHidden(field: string, kind: string): boolean {
  if (kind === "Secret" && /^(data|stringData)\b/.test(field)) return true;
  // Of `env[KAFKA_PASSWORD].value` the variable's name counts, which stands before the last.
  return field
    .split(/[.[\]]+/)
    .filter((step) => step !== "")
    .slice(-2)
    .some((step) => SECRET_WORD.test(step));
}

/** The value without what may be a credential, wherever it stands inside. */
function masked(value: unknown, name: string): unknown {
  if (typeof value === "string") return SECRET_WORD.test(name) ? HIDDEN : withoutCredentials(value);
  if (Array.isArray(value)) return maskedItems(value, name);
  if (!isTree(value)) return value;
  const own = nameOf(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, masked(one, key === "value" && own !== undefined ? own : key)]),
  );
}

/** The few expressions that the workflows use, filled in and judged as GitHub's runner does. */

export interface Context {
  readonly [name: string]: Context | string | number | boolean | undefined;
}

/** What may be absent: GitHub gives an empty text. Everything else must be there, so that a misspelt name is found. */
const OPTIONAL = new Set(["vars", "secrets"]);

/** @throws Error for a path that the context does not hold. */
export function valueOf(path: string, context: Context): string {
  const quoted = /^'([^']*)'$/.exec(path);
  if (quoted) return quoted[1] ?? "";
  const [root = "", ...keys] = path.split(".");
  if (!/^[a-z_]+(\.[A-Za-z0-9_-]+)*$/.test(path)) throw new Error(`the expression "${path}" is not known here`);
  let value: Context[string] = context[root];
  for (const key of keys) value = typeof value === "object" ? value[key] : undefined;
  if (value === undefined && OPTIONAL.has(root)) return "";
  if (value === undefined || typeof value === "object") throw new Error(`the event has no "${path}"`);
  return String(value);
}

/** A text with every `${{ path }}` replaced. */
export const fill = (text: string, context: Context): string =>
  text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, path: string) => valueOf(path, context));

/** Whether an `if:` of terms joined by `&&` holds; each is `always()` or `left == right`. */
export function holds(condition: string, context: Context): boolean {
  return condition.split("&&").every((term) => {
    if (term.trim() === "always()") return true;
    const [left = "", right, ...more] = term.split("==").map((side) => side.trim());
    if (right === undefined || more.length > 0) throw new Error(`the condition "${term.trim()}" is not known here`);
    return valueOf(left, context) === valueOf(right, context);
  });
}

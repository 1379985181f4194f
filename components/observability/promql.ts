/** What a PromQL expression reads, as far as names go. Whether it is PromQL at all is for promtool to say. */

/** Words of the language that stand where a metric could, and the clauses whose brackets hold labels. */
const KEYWORDS = new Set(["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"]);
const LABEL_CLAUSES = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);

/** Strings, ranges, numbers with units, names, brackets; everything else is an operator. */
const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\[[^\]]*\]|\d[\w.]*|[A-Za-z_:][\w:]*|\S/g;
const NAME = /^[A-Za-z_:][\w:]*$/;
const CLOSING: Readonly<Record<string, string>> = { "{": "}", "(": ")" };

/** Index behind the bracket that opens at `open`. */
function behind(tokens: readonly string[], open: number): number {
  const opening = tokens[open] ?? "";
  const closing = CLOSING[opening];
  for (let index = open, depth = 0; index < tokens.length; index++) {
    if (tokens[index] === opening) depth++;
    else if (tokens[index] === closing && --depth === 0) return index + 1;
  }
  throw new Error(`unbalanced ${opening} in ${tokens.join(" ")}`);
}

/**
 * Names of the series that an expression reads, each once, in their order.
 *
 * @throws Error for an expression with brackets that do not close.
 */
export function seriesIn(expression: string): string[] {
  const tokens = expression.match(TOKEN) ?? [];
  const found = new Set<string>();
  for (let index = 0; index < tokens.length;) {
    const token = tokens[index] ?? "";
    const next = tokens[index + 1];
    if (token === "{") index = behind(tokens, index);
    else if (!NAME.test(token)) index++;
    else if (LABEL_CLAUSES.has(token)) index = next === "(" ? behind(tokens, index + 1) : index + 1;
    else if (next === "(" || KEYWORDS.has(token.toLowerCase()) || nextIsClause(next)) index++;
    else {
      found.add(token);
      index++;
    }
  }
  return [...found];
}

/** `sum by (x) (…)`: the aggregation's name stands before a clause, not before its bracket. */
const nextIsClause = (next: string | undefined): boolean => next === "by" || next === "without";

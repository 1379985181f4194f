/**
 * Calico's selector expressions, such as `app == 'web' && has(tier)`. Pure.
 *
 * The language is that of Calico 3.31 and 3.32 (`libcalico-go/lib/selector`): labels compared with text, sets, `has`,
 * `all`, `global`, negation, and, or, parentheses. A comparison with a label that is not there is true for `!=` and
 * `not in` only.
 */

type Labels = Readonly<Record<string, string>>;
type Test = (labels: Labels) => boolean;
/** Whether an object with these labels is selected. */
export interface Selector {
  (labels: Labels): boolean;
  /** Labels that it asks for. */
  readonly asked: readonly string[];
}

type Token = { readonly kind: "text" | "word" | "sign"; readonly value: string };

const WHITE = /\s*/y;
const TOKENS: readonly (readonly [Token["kind"], RegExp])[] = [
  ["text", /"[^"]*"|'[^']*'/y],
  ["sign", /==|!=|&&|\|\||[!(){},]/y],
  ["word", /[\w./-]+/y],
];

function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(expression)?.[0];
  };
  for (;;) {
    at += match(WHITE)?.length ?? 0;
    if (at >= expression.length) return tokens;
    const found = TOKENS.map(([kind, pattern]) => ({ kind, value: match(pattern) })).find(
      (token): token is Token => token.value !== undefined,
    );
    if (found === undefined) throw new Error(`unexpected ${JSON.stringify(expression[at])} at ${at}`);
    tokens.push(found.kind === "text" ? { kind: "text", value: found.value.slice(1, -1) } : found);
    at += found.value.length;
  }
}

/** How a label is compared with one text. The label is there. */
const COMPARISONS: Readonly<Record<string, (label: string, text: string) => boolean>> = {
  "==": (label, text) => label === text,
  contains: (label, text) => label.includes(text),
  startswith: (label, text) => label.startsWith(text),
  endswith: (label, text) => label.endsWith(text),
};

class Parser {
  private at = 0;
  private readonly asked = new Set<string>();

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): Selector {
    const test = this.tokens.length === 0 ? () => true : this.either();
    if (this.at < this.tokens.length) throw new Error(`unexpected ${JSON.stringify(this.tokens[this.at]!.value)}`);
    return Object.assign((labels: Labels) => test(labels), { asked: [...this.asked] });
  }

  private either(): Test {
    const parts = [this.both()];
    while (this.takes("||")) parts.push(this.both());
    return parts.length === 1 ? parts[0]! : (labels) => parts.some((part) => part(labels));
  }

  private both(): Test {
    const parts = [this.negated()];
    while (this.takes("&&")) parts.push(this.negated());
    return parts.length === 1 ? parts[0]! : (labels) => parts.every((part) => part(labels));
  }

  private negated(): Test {
    if (!this.takes("!")) return this.single();
    const inner = this.negated();
    return (labels) => !inner(labels);
  }

  private single(): Test {
    if (this.takes("(")) {
      const inner = this.either();
      this.must(")");
      return inner;
    }
    const name = this.word();
    // `all`, `global` and `has` are words of the language only before a parenthesis; else they are labels.
    if (this.takes("(")) {
      const label = name === "has" ? this.word() : undefined;
      this.must(")");
      if (label !== undefined) {
        this.asked.add(label);
        return (labels) => Object.hasOwn(labels, label);
      }
      if (name === "all" || name === "global") return () => true;
      throw new Error(`unknown function ${name}()`);
    }
    return this.comparison(name);
  }

  private comparison(name: string): Test {
    this.asked.add(name);
    if (this.takes("!=")) {
      const text = this.text();
      return (labels) => labels[name] !== text;
    }
    if (this.takes("==")) return this.compared(name, "==");
    const operator = this.word();
    switch (operator) {
      case "in":
        return this.oneOf(name);
      case "not": {
        if (this.word() !== "in") throw new Error("expected in after not");
        const inside = this.oneOf(name);
        return (labels) => !inside(labels);
      }
      case "starts":
      case "ends":
        if (this.word() !== "with") throw new Error(`expected with after ${operator}`);
        return this.compared(name, `${operator}with`);
      case "contains":
      case "startswith":
      case "endswith":
        return this.compared(name, operator);
      default:
        throw new Error(`unknown operator ${operator}`);
    }
  }

  private compared(name: string, operator: string): Test {
    const text = this.text();
    const compare = COMPARISONS[operator]!;
    return (labels) => labels[name] !== undefined && compare(labels[name], text);
  }

  private oneOf(name: string): Test {
    this.must("{");
    const values = new Set<string>();
    while (!this.takes("}")) {
      if (values.size > 0) this.must(",");
      values.add(this.text());
    }
    return (labels) => labels[name] !== undefined && values.has(labels[name]);
  }

  private takes(sign: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== "sign" || token.value !== sign) return false;
    this.at += 1;
    return true;
  }

  private must(sign: string): void {
    if (!this.takes(sign)) throw new Error(`expected ${sign}, got ${this.tokens[this.at]?.value ?? "the end"}`);
  }

  private word(): string {
    return this.take("word", "a label");
  }

  private text(): string {
    return this.take("text", "a text in quotes");
  }

  private take(kind: Token["kind"], wanted: string): string {
    const token = this.tokens[this.at];
    if (token?.kind !== kind) throw new Error(`expected ${wanted}, got ${token?.value ?? "the end"}`);
    this.at += 1;
    return token.value;
  }
}

const known = new Map<string, Selector>();

/** Reads an expression; an empty one selects everything. @throws Error naming the expression and what is wrong in it. */
export function parseSelector(expression: string): Selector {
  const found = known.get(expression);
  if (found !== undefined) return found;
  let selector: Selector;
  try {
    selector = new Parser(tokensOf(expression)).parse();
  } catch (error) {
    throw new Error(`selector ${JSON.stringify(expression)}: ${(error as Error).message}`, { cause: error });
  }
  known.set(expression, selector);
  return selector;
}

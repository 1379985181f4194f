/** Selector expressions of Calico's, built so that no value can break out of its quotes. Pure. */

const LABEL_KEY = /^[\w./-]{1,317}$/;
const LABEL_VALUE = /^[\w.-]{0,63}$/;

/** Label that Calico gives every pod, and no host: the name of its namespace. */
export const NAMESPACE = "projectcalico.org/namespace";

function key(text: string): string {
  if (!LABEL_KEY.test(text)) throw new Error(`selector: ${JSON.stringify(text)} is no label's key`);
  return text;
}

function value(text: string): string {
  if (!LABEL_VALUE.test(text)) throw new Error(`selector: ${JSON.stringify(text)} is no label's value`);
  return `'${text}'`;
}

/** The label is there, whatever its value. */
export const has = (label: string): string => `has(${key(label)})`;

/** The label is there with that value. */
export const is = (label: string, text: string): string => `${key(label)} == ${value(text)}`;

/** The label has none of these values. True too where the label is not there: say `has` beside it where that matters. */
export function isNoneOf(label: string, texts: readonly string[]): string {
  if (texts.length === 0) throw new Error(`selector: ${label} got no values to leave out`);
  return `${key(label)} not in { ${texts.map(value).join(", ")} }`;
}

/** All of them. */
export function allOf(...parts: readonly string[]): string {
  if (parts.length === 0) throw new Error("selector: got no parts, which would select everything");
  return parts.join(" && ");
}

/** All these labels. */
export const labelled = (labels: Readonly<Record<string, string>>): string =>
  allOf(...Object.entries(labels).map(([name, text]) => is(name, text)));

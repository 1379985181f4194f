/**
 * XML and HTML from data: what is a text is escaped, always. The output is both at once (every element closed, every
 * attribute quoted), so that one strict reader can check it. Pure.
 */
import { printable } from "../../terminal/text";

/** Markup that is finished; a plain string is a text still to be escaped. */
export interface Markup {
  readonly markup: string;
}

type Attributes = Readonly<Record<string, string | number | undefined>>;
type Child = Markup | string | number | undefined | readonly Child[];

/** Elements that HTML knows without an end tag; all others get one, because `<td/>` opens a cell in HTML. */
const VOID = new Set(["meta", "br", "hr", "link", "col"]);

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const escapeText = (text: string): string => printable(text).replace(/[&<>"]/g, (character) => ENTITIES[character]!);

/** A reader turns line ends and tabs of an attribute into spaces, unless they are written as references. */
const escapeAttribute = (text: string): string =>
  escapeText(text).replace(/[\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Finished markup, such as a style sheet of ours. Never for what came from outside. */
export const raw = (markup: string): Markup => ({ markup });

function childMarkup(child: Child): string {
  if (child === undefined) return "";
  if (typeof child === "string") return escapeText(child);
  if (typeof child === "number") return String(child);
  if ("markup" in child) return child.markup;
  return child.map(childMarkup).join("");
}

/** An element; attributes that are undefined are left out. */
export function element(name: string, attributes: Attributes = {}, ...children: readonly Child[]): Markup {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeAttribute(String(value))}"`)
    .join("");
  if (VOID.has(name)) return raw(`<${name}${words}/>`);
  return raw(`<${name}${words}>${children.map(childMarkup).join("")}</${name}>`);
}

/** A reader of XML that takes nothing that is not well-formed: for what reports write, and no more than that. */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text inside, with references resolved. */
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"' };
const NAME = /[A-Za-z_][\w.:-]*/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)="([^"<]*)"/y;

/** @param text A document: a declaration or a doctype may stand in front. @throws Error with the place of the fault. */
export function readXml(text: string): XmlElement {
  const body = text.replace(/^<\?xml [^?]*\?>\n|^<!DOCTYPE html>\n/, "");
  if (!body.startsWith("<")) throw new Error(`begins with ${JSON.stringify(body.slice(0, 20))}`);
  const illegal = /[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(body);
  if (illegal !== null)
    throw new Error(`character ${illegal[0].codePointAt(0)} at ${illegal.index} is not allowed in XML`);
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${JSON.stringify(body.slice(at, at + 60))}`);
  };
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(body);
    if (match === null) return undefined;
    at += match[0].length;
    return match;
  };
  const resolve = (raw: string): string =>
    raw.replace(/&([^;]*);?/g, (reference, name: string) => {
      if (!reference.endsWith(";")) return fail("a bare &");
      if (/^#\d+$/.test(name)) return String.fromCodePoint(Number(name.slice(1)));
      return ENTITIES[name] ?? fail(`unknown entity ${name}`);
    });
  const element = (): XmlElement => {
    at += 1;
    const name = take(NAME)?.[0] ?? fail("no name");
    const attributes: Record<string, string> = {};
    for (let found = take(ATTRIBUTE); found !== undefined; found = take(ATTRIBUTE)) {
      if (found[1]! in attributes) fail(`attribute ${found[1]} twice`);
      attributes[found[1]!] = resolve(found[2]!);
    }
    if (take(/\/>/y) !== undefined) return { name, attributes, children: [], text: "" };
    if (take(/>/y) === undefined) fail(`<${name}> does not end`);
    const children: XmlElement[] = [];
    let inside = "";
    for (;;) {
      inside += resolve(take(/[^<]*/y)![0]);
      if (take(new RegExp(`</${name}>`, "y")) !== undefined) return { name, attributes, children, text: inside };
      if (at >= body.length || body[at + 1] === "/") fail(`<${name}> is not closed`);
      const child = element();
      children.push(child);
      inside += child.text;
    }
  };
  const root = element();
  if (body.slice(at).trim() !== "") fail("something after the root");
  return root;
}

/** All elements of a name, in the order of the document. */
export const all = (root: XmlElement, name: string): XmlElement[] => [
  ...(root.name === name ? [root] : []),
  ...root.children.flatMap((child) => all(child, name)),
];

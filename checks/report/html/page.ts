/**
 * A page in one file: no script, no font, no image from elsewhere. Its own policy forbids the browser to load anything,
 * so that a report from a machine without Internet looks the same everywhere and calls nobody.
 */
import { element, type Markup, raw } from "../markup";
import { STYLE } from "./style";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export interface Section {
  /** Target of the link in the navigation. */
  readonly id: string;
  readonly title: string;
  readonly body: readonly (Markup | string | undefined)[];
}

/** A whole HTML document. @param head What stands above all sections. */
export function page(title: string, head: readonly Markup[], sections: readonly Section[]): string {
  const links = sections.map(({ id, title }) => element("a", { href: `#${id}` }, title));
  const document = element(
    "html",
    { lang: "en" },
    "\n",
    element(
      "head",
      {},
      element("meta", { charset: "utf-8" }),
      element("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
      element("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      element("meta", { name: "color-scheme", content: "light dark" }),
      element("title", {}, title),
      element("style", {}, raw(STYLE)),
    ),
    "\n",
    element(
      "body",
      {},
      element("header", {}, ...head, sections.length > 1 ? element("nav", {}, links) : undefined),
      element(
        "main",
        {},
        sections.map(({ id, title, body }) => ["\n", element("section", { id }, element("h2", {}, title), ...body)]),
      ),
    ),
  );
  return `<!DOCTYPE html>\n${document.markup}\n`;
}

/** A table that scrolls by itself where the window is too narrow for it. */
export function table(
  className: string,
  heads: readonly string[],
  rows: readonly (readonly (Markup | string)[])[],
): Markup {
  return element(
    "div",
    { class: "scroll" },
    element(
      "table",
      { class: className },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          heads.map((head) => element("th", { scope: "col" }, head)),
        ),
      ),
      element(
        "tbody",
        {},
        rows.map((cells) => [
          "\n",
          element(
            "tr",
            {},
            cells.map((cell) => element("td", {}, cell)),
          ),
        ]),
      ),
    ),
  );
}

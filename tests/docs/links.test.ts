import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { anchorsOf, commandsOf, linksOf, pages, readPage, root } from "./pages";

/** What of a page's links leads nowhere. Other sites are not asked. */
function brokenLinks(page: string): string[] {
  return linksOf(readPage(page)).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : relative(root, resolve(root, dirname(page), path));
    if (target.startsWith("..") || !existsSync(join(root, target))) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(readPage(target)).has(anchor);
  });
}

describe("links", () => {
  it.each(pages)("%s links only to files and headings that exist", (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it("names anchors as a forge does", () => {
    const text = "# Does Flannel break 127.0.0.1? No.\n## `a: b`\n```sh\n# no heading\n```\n## Two\n## Two\n";
    expect([...anchorsOf(text)]).toEqual(["does-flannel-break-127001-no", "a-b", "two", "two-1"]);
  });

  it("finds links in text and none in code", () => {
    const text = '[a](b.md#c) and `[d](e)`\n```sh\n[f](g)\n```\n![h](i.svg)\n<img src="j.png">';
    expect(linksOf(text)).toEqual(["b.md#c", "i.svg", "j.png"]);
  });

  it("lead from README to every page", () => {
    const reached = new Set(["README.md"]);
    // A set grows while it is walked, and what is added is walked too.
    for (const page of reached) {
      for (const link of linksOf(readPage(page))) {
        const target = relative(root, resolve(root, dirname(page), link.split("#")[0] ?? ""));
        if (pages.includes(target)) reached.add(target);
      }
    }
    expect(pages.filter((page) => page.startsWith("docs/") && !reached.has(page))).toEqual([]);
  });
});

describe("commands that are shown", () => {
  it("are read with their flags and checks", () => {
    const text = "`npm run drift -- staging --only certificates,guard --json` and npm run docs # --not this\n";
    expect(commandsOf(text)).toEqual([
      { name: "drift", flags: ["--only", "--json"], only: ["certificates", "guard"] },
      { name: "docs", flags: [], only: [] },
    ]);
  });
});

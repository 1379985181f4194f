import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { generatedDocs, replacePart } from "../../tools/docs";

const root = resolve(__dirname, "../..");

describe("npm run docs", () => {
  it("replaces what stands between the marks and nothing else", () => {
    const text = "before\n<!-- x:begin -->\nold\n<!-- x:end -->\nafter\n";
    expect(replacePart(text, "x", "new\n")).toBe("before\n<!-- x:begin -->\nnew\n<!-- x:end -->\nafter\n");
  });

  it("names the mark that is missing", () => {
    expect(() => replacePart("<!-- x:end -->\n<!-- x:begin -->", "x", "new")).toThrow(
      'no lines "<!-- x:begin -->" and, after it, "<!-- x:end -->"',
    );
  });

  it.each(generatedDocs(root))("$file is what npm run docs writes", ({ present, wanted }) => {
    expect(present).toBe(wanted);
  });
});

describe("documentation", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].concat(
    readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => join("docs", file)),
  );

  it.each(pages)("%s links only to files that exist", (page) => {
    const text = readFileSync(join(root, page), "utf8");
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? "");
    const broken = targets.filter((target) => !existsSync(resolve(root, dirname(page), target)));
    expect(broken).toEqual([]);
  });

  it("README names every command that npm run has, and no other", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
    const named = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/npm (?:run )?([a-z0-9:]+)/g)];
    const known = new Set([...Object.keys(scripts), "ci", "install", "start"]);
    expect(named.map((match) => match[1] ?? "").filter((name) => !known.has(name))).toEqual([]);
  });
});

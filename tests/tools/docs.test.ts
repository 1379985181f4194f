import { resolve } from "node:path";
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

import * as fc from "fast-check";
import { lineDiff } from "../../tools/line-diff";

const texts = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 12 }).map((lines) => lines.join("\n"));

test("shows what changed with its neighbours and leaves out the rest", () => {
  const before = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
  const after = ["1", "2", "3", "4", "five", "6", "7", "8", "9", "10", "11"];
  expect(lineDiff(before.join("\n"), after.join("\n"), 1)).toBe(
    ["...", "  4", "- 5", "+ five", "  6", "...", "  10", "+ 11"].join("\n"),
  );
});

test("equal texts have no difference; other texts always have one", () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      expect(lineDiff(before, after) === "").toBe(before === after);
    }),
  );
});

test("the difference with all its context holds both texts", () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      fc.pre(before !== after);
      const lines = lineDiff(before, after, 99).split("\n");
      const side = (mark: string) =>
        lines.filter((line) => line.startsWith(mark) || line.startsWith(" ")).map((line) => line.slice(2));
      expect(side("-").join("\n")).toBe(before);
      expect(side("+").join("\n")).toBe(after);
    }),
  );
});

import fc from "fast-check";
import { cells, fit, oneLine, pad, printable } from "../../terminal/text";

/** Texts with all that makes a width hard to tell. */
const texts = fc.string({ unit: "grapheme", maxLength: 60 }).map(printable);

describe("printable", () => {
  it("shows what a terminal would obey, and keeps the ends of lines", () => {
    expect(printable("a\x1b[2Jb\x07\r\nc\td\u009b1A")).toBe("a\\x1b[2Jb\\x07\nc\td\\x9b1A");
  });

  it("leaves no control character in any text but line ends and tabs", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/[^\P{Cc}\n\t]/u.test(printable(text))));
  });
});

it.each([
  ["kube-system", 11],
  ["a…b", 3],
  ["日本", 4],
  ["e\u0301", 1],
  ["🦀", 2],
  ["", 0],
])("%j takes %i cells", (text, expected) => {
  expect(cells(text)).toBe(expected);
});

it.each([
  ["short", 10, "short"],
  ["a long sentence", 10, "a long ..."],
  ["日本語日本語", 8, "日本..."],
  ["abcdef", 3, "abc"],
  ["abcdef", 0, ""],
])("fits %j into %i columns as %j", (text, columns, expected) => {
  expect(fit(text, columns)).toBe(expected);
});

it("never makes a text wider than the columns, and changes none that fits", () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 0, max: 80 }), (text, columns) => {
      expect(cells(fit(text, columns))).toBeLessThanOrEqual(columns);
      if (cells(text) <= columns) expect(fit(text, columns)).toBe(text);
    }),
  );
});

it("puts a text on one line and keeps its columns", () => {
  expect(oneLine("  1 of 2  a\n  b\tc ")).toBe("1 of 2  a b c");
  expect(pad("日本", 6) + "|").toBe("日本  |");
});

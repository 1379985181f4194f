import fc from "fast-check";
import { Region } from "../../terminal/region";
import { fit, printable } from "../../terminal/text";
import { Emulator } from "./support/emulator";

describe("Region", () => {
  it("redraws in place with one write, and writes nothing where nothing changed", () => {
    const written: string[] = [];
    const region = new Region({ columns: 10, write: (text) => written.push(text) });
    region.draw(["one", "two"]);
    region.draw(["one", "two"]);
    region.draw(["three"]);
    region.erase();
    region.erase();
    expect(written).toEqual(["one\ntwo\n", "\r\x1b[2A\x1b[2Kthree\n\x1b[J", "\r\x1b[1A\x1b[J"]);
  });

  it("counts lines that a terminal made narrower has broken, without colours", () => {
    const written: string[] = [];
    const terminal = { columns: 40, write: (text: string) => written.push(text) };
    const region = new Region(terminal);
    region.draw([`\x1b[32m${"x".repeat(25)}\x1b[0m`, ""]);
    terminal.columns = 10;
    region.erase();
    expect(written[1]).toBe("\r\x1b[4A\x1b[J");
  });

  it("wipes away what Ctrl-C and typed letters put at its end", () => {
    const terminal = new Emulator(20, 5);
    const region = new Region(terminal);
    region.draw(["one", "two"]);
    terminal.write("^C");
    region.draw(["one", "three"]);
    expect(terminal.screen).toEqual(["one", "three"]);
  });

  it("shows, whatever was drawn, resized and written before, the last lines under what was written above them", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 50 }).map((text) => printable(text).replace(/\s/g, " "));
    const moves = fc.array(
      fc.oneof(
        fc.record({ draw: fc.array(line, { maxLength: 8 }) }),
        fc.record({ above: fc.stringMatching(/^[a-z]{1,30}$/) }),
        fc.record({ columns: fc.integer({ min: 20, max: 60 }) }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(moves, (script) => {
        const terminal = new Emulator(40, 200);
        const region = new Region(terminal);
        const above: string[] = [];
        let shown: string[] = [];
        const put = (lines: readonly string[]): void => {
          shown = lines.map((text) => fit(text, terminal.columns - 1).trimEnd());
          region.draw(shown);
        };
        for (const move of script) {
          if ("draw" in move) put(move.draw);
          else if ("columns" in move) {
            // Lines above must not be broken, else this test would have to know how.
            terminal.resize(Math.max(move.columns, ...above.map((text) => text.length)));
            put(shown);
          } else {
            region.erase();
            terminal.write(`${move.above}\n`);
            above.push(move.above);
            region.draw(shown);
          }
        }
        const expected = [...above, ...shown];
        while (expected.at(-1) === "") expected.pop();
        expect(terminal.screen).toEqual(expected);
        expect(terminal.cursor).toEqual({ row: above.length + shown.length, column: 0 });
      }),
    );
  });
});

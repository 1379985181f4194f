import { canRedraw, sizeOf } from "../../terminal/io";

it.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: "1" }, false],
  [{ isTTY: true }, { NO_COLOR: "" }, true],
  [{ isTTY: true }, { CI: "true" }, false],
  [{ isTTY: true }, { CI: "false" }, true],
  [{ isTTY: true }, { TERM: "dumb" }, false],
  [{ isTTY: false }, {}, false],
  [{}, {}, false],
])("whether %j with %j can be redrawn: %s", (stream, env, expected) => {
  expect(canRedraw({ ...stream, write: () => undefined }, env)).toBe(expected);
});

it("takes a usual terminal's size where the terminal does not say its own", () => {
  const write = (): void => undefined;
  expect(sizeOf({ columns: 40, rows: 10, write })).toEqual({ columns: 40, rows: 10 });
  expect(sizeOf({ columns: 0, rows: 0, write })).toEqual({ columns: 80, rows: 24 });
});

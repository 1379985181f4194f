import fc from "fast-check";
import { thinned } from "../../../checks/report/html/plot";
import { linearScale, logScale, showNumber } from "../../../checks/report/html/scale";

describe("logScale", () => {
  it.each([
    [
      [3, 40],
      [1, 2, 5, 10, 20, 50, 100],
    ],
    [[0.02], [0.01, 0.02, 0.05, 0.1]],
    [[1000], [1000, 2000, 5000, 10000]],
    [
      [0.1, 1000],
      [0.1, 1, 10, 100, 1000],
    ],
    [[], [1, 2, 5, 10]],
    [
      [0, -1],
      [1, 2, 5, 10],
    ],
  ])("of %j has the ticks %j", (values, ticks) => {
    expect(logScale(values).ticks).toEqual(ticks);
  });

  it("puts equal ratios at equal distances", () => {
    const { at } = logScale([1, 100]);
    expect([1, 10, 100].map(at)).toEqual([0, 0.5, 1]);
    expect([0, 0.001, 1000].map(at)).toEqual([0, 0, 1]);
  });
});

describe("linearScale", () => {
  it.each([
    [[3.7], [0, 1, 2, 3, 4]],
    [[0.2], [0, 0.05, 0.1, 0.15, 0.2]],
    [
      [950, 20],
      [0, 500, 1000],
    ],
    [[0], [0, 1]],
    [[], [0, 1]],
  ])("of %j has the ticks %j", (values, ticks) => {
    expect(linearScale(values).ticks).toEqual(ticks);
  });
});

it("every value lies on its axis, between the first and the last tick", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
      for (const scale of [logScale(values), linearScale(values)]) {
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        // A value that is a decade but for its last digits counts as that decade, at either end.
        expect(scale.ticks[0]).toBeLessThanOrEqual(Math.min(...values) * (1 + 1e-8));
        expect(scale.ticks.at(-1)).toBeGreaterThanOrEqual(Math.max(...values) * (1 - 1e-8));
        expect(scale.at(scale.ticks.at(-1)!)).toBeCloseTo(1);
      }
    }),
    { examples: [[[999999997.6974126]]] },
  );
});

it.each([
  [0, "0"],
  [0.8234, "0.823"],
  [1.5, "1.5"],
  [12.34, "12.3"],
  [100, "100"],
  [1240.4, "1,240"],
  [1_000_000, "1,000,000"],
])("%d is shown as %s", (value, text) => {
  expect(showNumber(value)).toBe(text);
});

it("thins dots out and keeps both ends", () => {
  expect(thinned([3, 1, 2])).toEqual([1, 2, 3]);
  const dots = thinned(
    Array.from({ length: 1001 }, (_, index) => index),
    5,
  );
  expect(dots).toEqual([0, 250, 500, 750, 1000]);
});

import fc from "fast-check";
import {
  chanceOfSeparation,
  differenceOf,
  LEAST_ROUNDS,
  percentile,
  spreadOf,
  summarize,
} from "../../../checks/bench/statistics";

const to = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("percentile", () => {
  it.each([
    [to(100), 0.5, 50],
    [to(100), 0.9, 90],
    [to(100), 0.99, 99],
    [to(100), 1, 100],
    [to(10), 0.99, 10],
    [to(10), 0.5, 5],
    [to(1000), 0.99, 990],
    [to(100), 0.07, 7],
    [[7], 0.01, 7],
    [[1, 2], 0, 1],
  ])("of %j at %d is %d", (values, share, expected) => {
    expect(percentile(values, share)).toBe(expected);
  });

  it("is a value that was measured, with at least that share at or below it and no smaller one that has", () => {
    const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.constantFrom(0.5, 0.9, 0.99), (sample, share) => {
        const sorted = [...sample].sort((a, b) => a - b);
        const found = percentile(sorted, share);
        const below = (limit: number): number => sorted.filter((value) => value <= limit).length / sorted.length;
        expect(sorted).toContain(found);
        expect(below(found)).toBeGreaterThanOrEqual(share - 1e-9);
        const smaller = sorted.filter((value) => value < found).at(-1);
        if (smaller !== undefined) expect(below(smaller)).toBeLessThan(share);
      }),
    );
  });

  it("of nothing is no number", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => summarize([])).toThrow(RangeError);
    expect(() => spreadOf([])).toThrow(RangeError);
  });
});

it("summarize does not depend on the order, and sorts as numbers", () => {
  expect(summarize([10, 9, 100, 2, 1])).toEqual({ count: 5, min: 1, p50: 9, p90: 100, p99: 100, max: 100, mean: 24.4 });
});

it.each([
  [[3, 1, 2], { median: 2, low: 1, high: 3, rounds: 3 }],
  [[4, 1, 3, 2], { median: 2.5, low: 1, high: 4, rounds: 4 }],
  [[5], { median: 5, low: 5, high: 5, rounds: 1 }],
  [[10, 9, 8], { median: 9, low: 8, high: 10, rounds: 3 }],
])("spreadOf %j", (rounds, expected) => {
  expect(spreadOf(rounds)).toEqual(expected);
});

describe("differenceOf", () => {
  const before = spreadOf([10, 11, 12, 13, 14]);
  it.each([
    [[5, 6, 7, 8, 9], "lower"],
    [[15, 16, 17, 18, 19], "higher"],
    [[5, 6, 7, 8, 10], "within the spread"],
    [[14, 16, 17, 18, 19], "within the spread"],
    [[11, 12, 12, 12, 13], "within the spread"],
    [[1, 2, 3], "too few rounds"],
  ])("%j after 10 to 14 is %s", (after, expected) => {
    expect(differenceOf(before, spreadOf(after))).toBe(expected);
  });

  it("says the same the other way round", () => {
    const round = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: LEAST_ROUNDS, maxLength: 8 });
    const opposite = { lower: "higher", higher: "lower" } as Record<string, string>;
    fc.assert(
      fc.property(round, round, (a, b) => {
        const forth = differenceOf(spreadOf(a), spreadOf(b));
        expect(differenceOf(spreadOf(b), spreadOf(a))).toBe(opposite[forth] ?? forth);
      }),
    );
  });
});

it.each([
  [5, 5, 2 / 252],
  [3, 3, 0.1],
  [4, 4, 2 / 70],
  [4, 5, 2 / 126],
  [1, 1, 1],
])("%d and %d rounds lie apart by chance with %d", (a, b, expected) => {
  expect(chanceOfSeparation(a, b)).toBeCloseTo(expected, 12);
});

it("that chance is what shuffling shows", () => {
  // Deterministic: every order of 3 among 6 is tried.
  let [apart, all] = [0, 0];
  for (let mask = 0; mask < 64; mask += 1) {
    const own = [0, 1, 2, 3, 4, 5].filter((bit) => (mask >> bit) & 1);
    if (own.length !== 3) continue;
    const others = [0, 1, 2, 3, 4, 5].filter((bit) => !own.includes(bit));
    all += 1;
    if (Math.max(...own) < Math.min(...others) || Math.max(...others) < Math.min(...own)) apart += 1;
  }
  expect(apart / all).toBeCloseTo(chanceOfSeparation(3, 3), 12);
});

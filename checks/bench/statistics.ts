/** Figures of a sample, and what a set of rounds lets one say. Pure. */

/**
 * The value below which a share of a sample lies: nearest rank, so that it is always a value that was measured.
 * @param sorted Ascending, at least one.
 * @param share In (0, 1]: 0.99 for p99.
 */
export function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) throw new RangeError("a percentile of no values was asked for");
  // The product may be a hair above a whole number that it stands for (0.07 * 100).
  const rank = Math.ceil(share * sorted.length - 1e-9);
  return sorted[Math.min(sorted.length, Math.max(1, rank)) - 1]!;
}

/** What is said of one sample; in the sample's unit. */
export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
}

/** @throws RangeError without values. */
export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    count: sorted.length,
    min: percentile(sorted, 0),
    p50: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    p99: percentile(sorted, 0.99),
    max: percentile(sorted, 1),
    mean: sum / sorted.length,
  };
}

/** One figure over several rounds: its middle, and how far the rounds lay apart. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** The middle is the mean of the two middle rounds where their number is even. @throws RangeError without rounds. */
export function spreadOf(rounds: readonly number[]): Spread {
  if (rounds.length === 0) throw new RangeError("a spread of no rounds was asked for");
  const sorted = [...rounds].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
  return { median, low: sorted[0]!, high: sorted.at(-1)!, rounds: sorted.length };
}

/**
 * Whether two sets of rounds differ. They are told apart only where no round of the one lies within the range of the
 * other: if nothing had changed, all of 5 rounds would lie on one side of all of 5 others once in 126 times (2 of the
 * 252 orders). With fewer than 4 rounds a side that happens too often (1 in 10 with 3) to say anything.
 */
export type Difference = "lower" | "higher" | "within the spread" | "too few rounds";

/** Rounds a side from which on a difference is called one. */
export const LEAST_ROUNDS = 4;

/** What the second is against the first. */
export function differenceOf(before: Spread, after: Spread): Difference {
  if (Math.min(before.rounds, after.rounds) < LEAST_ROUNDS) return "too few rounds";
  if (after.high < before.low) return "lower";
  if (after.low > before.high) return "higher";
  return "within the spread";
}

/** How often chance alone separates two sets of rounds completely: `2 / binomial(a + b, a)`. */
export function chanceOfSeparation(a: number, b: number): number {
  let orders = 1;
  for (let index = 1; index <= a; index += 1) orders = (orders * (b + index)) / index;
  return Math.min(1, 2 / orders);
}

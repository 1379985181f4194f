/** Axes of plots: where a value lies, and which round values are written beside it. Pure. */

export interface Scale {
  /** Position of a value in [0, 1]; values outside the axis lie on its ends. */
  readonly at: (value: number) => number;
  /** Round values within the axis, ascending; at least two. */
  readonly ticks: readonly number[];
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));

/**
 * An axis of whole decades, for latencies: their tail is many times their middle.
 * @param values Positive ones count; without any the axis goes from 1 to 10.
 */
export function logScale(values: readonly number[]): Scale {
  const positive = values.filter((value) => value > 0);
  let [low, high] = [Infinity, -Infinity];
  for (const value of positive) [low, high] = [Math.min(low, value), Math.max(high, value)];
  // A tolerance, so that 1000 is the end of its decade whatever its logarithm rounds to.
  const from = positive.length === 0 ? 0 : Math.floor(Math.log10(low) + 1e-9);
  const to = positive.length === 0 ? 1 : Math.max(from + 1, Math.ceil(Math.log10(high) - 1e-9));
  const steps = to - from > 3 ? [1] : [1, 2, 5];
  const ticks = Array.from({ length: to - from }, (_, index) => from + index).flatMap((decade) =>
    steps.map((step) => clean(step * 10 ** decade)),
  );
  return {
    at: (value) => (value <= 0 ? 0 : clamp((Math.log10(value) - from) / (to - from))),
    ticks: [...ticks, clean(10 ** to)],
  };
}

/** An axis from 0, for amounts that are compared by length. */
export function linearScale(values: readonly number[]): Scale {
  const most = values.reduce((sum, value) => Math.max(sum, value), 0);
  if (most <= 0) return { at: () => 0, ticks: [0, 1] };
  const rough = most / 4;
  const decade = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((one) => one >= rough * (1 - 1e-9))!;
  const count = Math.ceil(most / step - 1e-9);
  const end = count * step;
  return {
    at: (value) => clamp(value / end),
    ticks: Array.from({ length: count + 1 }, (_, index) => clean(index * step)),
  };
}

/** Without the last digits that binary fractions add. */
const clean = (value: number): number => Number(value.toPrecision(12));

/** A value with three significant digits, as an axis or a table shows it: `0.82`, `12.3`, `1,240`. */
export function showNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  const text = value.toFixed(digits);
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return short.replace(/\B(?=(\d{3})+(?!\d))/g, short.includes(".") ? "" : ",");
}

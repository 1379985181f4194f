/** Runs at most `size` tasks at a time, in the order in which they came. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** @throws RangeError when size is no positive integer. */
export function createLimit(size: number): Limit {
  if (!Number.isInteger(size) || size < 1) {
    throw new RangeError(`a concurrency limit must be an integer of at least 1, got ${size}`);
  }
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    // A task that ends hands its place to the next one, so `running` never passes `size` in between.
    if (running < size) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

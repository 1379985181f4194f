/** A maintenance window that somebody has acknowledged: `START/END`, both ISO 8601 with a time zone. Pure. */

export interface Window {
  readonly start: Date;
  readonly end: Date;
}

/** Longer is no window but a standing permission. */
const LONGEST_HOURS = 24;
const ZONED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/;

/** @throws Error saying what is wrong with it. */
export function readWindow(text: string): Window {
  const allowed = 'allowed is START/END such as "2026-11-24T22:00Z/2026-11-25T02:00Z"';
  const [from = "", to = "", ...more] = text.trim().split("/");
  const [start, end] = [new Date(from), new Date(to)];
  const valid = more.length === 0 && ZONED.test(from) && ZONED.test(to);
  if (!valid || Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) {
    throw new Error(`the window "${text}" cannot be read; ${allowed}`);
  }
  const hours = (end.getTime() - start.getTime()) / 3_600_000;
  if (hours <= 0) throw new Error(`the window "${text}" ends before it begins; ${allowed}`);
  if (hours > LONGEST_HOURS) {
    throw new Error(
      `the window "${text}" is ${hours} hours long, allowed are ${LONGEST_HOURS}; name the night that is meant`,
    );
  }
  return { start, end };
}

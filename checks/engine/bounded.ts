/** Bounds on time: every probe ends, also one that ignores its signal. */
import { messageOf } from "../../config/thrown";

/** A task that did not end in time. */
export class TimeoutError extends Error {
  constructor(readonly milliseconds: number) {
    super(`no result within ${milliseconds / 1000} s`);
    this.name = "TimeoutError";
  }
}

/** The work was called off from outside: Ctrl-C, or the end of the whole run's time. */
export class CancelledError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "CancelledError";
  }
}

/** The reason of an aborted signal as one line. */
export function reasonOf(signal: AbortSignal): string {
  return messageOf(signal.reason);
}

/**
 * Runs a task with a signal that aborts when the time is over or when the outer signal does.
 * @throws TimeoutError | CancelledError at once when that happens, whatever the task does.
 */
export async function bounded<T>(
  milliseconds: number,
  outer: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  let stop: (error: Error) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = (error) => {
      reject(error);
      inner.abort(error);
    };
  });
  const cancel = (): void => stop(new CancelledError(reasonOf(outer)));
  if (outer.aborted) cancel();
  else outer.addEventListener("abort", cancel, { once: true });
  const timer = setTimeout(() => stop(new TimeoutError(milliseconds)), milliseconds);
  try {
    return await Promise.race([stopped, outer.aborted ? stopped : task(inner.signal)]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", cancel);
  }
}

/** Waits, or returns early when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}

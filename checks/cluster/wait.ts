/** Waiting for a condition, bounded, with what is still missing told now and then. */
import { ToolError } from "../../tools/cli";
import { pause } from "../engine/bounded";

/** What one look found: the value that was waited for, or what is still missing. */
export type Look<T> = { readonly done: T } | { readonly waiting: string };

export const done = <T>(value: T): Look<T> => ({ done: value });
export const waiting = (state: string): Look<never> => ({ waiting: state });

export interface WaitOptions {
  /** End of the step's time, or an interruption; its reason is told. */
  readonly signal: AbortSignal;
  /** Told what is missing: at once, when it changes, and every 15 s. */
  readonly say: (text: string) => void;
  /** Pause between two looks in milliseconds. @default 500 */
  readonly everyMs?: number;
}

/** How often a state that does not change is told again, in milliseconds. */
const REMINDER_MS = 15_000;

/**
 * Looks until it is done.
 * @param what What is waited for, as the beginning of a sentence: "Pod a/b is gone".
 * @throws ToolError when the signal aborts, with what was seen last. What `look` throws goes through.
 */
export async function until<T>(what: string, look: () => Promise<Look<T>>, options: WaitOptions): Promise<T> {
  const found = await poll(what, look, options, Infinity);
  if ("done" in found) return found.done;
  const reason: unknown = options.signal.reason;
  if (!(reason instanceof ToolError)) throw reason;
  throw new ToolError(`${reason.message} while waiting: ${what}; last seen: ${found.waiting}`, reason.exitCode);
}

/** Looks until it is done or so many milliseconds are over; what was seen last. @throws like {@link until} */
export async function forAWhile<T>(
  what: string,
  milliseconds: number,
  look: () => Promise<Look<T>>,
  options: WaitOptions,
): Promise<Look<T>> {
  const found = await poll(what, look, options, performance.now() + milliseconds);
  options.signal.throwIfAborted();
  return found;
}

/** The last look: done, or what was still missing when the time was over. */
async function poll<T>(
  what: string,
  look: () => Promise<Look<T>>,
  { signal, say, everyMs = 500 }: WaitOptions,
  end: number,
): Promise<Look<T>> {
  let told = { state: "", at: -Infinity };
  let last: Look<T> = waiting("nothing yet");
  for (;;) {
    let found: Look<T>;
    try {
      found = await look();
    } catch (error) {
      // The look was cut short by the end of the time: what was seen before tells more.
      if (signal.aborted) return last;
      throw error;
    }
    if ("done" in found || signal.aborted || performance.now() >= end) return found;
    last = found;
    const now = performance.now();
    if (found.waiting !== told.state || now - told.at >= REMINDER_MS) {
      say(`waiting: ${what}: ${found.waiting}`);
      told = { state: found.waiting, at: now };
    }
    await pause(everyMs, signal);
  }
}

/** Says nothing for so many milliseconds: for waits that are usual and short. */
export function afterMs(milliseconds: number, say: (text: string) => void): (text: string) => void {
  const start = performance.now();
  return (text) => {
    if (performance.now() - start >= milliseconds) say(text);
  };
}

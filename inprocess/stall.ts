/** Notices when a program will never end: nothing is being created, and nothing has happened for a while. */

export interface StallOptions {
  /** How long nothing may happen. */
  readonly seconds: number;
  /** Whether something is under way that may take its time. */
  readonly busy: () => boolean;
  /** A number that changes with everything that happens. */
  readonly activity: () => number;
  readonly onStall: () => void;
}

const TICK_MS = 100;

/**
 * Counts ticks of the event loop and not time, so that a machine under load does not look like a stall. The timer does
 * not keep the process alive: when nothing else does either, `beforeExit` comes at once and is a stall too.
 */
export function watchForStall({ seconds, busy, activity, onStall }: StallOptions): { stop(): void } {
  let last = activity();
  let idleTicks = 0;
  const timer = setInterval(() => {
    const now = activity();
    idleTicks = busy() || now !== last ? 0 : idleTicks + 1;
    last = now;
    if (idleTicks * TICK_MS >= seconds * 1000) onStall();
  }, TICK_MS);
  timer.unref();
  process.on("beforeExit", onStall);
  return {
    stop() {
      clearInterval(timer);
      process.off("beforeExit", onStall);
    },
  };
}

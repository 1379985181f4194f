/** Whether the machines agree about the time. Pure but for the look itself. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { HOST_FACTS } from "../hosts/machine-checks";
import { LOOK_MS } from "../hosts/reader";
import { fail, LookError, type Outcome, pass } from "../verdict";

/** Largest difference between two machines, in seconds: certificates, leases and etcd's elections go by the clock. */
export const MOST_SKEW = 2;

/** How far one machine is from the middle of all. */
export interface Clock {
  readonly name: string;
  /** Seconds against this machine's clock. */
  readonly offset: number;
  /** How wrong that may be, in seconds. */
  readonly error: number;
}

/**
 * A machine against the median of all. An even number of machines has no middle: this machine's clock decides then, so
 * that of two the right one is blamed. What the measurement cannot tell apart is not held against anybody.
 */
export function judgeClock(own: Clock, all: readonly Clock[]): Outcome {
  const offsets = all.map(({ offset }) => offset);
  const voices = offsets.length % 2 === 0 ? [...offsets, 0] : offsets;
  const middle = voices.sort((left, right) => left - right)[(voices.length - 1) / 2]!;
  const skew = own.offset - middle;
  const shown = `${skew >= 0 ? "+" : ""}${skew.toFixed(2)} s against the others (${own.offset.toFixed(2)} s against this machine, +/- ${own.error.toFixed(2)} s)`;
  if (Math.abs(skew) - own.error <= MOST_SKEW) return pass(shown);
  return fail(shown, {
    // No clock that is this far off comes right while somebody waits.
    final: true,
    fix: `on ${own.name}: chronyc makestep (or timedatectl set-ntp true), and see that a time server is reached`,
  });
}

export function clockCheck(context: CheckContext): Check {
  return {
    id: "clock",
    title: "The clocks agree",
    proves: "certificates, leases and etcd see one time on all machines",
    needs: [HOST_FACTS],
    timeoutMs: LOOK_MS + 5_000,
    expectations: async () => {
      const inspections = await context.hosts.lookAtAll();
      const clocks = [...inspections].map(([name, { clockOffset, clockError }]): Clock => {
        return { name, offset: clockOffset, error: clockError };
      });
      if (clocks.length === 0) throw new LookError("no machine could be read", { fix: "see host-facts" });
      return clocks.map((own) => ({
        target: own.name,
        expected: `at most ${MOST_SKEW} s from the others`,
        repeat: `${context.hosts.repeat(own.name)} | grep epoch; date +%s.%N`,
        probe: () => Promise.resolve(judgeClock(own, clocks)),
      }));
    },
  };
}

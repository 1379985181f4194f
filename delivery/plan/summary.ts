/** One line of the table that a reviewer reads: what a change does to an environment. Pure. */
import { type Change, changesOf, type Operation, OPERATIONS } from "./changes";
import { type CniChange, cniChange } from "./cni";
import { machineChanges, type MachineChanges } from "./machines";
import { type Outage, outageOf } from "./outage";
import type { Plan } from "./plan";

export interface Summary {
  readonly stack: string;
  readonly counts: Readonly<Record<Operation, number>>;
  readonly machines: MachineChanges;
  readonly cni?: CniChange;
  readonly outage: Outage;
  readonly changes: readonly Change[];
}

/**
 * @param changes What an engine says that it will do. Default: what the two plans show.
 */
export function summaryOf(before: Plan, after: Plan, changes: readonly Change[] = changesOf(before, after)): Summary {
  const machines = machineChanges(before, after);
  const cni = cniChange(before, after, changes);
  const count = (operation: Operation) => changes.filter((change) => change.operation === operation).length;
  return {
    stack: after.stack,
    counts: Object.fromEntries(OPERATIONS.map((name) => [name, count(name)])) as Record<Operation, number>,
    machines,
    ...(cni === undefined ? {} : { cni }),
    outage: outageOf({ changes, machines, ...(cni === undefined ? {} : { cni }) }),
    changes,
  };
}

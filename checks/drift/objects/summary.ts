/** What a drift run says after its report: how many differences of each class there are, and which entries are idle. Pure. */
import type { RunResult } from "../../engine";
import { showEntry } from "./allow-list";
import type { DriftClass } from "./classes";
import { counts, countsByClass, countsOf, type Ledger } from "./ledger";

/** The checks whose findings the allow list can accept. */
const ALLOWABLE: ReadonlySet<string> = new Set([
  "declared-objects",
  "undeclared-objects",
  "helm-releases",
  "helm-objects",
]);

/**
 * @param machineClasses Class of what a check of machines finds, by the check (`checks/drift/drift.ts`).
 * @returns Text for people, and two fields of the JSON report: `objects` with every single difference in the cluster, and
 *   `machines` where machines were looked at.
 */
export function driftSummary(
  ledger: Ledger,
  run: RunResult,
  machineClasses: ReadonlyMap<string, DriftClass> = new Map(),
): { text: string; json: object } {
  const { differences } = ledger;
  const counted = countsByClass(differences.filter(counts));
  const allowed = differences.filter(({ allowed }) => allowed !== undefined);
  const noise = differences.filter((one) => one.class === "noise");
  const parts = [
    ...Object.entries(counted).map(([name, count]) => `${count} ${name}`),
    ...(allowed.length > 0 ? [`${allowed.length} allowed by drift.allow`] : []),
    ...(noise.length > 0 ? [`${noise.length} noise`] : []),
  ];
  // What could not be looked at may be what an entry is for.
  const complete = isComplete(run);
  const idle = complete ? ledger.unused.map(showEntry) : [];
  const machines = onMachines(run, machineClasses);
  const lines = [
    ...(machines === undefined
      ? []
      : [`On the machines${machines.complete ? "" : FAR}: ${showClasses(machines.classes)}.`]),
    `In the cluster${complete ? "" : FAR}: ${parts.length === 0 ? "no difference" : parts.join(", ")}.`,
    ...(idle.length === 0 ? [] : [`drift.allow accepts what is not there; remove: ${idle.join("; ")}`]),
  ];
  const objects = { classes: counted, allowed: allowed.length, noise: noise.length, idle, differences };
  const json = { ...(machines === undefined ? {} : { machines }), objects };
  return { text: `${lines.join("\n")}\n`, json };
}

const FAR = ", as far as it could be looked at";

const showClasses = (counted: ReturnType<typeof countsOf>): string => {
  const parts = Object.entries(counted).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "no difference" : parts.join(", ");
};

/** What was found on machines, each with its class; undefined where no machine was looked at. */
function onMachines({ results }: RunResult, machineClasses: ReadonlyMap<string, DriftClass>) {
  const looked = results.filter(({ check }) => machineClasses.has(check.id));
  if (looked.length === 0) return undefined;
  const findings = looked.flatMap(({ findings }) => findings);
  const differences = findings
    .filter(({ verdict }) => verdict === "DRIFT")
    .map(({ check, target, actual }) => ({ check, target, class: machineClasses.get(check)!, found: actual }));
  const complete = findings.every(({ verdict }) => verdict === "PASS" || verdict === "DRIFT");
  return { classes: countsOf(differences.map((one) => one.class)), complete, differences };
}

/** Whether every check that the allow list is about ran and could look. */
function isComplete({ results }: RunResult): boolean {
  const looked = results.filter(
    ({ check, findings }) =>
      ALLOWABLE.has(check.id) && findings.every(({ verdict }) => verdict === "PASS" || verdict === "DRIFT"),
  );
  return looked.length === ALLOWABLE.size;
}

/** What a drift run says after its report: how many differences of each class there are, and which entries are idle. Pure. */
import type { RunResult } from "../../engine";
import { showEntry } from "./allow-list";
import { counts, countsByClass, type Ledger } from "./ledger";

/** The checks whose findings the allow list can accept. */
const ALLOWABLE: ReadonlySet<string> = new Set([
  "declared-objects",
  "undeclared-objects",
  "helm-releases",
  "helm-objects",
]);

/** @returns Text for people, and the field `objects` of the JSON report with every single difference. */
export function driftSummary(ledger: Ledger, run: RunResult): { text: string; json: object } {
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
  const lines = [
    `In the cluster${complete ? "" : ", as far as it could be looked at"}: ${parts.length === 0 ? "no difference" : parts.join(", ")}.`,
    ...(idle.length === 0 ? [] : [`drift.allow accepts what is not there; remove: ${idle.join("; ")}`]),
  ];
  const objects = { classes: counted, allowed: allowed.length, noise: noise.length, idle, differences };
  return { text: `${lines.join("\n")}\n`, json: { objects } };
}

/** Whether every check that the allow list is about ran and could look. */
function isComplete({ results }: RunResult): boolean {
  const looked = results.filter(
    ({ check, findings }) =>
      ALLOWABLE.has(check.id) && findings.every(({ verdict }) => verdict === "PASS" || verdict === "DRIFT"),
  );
  return looked.length === ALLOWABLE.size;
}

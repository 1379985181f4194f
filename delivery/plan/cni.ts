/** Whether two plans differ in the CNI, and how. Pure. */
import type { Change } from "./changes";
import { machinesOf } from "./machines";
import type { Plan } from "./plan";
import { isTree } from "../../config/tree";

/**
 * - `switch`: nodes go from one CNI to the other;
 * - `end`: the old CNI is taken away after a switch;
 * - `presence`: Calico comes to, or leaves, a cluster whose machines are somebody else's;
 * - `version`: another release of Calico;
 * - `settings`: what Calico is told changes.
 */
export type CniKind = "switch" | "end" | "presence" | "version" | "settings";

export interface CniChange {
  readonly kind: CniKind;
  /** One line for people. */
  readonly text: string;
  /** Whether pods of all nodes go at once (`cni.mode: window`). */
  readonly window: boolean;
}

const INSTALLATION = "kubernetes:operator.tigera.io/v1:Installation";
const SETTINGS = new Set([INSTALLATION, "kubernetes:crd.projectcalico.org/v1:FelixConfiguration"]);
const PODS = "rollout node-pods";
const GUARD = "run guard";

/** The backends that the machines of a plan are told to run, without repetition. */
const backendsOf = (plan: Plan): string =>
  [...new Set([...machinesOf(plan).values()].map(({ start }) => start.get("expect-backend") ?? "?"))].sort().join("+");

const commandsOf = (plan: Plan, part: string) =>
  [...plan.resources.values()].filter(
    ({ inputs }) => typeof inputs["create"] === "string" && inputs["create"].includes(part),
  );

/** The gate before a switch is given the stack's `cni` section, which says the mode. */
function isWindow(plan: Plan): boolean {
  return commandsOf(plan, "gate preflight").some(({ inputs }) => {
    if (typeof inputs["stdin"] !== "string") return false;
    try {
      const { machines } = JSON.parse(inputs["stdin"]) as { machines?: { cni?: { mode?: unknown } } };
      return machines?.cni?.mode === "window";
    } catch {
      return false;
    }
  });
}

const hasCalico = (plan: Plan): boolean => [...plan.resources.values()].some(({ type }) => type === INSTALLATION);

function chartOf(plan: Plan): string | undefined {
  const release = [...plan.resources.values()].find(
    ({ type, inputs }) => type === "kubernetes:helm.sh/v3:Release" && inputs["name"] === "tigera-operator",
  );
  return isTree(release?.inputs) && typeof release.inputs["chart"] === "string" ? release.inputs["chart"] : undefined;
}

/** Under way: the steps over the nodes are declared. */
const isUnderWay = (plan: Plan): boolean => commandsOf(plan, PODS).length > 0 || commandsOf(plan, GUARD).length > 0;

/** @returns undefined where nothing about the CNI changes. */
export function cniChange(before: Plan, after: Plan, changes: readonly Change[]): CniChange | undefined {
  const window = isWindow(after);
  // A stack that is new, or goes, changes no CNI under anybody.
  if (before.resources.size === 0 || after.resources.size === 0) return undefined;
  const [from, to] = [backendsOf(before), backendsOf(after)];
  if ((!isUnderWay(before) && isUnderWay(after)) || (from !== "" && to !== "" && from !== to)) {
    return { kind: "switch", text: `Flannel backend of K3s ${from} → ${to}`, window };
  }
  if (isUnderWay(before) && !isUnderWay(after)) {
    return { kind: "end", text: "the CNI that was left is taken away", window: false };
  }
  if (hasCalico(before) !== hasCalico(after)) {
    return { kind: "presence", text: hasCalico(after) ? "Calico is added" : "Calico is removed", window: false };
  }
  if (chartOf(before) !== chartOf(after)) {
    const version = (chart = "?") => chart.split("tigera-operator-").at(-1) ?? chart;
    return { kind: "version", text: `Calico ${version(chartOf(before))} → ${version(chartOf(after))}`, window: false };
  }
  const touched = changes.filter(({ type }) => SETTINGS.has(type));
  if (touched.length === 0) return undefined;
  const paths = [...new Set(touched.flatMap(({ operation, paths }) => (paths.length > 0 ? paths : [operation])))];
  const more = paths.length > 4 ? ` and ${paths.length - 4} more` : "";
  return { kind: "settings", text: `Calico's settings: ${paths.slice(0, 4).join(", ")}${more}`, window: false };
}

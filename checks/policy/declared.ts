/** The truth table as the flow table declares it, for a picture where nothing could be probed. Pure. */
import { type Site, truthTable } from "../../components/network-policies/truth-table";
import type { Subject } from "../subject";
import type { ProbedFlow } from "../verdict";
import { policyContextOf } from "./context";
import { componentsOf, probedRuntimes } from "./sites";

/**
 * Every pair of components that the stack runs, in the namespaces that would be probed; none where the stack has no
 * policies.
 */
export function declaredFlows(subject: Subject): ProbedFlow[] {
  const context = policyContextOf({ ...subject, namespaces: probedRuntimes(subject) });
  if (context === undefined) return [];
  const runs = ({ endpoint, namespace = "" }: Site): boolean =>
    componentsOf(context, namespace).some((component) => component === endpoint);
  return truthTable(context)
    .filter(({ from, to }) => runs(from) && runs(to))
    .map(({ from, to, port, flow }) => ({ from, to, port, allowed: flow !== undefined }));
}

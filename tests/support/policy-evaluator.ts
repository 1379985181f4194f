/** The evaluator of policies (checks/policy/evaluate) in the words of tests: does this connection get through? */
import { Evaluator } from "../../checks/policy/evaluate/evaluate";
import type { End, World } from "../../checks/policy/evaluate/model";
import type { NetworkPolicy } from "../../components/network-policies/builders";
import type { DeclaredPolicies } from "../../components/network-policies/declared";

/** Where a connection starts or ends: a pod, or an address outside (no policy applies to it). */
export type Host = End & { readonly ip: string };

interface Connection {
  readonly from: Host;
  readonly to: Host;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

const evaluators = new WeakMap<readonly NetworkPolicy[], Evaluator>();

function evaluatorOf(policies: readonly NetworkPolicy[]): Evaluator {
  const evaluator = evaluators.get(policies) ?? new Evaluator({ namespaces: {}, policies });
  evaluators.set(policies, evaluator);
  return evaluator;
}

/** Whether the policies let this connection through. @throws Error where that cannot be said. */
export function allows(policies: readonly NetworkPolicy[], { from, to, port, protocol }: Connection): boolean {
  const { allowed, by } = evaluatorOf(policies).verdict(from, to, port, protocol);
  if (allowed === "unknown") throw new Error(`cannot be said: ${by}`);
  return allowed === "yes";
}

/** What a stack declares, as the evaluator wants it. Staged policies are left out: they decide nothing. */
export function worldOf({ policies, before, calico, last }: DeclaredPolicies): World {
  const of = (...kinds: string[]) => [...before, ...calico, ...last].filter(({ kind }) => kinds.includes(kind));
  return {
    namespaces: {},
    policies,
    calicoPolicies: of("NetworkPolicy", "GlobalNetworkPolicy"),
    tiers: of("Tier"),
    networkSets: of("GlobalNetworkSet"),
  };
}

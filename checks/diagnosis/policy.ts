/** Whether NetworkPolicies let a connection through, in the words of the diagnosis. Pure. */
import type { PodSummary } from "../evidence/evidence";
import type { NetworkPolicy } from "../evidence/objects";
import { Evaluator, type Verdict } from "../policy/evaluate/evaluate";
import type { End, PodEnd, Protocol } from "../policy/evaluate/model";

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  /** @default TCP */
  readonly protocol?: Protocol;
}

export interface PolicyVerdict {
  /** `unknown` where it hangs on what is not gathered: labels of namespaces, ports by name. It proves nothing. */
  readonly allowed: Verdict["allowed"];
  /** Why, by the names of policies: `no NetworkPolicy opens port 9005 into namespace financial-ml; closed by default-deny`. */
  readonly why: string;
}

/** A pod as policies see it. Names of its ports are not gathered. */
export const podEnd = ({
  namespace,
  labels,
  ip,
  node,
  hostNetwork,
}: Pick<PodSummary, "namespace" | "labels" | "ip" | "node" | "hostNetwork">): PodEnd => ({
  kind: "pod",
  namespace,
  labels,
  ip,
  node,
  hostNetwork,
});

const evaluators = new WeakMap<readonly NetworkPolicy[], Evaluator>();

function evaluatorOf(policies: readonly NetworkPolicy[]): Evaluator {
  const evaluator = evaluators.get(policies) ?? new Evaluator({ namespaces: {}, policies });
  evaluators.set(policies, evaluator);
  return evaluator;
}

/**
 * Both ends must let it through: what leaves the caller, and what reaches the callee. Calico's own kinds are not decided
 * here; whoever asks says that there are some.
 */
export function policyVerdict(policies: readonly NetworkPolicy[], connection: Connection): PolicyVerdict {
  const { from, to, port, protocol } = connection;
  const { out, into } = evaluatorOf(policies).ends(from, to);
  const ends = [inWords(out(port, protocol), "out of", from, port), inWords(into(port, protocol), "into", to, port)];
  return (
    ends.find(({ allowed }) => allowed === "no") ??
    ends.find(({ allowed }) => allowed === "unknown") ?? { allowed: "yes", why: ends.map(({ why }) => why).join("; ") }
  );
}

function inWords({ allowed, policies }: Verdict, way: string, own: End, port: number): PolicyVerdict {
  if (own.kind === "address") return { allowed, why: "no pod of ours there" };
  const where = `${way} namespace ${own.namespace}`;
  if (policies.length === 0) return { allowed, why: `no NetworkPolicy closes the way ${where}` };
  // They are all of one namespace, which is named already.
  const names = policies.map((policy) => policy.slice(policy.lastIndexOf("/") + 1)).join(", ");
  switch (allowed) {
    case "yes":
      return { allowed, why: `NetworkPolicy ${names} opens the way ${where}` };
    case "no":
      return { allowed, why: `no NetworkPolicy opens port ${port} ${where}; closed by ${names}` };
    case "unknown":
      return { allowed, why: `NetworkPolicy ${names} may open the way ${where}` };
  }
}

/**
 * The objects of host endpoints: a tier, one policy, and what makes the endpoints. Pure.
 *
 * They are written in Calico's own storage kinds (`crd.projectcalico.org/v1`), like FelixConfiguration: a server-side apply of a
 * policy through the aggregated API fails before 3.32.1 (projectcalico/calico#12906). In a tier of its own, because 3.32 renames
 * stored policies of the tier `default` when it takes over from 3.31 (kube-controllers `policy_name_migrator.go`); a name that
 * begins with its own tier is right in both lines.
 */
import { declaredEndpoints, type HostRule, type HostRuleInput, hostRules } from "./host-rules";

/** Tier of the policy. */
export const HOST_TIER = "nodes";
/** After the operator's own tier (100), before that of Kubernetes' NetworkPolicies (1,000,000); tiers of others fit between. */
const HOST_TIER_ORDER = 900;
/** Name of the policy: prefixed by its tier, as 3.31 wants it. */
export const HOST_POLICY = `${HOST_TIER}.host-endpoints`;

/** Label of the endpoints that the stack declares. */
const DECLARED_LABEL = "seldon-k3s/host-endpoint";
/** Label of those that kube-controllers makes. */
const AUTOMATIC_LABEL = { key: "projectcalico.org/created-by", value: "calico-kube-controllers" };

/** Metadata and spec of one object. */
export interface Rendered {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The tier. `Pass`: an endpoint that no policy of it selects goes on to the next tier, instead of being closed. */
export const hostTier = (): Rendered => ({ name: HOST_TIER, spec: { order: HOST_TIER_ORDER, defaultAction: "Pass" } });

const policyRule = ({ reason, protocol, ports, cidrs }: HostRule) => ({
  action: "Allow",
  ...(protocol === undefined ? {} : { protocol }),
  source: { nets: cidrs },
  ...(ports === undefined ? {} : { destination: { ports } }),
  metadata: { annotations: { reason } },
});

/**
 * One policy holds the rules and, last, what happens to everything else: there is no moment in which only half of it stands.
 * Only what comes in is judged; what a node sends is not.
 */
export function hostPolicy(input: HostRuleInput): Rendered {
  const { mode, enforce } = input.calico.hostEndpoints;
  const selector =
    mode === "declared" ? `has(${DECLARED_LABEL})` : `${AUTOMATIC_LABEL.key} == '${AUTOMATIC_LABEL.value}'`;
  const rest = enforce
    ? { action: "Deny", metadata: { annotations: { reason: "calico.hostEndpoints.enforce" } } }
    : { action: "Allow", metadata: { annotations: { reason: "not enforced: calico.hostEndpoints.enforce is false" } } };
  return {
    name: HOST_POLICY,
    // As Calico's API would set it: lists by tier read the label.
    labels: { "projectcalico.org/tier": HOST_TIER },
    spec: {
      tier: HOST_TIER,
      order: 100,
      selector,
      types: ["Ingress"],
      ingress: [...hostRules(input).map(policyRule), rest],
    },
  };
}

/** The declared endpoints: every interface of each machine. */
export const hostEndpoints = (input: HostRuleInput): Rendered[] =>
  declaredEndpoints(input).map(({ name, address }) => ({
    name: `${name}-node`,
    labels: { [DECLARED_LABEL]: "node" },
    spec: {
      node: name,
      interfaceName: "*",
      expectedIPs: [address],
      // Without a profile an endpoint that no policy selects is closed; this is the one of automatic endpoints.
      profiles: ["projectcalico-default-allow"],
    },
  }));

/** What of KubeControllersConfiguration `default` makes kube-controllers keep one endpoint a node. */
export const automaticEndpoints = (): Rendered => ({
  name: "default",
  spec: { controllers: { node: { hostEndpoint: { autoCreate: "Enabled" } } } },
});

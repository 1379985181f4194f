/** Calico's tiers: what they are for, in which order they are asked, and who may write into them. Pure. */
import type { StackConfig } from "../../../config/schema";
import { labels } from "../../component";
import { REASONS_ANNOTATION } from "../builders";
import { DNS_LABELS, DNS_NAMESPACE, NAMESPACE_LABEL } from "../endpoints";
import { PORTS } from "../ports";
import { type CalicoObject, globalNetworkPolicy, type Rule, tier } from "./objects";
import { has, is, labelled, NAMESPACE } from "./selectors";

/** Every tier that a stack can ask for, with the reason for it. */
export const TIERS = {
  platform: "what no later tier may close: names",
  security: "policies of a security team, asked before those of applications",
  application: "policies of application teams, asked before Kubernetes' own",
} as const;
export type TierName = keyof typeof TIERS;

type TierConfig = NonNullable<StackConfig["policies"]["tiers"][TierName]>;

/** To the cluster's DNS, by both protocols. */
export const toDns: readonly Rule[] = (["UDP", "TCP"] as const).map((protocol) => ({
  action: "Allow",
  protocol,
  destination: {
    namespaceSelector: is(NAMESPACE_LABEL, DNS_NAMESPACE),
    selector: labelled(DNS_LABELS),
    ports: [PORTS.kubernetes.dns],
  },
}));

/** Pods' questions for names, which neither a deny of the security tier nor a forgotten rule can cut off. */
const platformDns = () =>
  globalNetworkPolicy({
    tier: "platform",
    name: "dns",
    order: 100,
    selector: has(NAMESPACE),
    types: ["Egress"],
    egress: toDns,
    reasons: ["to cluster DNS, UDP+TCP 53: without names nothing works, and it looks like anything but a policy"],
  });

interface RbacMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface NamedRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

/** A ClusterRole or ClusterRoleBinding as it is applied. */
export type RbacObject =
  | {
      readonly kind: "ClusterRole";
      readonly metadata: RbacMeta;
      readonly rules: readonly {
        readonly apiGroups: readonly string[];
        readonly resources: readonly string[];
        readonly resourceNames: readonly string[];
        readonly verbs: readonly string[];
      }[];
    }
  | {
      readonly kind: "ClusterRoleBinding";
      readonly metadata: RbacMeta;
      readonly roleRef: NamedRef;
      readonly subjects: readonly NamedRef[];
    };

const RBAC = "rbac.authorization.k8s.io";
const POLICY_KINDS = [
  "networkpolicies",
  "globalnetworkpolicies",
  "stagednetworkpolicies",
  "stagedglobalnetworkpolicies",
];

/**
 * Leave to write policies of one tier. Calico's API server asks for `get` on the tier and for the verb on the made-up
 * resource `tier.<plural>` under the name `<tier>.*` (3.31.7 and 3.32.1, `apiserver/.../authorizer.go`). Who may write
 * `crd.projectcalico.org` goes past it.
 */
function ownership(name: TierName, owners: readonly string[]): RbacObject[] {
  if (owners.length === 0) return [];
  const metadata = {
    name: `seldon-k3s-tier-${name}`,
    labels: labels(),
    annotations: { [REASONS_ANNOTATION]: `the owners of the tier ${name} write its policies, and no others` },
  };
  return [
    {
      kind: "ClusterRole",
      metadata,
      rules: [
        { apiGroups: ["projectcalico.org"], resources: ["tiers"], resourceNames: [name], verbs: ["get"] },
        {
          apiGroups: ["projectcalico.org"],
          resources: POLICY_KINDS.map((kind) => `tier.${kind}`),
          resourceNames: [`${name}.*`],
          verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
        },
      ],
    },
    {
      kind: "ClusterRoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: metadata.name },
      subjects: owners.map((owner) => ({ apiGroup: RBAC, kind: "Group", name: owner })),
    },
  ];
}

/** The tiers of a stack, what they hold from the start, and who owns them. */
export function tierObjects(configured: StackConfig["policies"]["tiers"]): {
  readonly tiers: readonly CalicoObject[];
  readonly policies: readonly CalicoObject[];
  readonly rbac: readonly RbacObject[];
} {
  const wanted = (Object.keys(TIERS) as TierName[]).flatMap((name): { name: TierName; config: TierConfig }[] => {
    const config = configured[name];
    return config === undefined ? [] : [{ name, config }];
  });
  return {
    tiers: wanted.map(({ name, config }) => tier(name, config.order, [TIERS[name]])),
    policies: wanted.some(({ name }) => name === "platform") ? [platformDns()] : [],
    rbac: wanted.flatMap(({ name, config }) => ownership(name, config.owners)),
  };
}

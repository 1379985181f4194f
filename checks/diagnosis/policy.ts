/**
 * Whether NetworkPolicies let a connection through, by what they say. Pure.
 *
 * `unknown` where a policy's words cannot be decided from what was gathered: labels of foreign namespaces, ports by name.
 * Calico's own kinds are not decided here; whoever asks says that there are some.
 */
import { NAMESPACE_LABEL } from "../../components/network-policies/endpoints";
import { contains } from "../../config/cidr";
import type { NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule } from "../evidence/objects";
import { selects } from "../preflight/selector";

/** One end of a connection: a pod, or an address outside the cluster's pods. */
export interface End {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ip?: string;
}

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  readonly protocol?: "TCP" | "UDP";
}

export interface PolicyVerdict {
  readonly allowed: "yes" | "no" | "unknown";
  /** Why, by the names of policies: `NetworkPolicies of financial-ml close it: default-deny`. */
  readonly why: string;
}

type Direction = "Ingress" | "Egress";

/** Both ends must let it through: what leaves the caller, and what reaches the callee. */
export function policyVerdict(policies: readonly NetworkPolicy[], connection: Connection): PolicyVerdict {
  const ends = [
    oneEnd(policies, "Egress", connection.from, connection.to, connection),
    oneEnd(policies, "Ingress", connection.to, connection.from, connection),
  ];
  return (
    ends.find(({ allowed }) => allowed === "no") ??
    ends.find(({ allowed }) => allowed === "unknown") ?? { allowed: "yes", why: ends.map(({ why }) => why).join("; ") }
  );
}

function oneEnd(
  policies: readonly NetworkPolicy[],
  direction: Direction,
  own: End,
  other: End,
  { port, protocol = "TCP" }: Connection,
): PolicyVerdict {
  const word = direction === "Egress" ? "out of" : "into";
  const where = `${word} namespace ${own.namespace ?? "?"}`;
  if (own.namespace === undefined || own.labels === undefined) return { allowed: "yes", why: "no pod of ours there" };
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === own.namespace && selects(spec?.podSelector ?? {}, own.labels) && speaksOf(spec, direction),
  );
  if (selecting.length === 0) return { allowed: "yes", why: `no NetworkPolicy closes the way ${where}` };
  let open: string | undefined;
  for (const { metadata, spec } of selecting) {
    for (const rule of (direction === "Egress" ? spec?.egress : spec?.ingress) ?? []) {
      const verdict = ruleAllows(rule, own, other, port, protocol);
      if (verdict === true) return { allowed: "yes", why: `NetworkPolicy ${metadata.name} opens the way ${where}` };
      if (verdict === undefined) open ??= metadata.name;
    }
  }
  if (open !== undefined) return { allowed: "unknown", why: `NetworkPolicy ${open} may open the way ${where}` };
  const names = selecting.map(({ metadata }) => metadata.name).join(", ");
  return { allowed: "no", why: `no NetworkPolicy opens port ${port} ${where}; closed by ${names}` };
}

function speaksOf(spec: NetworkPolicy["spec"], direction: Direction): boolean {
  // Kubernetes' default: Ingress always, Egress where the policy has such rules.
  if (spec?.policyTypes !== undefined) return spec.policyTypes.includes(direction);
  return direction === "Ingress" || spec?.egress !== undefined;
}

function ruleAllows(rule: PolicyRule, own: End, other: End, port: number, protocol: string): boolean | undefined {
  const ports = rule.ports ?? [];
  const byPort = ports.length === 0 ? true : any(ports.map((one) => portMatches(one, port, protocol)));
  const peers = rule.from ?? rule.to ?? [];
  const byPeer = peers.length === 0 ? true : any(peers.map((peer) => peerMatches(peer, own, other)));
  if (byPort === false || byPeer === false) return false;
  return byPort === true && byPeer === true ? true : undefined;
}

/** True when any is, else undefined when any is not known. */
const any = (values: readonly (boolean | undefined)[]): boolean | undefined =>
  values.includes(true) ? true : values.includes(undefined) ? undefined : false;

function portMatches(
  { port, endPort, protocol = "TCP" }: PolicyPort,
  wanted: number,
  wantedProtocol: string,
): boolean | undefined {
  if (protocol !== wantedProtocol) return false;
  if (port === undefined) return true;
  if (typeof port === "string") return undefined;
  return wanted >= port && wanted <= (endPort ?? port);
}

function peerMatches(
  { ipBlock, namespaceSelector, podSelector }: PolicyPeer,
  own: End,
  other: End,
): boolean | undefined {
  if (ipBlock !== undefined) {
    if (other.ip === undefined || other.ip.includes(":") || ipBlock.cidr.includes(":")) return false;
    return contains(ipBlock.cidr, other.ip) && !(ipBlock.except ?? []).some((range) => contains(range, other.ip!));
  }
  if (other.namespace === undefined || other.labels === undefined) return false;
  if (podSelector !== undefined && !selects(podSelector, other.labels)) return false;
  if (namespaceSelector === undefined) return other.namespace === own.namespace;
  const keys = [
    ...Object.keys(namespaceSelector.matchLabels ?? {}),
    ...(namespaceSelector.matchExpressions ?? []).map(({ key }) => key),
  ];
  // Of a namespace only its own name is known here.
  if (keys.some((key) => key !== NAMESPACE_LABEL)) return undefined;
  return selects(namespaceSelector, { [NAMESPACE_LABEL]: other.namespace });
}

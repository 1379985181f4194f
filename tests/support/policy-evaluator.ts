/**
 * What Kubernetes' NetworkPolicies let through, by the words of the API's own documentation (networking.k8s.io/v1) and
 * without any of the code that made the policies.
 *
 * - A pod that no policy selects for a direction is open in that direction.
 * - A pod that at least one selects lets through what any rule of any such policy allows; there is no deny rule.
 * - A connection needs the egress side of its source and the ingress side of its target.
 * - A peer with both selectors means pods of those namespaces; a pod selector alone means the policy's own namespace.
 * - An absent or empty list of peers is everybody, an absent or empty list of ports is every port.
 */
import { contains } from "../../config/cidr";
import type { LabelSelector, NetworkPolicy, Peer } from "../../components/network-policies/builders";

/** Where a connection starts or ends: a pod, or an address outside (no policy applies to it). */
export type Host =
  | {
      readonly kind: "pod";
      readonly namespace: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly ip: string;
    }
  | { readonly kind: "address"; readonly ip: string };

interface Connection {
  readonly from: Host;
  readonly to: Host;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  const sets = (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
    if (operator !== "In") throw new Error(`operator ${String(operator)} is not known to this evaluator`);
    const value = labels[key];
    return value !== undefined && values.includes(value);
  });
  return exact && sets;
}

/** The API server labels every namespace with its name. */
const namespaceLabels = (namespace: string) => ({ "kubernetes.io/metadata.name": namespace });

function matchesPeer(peer: Peer, host: Host, policyNamespace: string): boolean {
  const { ipBlock, namespaceSelector, podSelector } = peer;
  if (ipBlock !== undefined) {
    const cut = (ipBlock.except ?? []).some((except) => contains(except, host.ip));
    return contains(ipBlock.cidr, host.ip) && !cut;
  }
  if (host.kind !== "pod") return false;
  const inNamespace =
    namespaceSelector === undefined
      ? host.namespace === policyNamespace
      : selects(namespaceSelector, namespaceLabels(host.namespace));
  return inNamespace && selects(podSelector ?? {}, host.labels);
}

interface PlainRule {
  readonly peers?: readonly Peer[];
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}

function matchesRule(rule: PlainRule, other: Host, policyNamespace: string, { port, protocol }: Connection): boolean {
  const { peers = [], ports = [] } = rule;
  const peerMatches = peers.length === 0 || peers.some((peer) => matchesPeer(peer, other, policyNamespace));
  const portMatches = ports.length === 0 || ports.some((item) => item.port === port && item.protocol === protocol);
  return peerMatches && portMatches;
}

function sideAllows(
  policies: readonly NetworkPolicy[],
  direction: "Ingress" | "Egress",
  pod: Host,
  other: Host,
  connection: Connection,
): boolean {
  if (pod.kind !== "pod") return true;
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      spec.policyTypes.includes(direction) &&
      selects(spec.podSelector, pod.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some(({ metadata, spec }) => {
    const rules: PlainRule[] =
      direction === "Ingress"
        ? (spec.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (spec.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
    return rules.some((rule) => matchesRule(rule, other, metadata.namespace, connection));
  });
}

/** Whether the policies let this connection through. */
export function allows(policies: readonly NetworkPolicy[], connection: Connection): boolean {
  const { from, to } = connection;
  return sideAllows(policies, "Egress", from, to, connection) && sideAllows(policies, "Ingress", to, from, connection);
}

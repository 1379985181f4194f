/**
 * Builders of plain networking.k8s.io/v1 NetworkPolicies. They refuse what Kubernetes accepts but nobody means: in a
 * rule, an empty list of peers or ports is not "nobody" but "everybody".
 */
import type { types } from "@pulumi/kubernetes";
import { labels } from "../component";
import { contains, rangeOf } from "../../config/cidr";
import { NAMESPACE_LABEL } from "./endpoints";
import type { Protocol } from "./flow";

type Labels = Readonly<Record<string, string>>;

export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: "In";
    readonly values: readonly string[];
  }[];
}

export interface Peer {
  readonly namespaceSelector?: LabelSelector;
  readonly podSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface Port {
  readonly port: number;
  readonly protocol: Protocol;
}

/** One direction of one flow. */
export interface Rule {
  readonly peers: readonly Peer[];
  readonly ports: readonly Port[];
}

/** A NetworkPolicy as it is applied. */
export interface NetworkPolicy {
  readonly apiVersion: "networking.k8s.io/v1";
  readonly kind: "NetworkPolicy";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Labels;
    readonly annotations: Labels;
  };
  readonly spec: {
    readonly podSelector: LabelSelector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress?: readonly { readonly from: readonly Peer[]; readonly ports: readonly Port[] }[];
    readonly egress?: readonly { readonly to: readonly Peer[]; readonly ports: readonly Port[] }[];
  };
}

/** The same value as the provider's types want it: they know no `readonly`. */
export const asSpec = (policy: NetworkPolicy): types.input.networking.v1.NetworkPolicySpec =>
  policy.spec as types.input.networking.v1.NetworkPolicySpec;

/** Annotation that says why each rule is there. */
export const REASONS_ANNOTATION = "seldon-k3s/reasons";

/** Pods with these labels in the policy's own namespace. */
export const podsHere = (podLabels: Labels): Peer => ({ podSelector: { matchLabels: podLabels } });

/** Pods of other namespaces; all pods of theirs when `podLabels` is empty. One namespace or several. */
export function podsIn(namespaces: readonly string[], podLabels: Labels = {}): Peer {
  const [only, ...others] = namespaces;
  if (only === undefined) throw new Error("podsIn: got no namespace; a selector that matches none must not be written");
  const namespaceSelector: LabelSelector =
    others.length === 0
      ? { matchLabels: { [NAMESPACE_LABEL]: only } }
      : { matchExpressions: [{ key: NAMESPACE_LABEL, operator: "In", values: namespaces }] };
  const withPods = Object.keys(podLabels).length > 0;
  return withPods ? { namespaceSelector, podSelector: { matchLabels: podLabels } } : { namespaceSelector };
}

/** One address range. */
export const range = (cidr: string): Peer => ({ ipBlock: { cidr } });

const byAddress = (left: string, right: string): number =>
  rangeOf(left).first - rangeOf(right).first || rangeOf(left).prefix - rangeOf(right).prefix;

/** The ranges that no other one of the list holds, in order of address. */
function outermost(cidrs: readonly string[]): string[] {
  const unique = [...new Set(cidrs)].sort(byAddress);
  return unique.filter((inner) => !unique.some((outer) => outer !== inner && contains(outer, inner)));
}

/**
 * Address ranges without others. Kubernetes wants every `except` to be a strict part of its `cidr`: a range that lies
 * wholly in what is cut out gives no peer at all.
 */
export function rangesWithout(cidrs: readonly string[], cut: readonly string[]): Peer[] {
  return outermost(cidrs)
    .filter((cidr) => !cut.some((outer) => contains(outer, cidr)))
    .map((cidr) => {
      const except = outermost(cut.filter((inner) => contains(cidr, inner)));
      return { ipBlock: except.length > 0 ? { cidr, except } : { cidr } };
    });
}

/** Ports by every protocol, protocols outermost. */
export const ports = (numbers: readonly number[], protocols: readonly Protocol[]): Port[] =>
  protocols.flatMap((protocol) => numbers.map((port) => ({ port, protocol })));

function checked(rule: Rule, where: string): Rule {
  if (rule.peers.length === 0) throw new Error(`${where}: got a rule without peers, which would admit everybody`);
  if (rule.ports.length === 0) throw new Error(`${where}: got a rule without ports, which would open every port`);
  return rule;
}

const metadata = (namespace: string, name: string, reasons: readonly string[]): NetworkPolicy["metadata"] => ({
  name,
  namespace,
  labels: labels(),
  annotations: { [REASONS_ANNOTATION]: reasons.join("\n") },
});

/** Nothing in, nothing out, for every pod of the namespace: what other policies do not allow stays closed. */
export function defaultDeny(namespace: string): NetworkPolicy {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(namespace, "default-deny", ["closed unless another policy of this namespace opens it"]),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  };
}

/** Arguments of {@link allow}. */
export interface AllowArgs {
  readonly namespace: string;
  readonly name: string;
  /** Pods that the policy is about; every pod of the namespace when empty. */
  readonly podLabels: Labels;
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
  /** One line a rule: why it is there. */
  readonly reasons: readonly string[];
}

/**
 * Opens what the rules name, for the selected pods. A direction without rules is left to {@link defaultDeny}.
 * @throws Error for a policy without rules, and for a rule that names no peer or no port.
 */
export function allow(args: AllowArgs): NetworkPolicy {
  const where = `NetworkPolicy ${args.namespace}/${args.name}`;
  const ingress = args.ingress.map((rule) => checked(rule, where)).map(({ peers, ports }) => ({ from: peers, ports }));
  const egress = args.egress.map((rule) => checked(rule, where)).map(({ peers, ports }) => ({ to: peers, ports }));
  const policyTypes = [
    ...(ingress.length > 0 ? (["Ingress"] as const) : []),
    ...(egress.length > 0 ? (["Egress"] as const) : []),
  ];
  if (policyTypes.length === 0) throw new Error(`${where}: got no rules; leave the policy out`);
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(args.namespace, args.name, args.reasons),
    spec: {
      podSelector: Object.keys(args.podLabels).length > 0 ? { matchLabels: args.podLabels } : {},
      policyTypes,
      ...(ingress.length > 0 ? { ingress } : {}),
      ...(egress.length > 0 ? { egress } : {}),
    },
  };
}

/** The flow table and a configuration, turned into the NetworkPolicies of every namespace of ours. */
import { allow, defaultDeny, podsHere, podsIn, ports, range, rangesWithout } from "./builders";
import type { NetworkPolicy, Peer, Rule } from "./builders";
import { componentsIn, holds, ownNamespaces, portsOf, protocolsOf } from "./context";
import type { Destination, PolicyContext } from "./context";
import { DNS_LABELS, DNS_NAMESPACE, PARTIES, POD_LABELS, isComponent } from "./endpoints";
import type { Component, Endpoint, Party } from "./endpoints";
import type { Flow } from "./flow";
import { FLOWS } from "./flows";

const destination = ({ namespace, cidrs }: Destination): Peer[] => [
  ...(namespace === undefined ? [] : [podsIn([namespace])]),
  ...cidrs.map(range),
];

/**
 * Peers of the parties around us.
 *
 * The API server is dialled as Service `kubernetes`:443, but kube-proxy rewrites that to a node's address and port 6443
 * before a policy is asked (Calico and kube-router both filter after destination NAT), so the node ranges are what
 * counts and the Service address needs no rule. The kubelet has no peer: see `flows.ts`.
 */
const PEERS: Readonly<Record<Party, (context: PolicyContext) => Peer[]>> = {
  any: () => [{ podSelector: {} }],
  client: ({ clients }) => clients.map(({ namespace, podLabels }) => podsIn([namespace], podLabels)),
  prometheus: ({ monitoringNamespace }) => (monitoringNamespace === undefined ? [] : [podsIn([monitoringNamespace])]),
  kubelet: () => [],
  apiserver: ({ nodeCidrs }) => nodeCidrs.map(range),
  dns: () => [podsIn([DNS_NAMESPACE], DNS_LABELS)],
  storage: ({ storageCidrs, storageService: service, reserved }) => [
    ...(service === undefined ? [] : [podsIn([service.namespace], service.podLabels)]),
    ...rangesWithout(storageCidrs, reserved),
  ],
  kafka: ({ kafka }) => destination(kafka),
  schemaRegistry: () => [],
  collector: ({ collector }) => destination(collector),
  internet: ({ reserved }) => rangesWithout(["0.0.0.0/0"], reserved),
};

/**
 * Peers of an endpoint, seen from a pod of `namespace`. Components talk inside their own namespace; only the operator
 * crosses: it reaches every runtime, and every runtime must know it by its namespace.
 */
function peersOf(endpoint: Endpoint, other: Endpoint, namespace: string, context: PolicyContext): Peer[] {
  if (!isComponent(endpoint)) return PEERS[endpoint](context);
  const podLabels = POD_LABELS[endpoint];
  if (endpoint === "operator" && namespace !== context.operatorNamespace) {
    return [podsIn([context.operatorNamespace], podLabels)];
  }
  const elsewhere = other === "operator" && ownNamespaces(context).length > 1;
  return elsewhere ? [podsIn(context.namespaces, podLabels)] : [podsHere(podLabels)];
}

/** A rule with the reason for it. */
interface ReasonedRule extends Rule {
  readonly reason: string;
}

const titleOf = (endpoint: Endpoint): string => (isComponent(endpoint) ? endpoint : PARTIES[endpoint]);

function reason(flow: Flow, direction: "from" | "to", numbers: readonly number[]): string {
  const others = direction === "from" ? flow.from : [flow.to];
  const protocols = protocolsOf(flow).join("+");
  return `${direction} ${others.map(titleOf).join(", ")}, ${protocols} ${numbers.join(", ")}: ${flow.why} (${flow.id})`;
}

/** One rule a flow. A flow whose peers the configuration does not name gives none: it stays closed. */
function rules(
  flows: readonly Flow[],
  direction: "from" | "to",
  subject: Endpoint,
  namespace: string,
  context: PolicyContext,
): ReasonedRule[] {
  return flows.flatMap((flow) => {
    const others = direction === "from" ? flow.from : [flow.to];
    const peers = others.flatMap((other) => peersOf(other, subject, namespace, context));
    const numbers = portsOf(flow, context);
    if (peers.length === 0 || numbers.length === 0) return [];
    return [{ peers, ports: ports(numbers, protocolsOf(flow)), reason: reason(flow, direction, numbers) }];
  });
}

/** The policy that opens what the table says for one kind of pod, or none when it says nothing. */
function allowPolicy(
  active: readonly Flow[],
  subject: Component | "any",
  namespace: string,
  context: PolicyContext,
): NetworkPolicy[] {
  const ingress = rules(
    active.filter((flow) => flow.to === subject),
    "from",
    subject,
    namespace,
    context,
  );
  const egress = rules(
    active.filter((flow) => flow.from.includes(subject)),
    "to",
    subject,
    namespace,
    context,
  );
  if (ingress.length + egress.length === 0) return [];
  return [
    allow({
      namespace,
      name: subject === "any" ? "allow-every-pod" : `allow-${subject}`,
      podLabels: subject === "any" ? {} : POD_LABELS[subject],
      ingress,
      egress,
      reasons: [...ingress, ...egress].map((rule) => rule.reason),
    }),
  ];
}

/** Policies of one namespace: everything closed, then what the table opens, in the table's order of components. */
function namespacePolicies(active: readonly Flow[], namespace: string, context: PolicyContext): NetworkPolicy[] {
  return [
    defaultDeny(namespace),
    ...allowPolicy(active, "any", namespace, context),
    ...componentsIn(context, namespace).flatMap((component) => allowPolicy(active, component, namespace, context)),
  ];
}

/** Policies of every namespace of ours. Pure and deterministic. */
export function renderPolicies(context: PolicyContext): NetworkPolicy[] {
  const active: readonly Flow[] = FLOWS.filter((flow) => holds(flow, context));
  return ownNamespaces(context).flatMap((namespace) => namespacePolicies(active, namespace, context));
}

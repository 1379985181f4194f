/**
 * Kubernetes' own NetworkPolicies (networking.k8s.io/v1), by the words of their API documentation. Pure.
 *
 * - `policyTypes`: absent means Ingress, and Egress too where the policy has egress rules.
 * - `podSelector` of the policy: empty selects every pod of its namespace.
 * - A rule without peers, or with an empty list, means everybody; without ports, every port.
 * - A peer with both selectors means those pods of those namespaces; a pod selector alone, pods of the policy's own
 *   namespace; a namespace selector alone, all pods of those namespaces. An empty selector selects everything.
 * - `ipBlock` means the range without its exceptions. Both of our implementations compare the pod's own address too.
 * - A port without a number means every port of its protocol, which is TCP where none is named; a name means the port
 *   of that name of the target pod; `endPort` ends a range.
 */
import type { NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule } from "../../evidence/objects";
import type { LabelSelector } from "../../cluster/objects";
import { selects } from "../../cluster/label-selector";
import {
  type CompiledPolicy,
  type CompiledRule,
  inAnyRange,
  isNamedPort,
  knowsLabels,
  namespaceLabels,
} from "./compiled";
import { type End, type Perhaps, type Protocol, type World, all, any, not } from "./model";

/** Where Calico puts Kubernetes' policies, in the tier `default`; K3s' own controller knows nothing else. */
const ORDER = 1000;

export function compileKubernetes({ metadata, spec }: NetworkPolicy, namespaces: World["namespaces"]): CompiledPolicy {
  const namespace = metadata.namespace ?? "default";
  const name = `NetworkPolicy ${namespace}/${metadata.name}`;
  const types = spec?.policyTypes ?? ["Ingress", ...(spec?.egress === undefined ? [] : ["Egress"])];
  const compiled = (rules: readonly PolicyRule[], side: "from" | "to", word: string): CompiledRule[] =>
    rules.map((rule, index) => ({
      name: `${name} ${word}[${index}]`,
      action: "Allow",
      joins: (from, to) => {
        const peers = rule[side] ?? [];
        const other = side === "from" ? from : to;
        return peers.length === 0 ? true : any(peers.map((peer) => isPeer(peer, other, namespace, namespaces)));
      },
      opens: (to, port, protocol) => {
        const ports = rule.ports ?? [];
        return ports.length === 0 ? true : any(ports.map((one) => isPort(one, to, port, protocol)));
      },
    }));
  return {
    name,
    tier: "default",
    order: ORDER,
    tieBreak: `${metadata.name}/${namespace}/KubernetesNetworkPolicy`,
    selects: (pod) => pod.namespace === namespace && selects(spec?.podSelector ?? {}, pod.labels),
    rules: {
      ...(types.includes("Ingress") ? { Ingress: compiled(spec?.ingress ?? [], "from", "ingress") } : {}),
      ...(types.includes("Egress") ? { Egress: compiled(spec?.egress ?? [], "to", "egress") } : {}),
    },
  };
}

function isPeer(peer: PolicyPeer, other: End, own: string, namespaces: World["namespaces"]): Perhaps {
  const { ipBlock, namespaceSelector, podSelector } = peer;
  if (ipBlock !== undefined) {
    const { cidr, except = [] } = ipBlock;
    return all([inAnyRange([cidr], other), not(inAnyRange(except, other))]);
  }
  // On its node's network a pod is an address like others.
  if (other.kind !== "pod" || other.hostNetwork === true) return false;
  return all([
    podSelector === undefined || selects(podSelector, other.labels),
    namespaceSelector === undefined
      ? other.namespace === own
      : isNamespace(namespaceSelector, other.namespace, namespaces),
  ]);
}

function isNamespace(selector: LabelSelector, name: string, namespaces: World["namespaces"]): Perhaps {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const asked = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
  return knowsLabels(namespaces, name, asked) ? selects(selector, namespaceLabels(namespaces, name)) : undefined;
}

function isPort({ port, endPort, protocol = "TCP" }: PolicyPort, to: End, asked: number, by: Protocol): Perhaps {
  if (protocol !== by) return false;
  if (port === undefined) return true;
  if (typeof port === "string") return isNamedPort(port, to, asked, by);
  return asked >= port && asked <= (endPort ?? port);
}

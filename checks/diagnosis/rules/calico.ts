/** What Calico, the nodes and K3s say of themselves. */
import { conditionOf, showCondition } from "../../cluster/objects";
import type { Evidence } from "../../evidence/evidence";
import { effectiveSettings } from "../../hosts/effective";
import { runningCni } from "../../hosts/judge-cni";
import { declaredCnis } from "../../../config/derive";
import { type Cause, hint, proof, type Rule, strong } from "../rule";

const CLUSTER = { kind: "cluster", name: "cluster" } as const;

function tigeraDegraded(evidence: Evidence): Cause[] {
  return (evidence.tigera ?? []).flatMap((status): Cause[] => {
    const degraded = conditionOf(status, "Degraded");
    if (degraded?.status !== "True") return [];
    const { name } = status.metadata;
    return [
      {
        subject: CLUSTER,
        cause: `Calico's operator reports ${name} as degraded`,
        clues: [
          proof(`TigeraStatus ${name}: ${showCondition("Degraded", degraded)}`),
          hint(showCondition("Available", conditionOf(status, "Available"))),
        ],
        repeat: [evidence.kubectl("get tigerastatus", name, "-o yaml")],
        mend: `mend what the message names; the operator's own words: ${evidence.kubectl("-n tigera-operator logs deployment/tigera-operator --tail 50")}`,
      },
    ];
  });
}

function networkUnavailable(evidence: Evidence): Cause[] {
  return (evidence.nodes ?? []).flatMap((node): Cause[] => {
    const condition = node.status?.conditions?.find(({ type }) => type === "NetworkUnavailable");
    if (condition?.status !== "True") return [];
    const { name } = node.metadata;
    const agents = evidence.allPods?.filter((pod) => pod.labels["k8s-app"] === "calico-node") ?? [];
    const own = agents.find((pod) => pod.node === name);
    // Where Calico runs and is not ready here, the condition is right and Calico is the question.
    if (agents.length > 0 && own?.ready !== true) return [];
    return [
      {
        subject: { kind: "node", name, node: name },
        cause:
          "the node still says that its network is unavailable, so nothing new is placed there, although its CNI runs",
        clues: [
          strong(`node ${name}: ${showCondition("NetworkUnavailable", condition)}`),
          own === undefined
            ? hint("no Calico runs in this cluster that could clear it")
            : strong(`pod ${own.name} of Calico is Ready on it`),
        ],
        repeat: [
          evidence.kubectl("get node", name, `-o jsonpath='{.status.conditions[?(@.type=="NetworkUnavailable")]}'`),
        ],
        mend:
          own === undefined
            ? `pulumi up -s ${evidence.subject.stack} clears it when Calico has been left; by hand: ${evidence.kubectl("patch node", name, `--subresource=status --type=strategic -p '{"status":{"conditions":[{"type":"NetworkUnavailable","status":"False","reason":"Cleared"}]}}'`)}`
            : `let Calico write it anew: ${evidence.kubectl("-n", own.namespace, "delete pod", own.name)}`,
      },
    ];
  });
}

/** With `pod` the API server looks for pods in the node's podCIDR, where Calico's are not (K3s, `--egress-selector-mode`). */
function egressSelector(evidence: Evidence): Cause[] {
  const { declared } = evidence;
  return (evidence.machines ?? []).flatMap(({ name, facts }): Cause[] => {
    if (facts.role !== "server") return [];
    const settings = effectiveSettings(facts);
    const calico = runningCni(facts) === "calico" || (declared !== undefined && declaredCnis(declared).has("calico"));
    if (settings.text("egress-selector-mode") !== "pod" || !calico) return [];
    return [
      {
        subject: { kind: "node", name, node: name },
        cause:
          "egress-selector-mode is pod: the API server looks for pods in the node's podCIDR, and Calico's pods are not there, so webhooks and aggregated APIs fail",
        clues: [
          strong(
            `${name}: egress-selector-mode pod, from ${settings.source("egress-selector-mode") ?? "K3s' default"}`,
          ),
          strong(
            `Calico ${runningCni(facts) === "calico" ? "runs there" : "is declared"}; it takes pod addresses from its pools`,
          ),
        ],
        repeat: [evidence.inspect(name)],
        mend: `${name}: set egress-selector-mode: agent (K3s' default) on all servers and restart them one at a time`,
      },
    ];
  });
}

export const CALICO_RULES: readonly Rule[] = [
  {
    id: "tigera-degraded",
    reach: "network",
    title: "Calico's operator reports a part as degraded",
    notWhen: "it is only progressing",
    follows: ["pool-outside-cluster-cidr"],
    judge: tigeraDegraded,
  },
  {
    id: "network-unavailable",
    reach: "network",
    title: "a node's NetworkUnavailable is stuck",
    notWhen: "Calico's pod on the node is not Ready: then the condition is right",
    judge: networkUnavailable,
  },
  {
    id: "egress-selector-mode",
    reach: "network",
    title: "egress-selector-mode pod with Calico",
    notWhen: "the mode is agent, cluster or disabled, or Flannel runs",
    judge: egressSelector,
  },
];

import { chartOf } from "../charts";
import { type JudgedResource, kindOf, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type JudgedStack, type StackFault, type StackRule } from "../rule";
import { configOf, nameOf, namespaceOf } from "../stack";
import { isTree } from "../../config/tree";

/** Components that bring an operator with a namespace of its own, which holds no model, and why it is left alone. */
export const OPERATORS: Readonly<Record<string, string>> = {
  Calico: "the operator's only pod is on the node's network, which no policy selects",
  Certificates: "cert-manager's webhook and controllers belong to its own chart",
  KafkaCluster: "Strimzi writes the listeners' policies from networkPolicyPeers",
};

const isOperators = ({ urn }: JudgedResource): boolean =>
  Object.keys(OPERATORS).some((component) => urn.includes(`seldon-k3s:index:${component}$`));

/** What the policies of one namespace come to. */
type State = "denied" | "staged" | "unknown" | "open";

/** Whether the policy, as far as it is known, closes every pod of its namespace both ways. */
function closes(policy: JudgedResource): boolean | undefined {
  const { spec } = policy.inputs;
  const parts = [
    valueAt(spec, "podSelector"),
    valueAt(spec, "policyTypes"),
    valueAt(spec, "ingress"),
    valueAt(spec, "egress"),
  ];
  if (parts.includes(UNKNOWN)) return undefined;
  const [selector, types, ...rules] = parts;
  const everyPod = isTree(selector) && Object.keys(selector).length === 0;
  const bothWays = Array.isArray(types) && types.includes("Ingress") && types.includes("Egress");
  return (
    everyPod && bothWays && rules.every((list) => list === undefined || (Array.isArray(list) && list.length === 0))
  );
}

const KINDS: Readonly<Record<string, State>> = {
  NetworkPolicy: "denied",
  StagedKubernetesNetworkPolicy: "staged",
};

function stateOf(namespace: string, resources: readonly JudgedResource[]): State {
  const found = new Set<State>();
  for (const resource of resources) {
    const kind = kindOf(resource);
    const state = kind === undefined ? undefined : KINDS[kind];
    // Calico's own NetworkPolicy has the same kind name and no podSelector.
    if (state === undefined || (kind === "NetworkPolicy" && !resource.type.includes("networking.k8s.io"))) continue;
    const where = namespaceOf(resource);
    const closed = closes(resource);
    if (where === UNKNOWN || (where === namespace && closed === undefined)) found.add("unknown");
    else if (where === namespace && closed === true) found.add(state);
  }
  return (["denied", "unknown", "staged"] as const).find((state) => found.has(state)) ?? "open";
}

/** Whether the stack file itself leaves the namespace open for a while: policies.enforce, policies.takenOver. */
function leftOpen(namespace: string, resources: readonly JudgedResource[]): boolean {
  const enforce = configOf(resources, "NetworkPolicies", "policies.enforce");
  const taken = configOf(resources, "NetworkPolicies", "policies.takenOver");
  const enabled = configOf(resources, "NetworkPolicies", "policies.enabled");
  if (enabled === false || enforce === true) return false;
  return enforce === false || (Array.isArray(taken) && taken.includes(namespace));
}

/** Resources that put something of ours into a namespace, and the namespace's name. */
function* ourNamespaces({ resources }: JudgedStack): Generator<{ resource: JudgedResource; name: unknown }> {
  const ours = resources.filter((resource) => {
    const chart = chartOf(resource);
    const seldon = chart !== undefined && (chart === UNKNOWN || chart.name.startsWith("seldon-core-v2-"));
    return kindOf(resource) === "Namespace" || kindOf(resource) === "Server" || seldon;
  });
  const seen = new Set<unknown>();
  // Namespaces first, so that a fault names the namespace where the stack declares it.
  for (const namespacesOnly of [true, false]) {
    for (const resource of ours.filter((one) => (kindOf(one) === "Namespace") === namespacesOnly)) {
      const name = namespacesOnly ? nameOf(resource) : namespaceOf(resource);
      if (name !== UNKNOWN && seen.has(name)) continue;
      seen.add(name);
      yield { resource, name };
    }
  }
}

function* judge(stack: JudgedStack): Generator<StackFault> {
  const { resources } = stack;
  for (const { resource, name } of ourNamespaces(stack)) {
    const at = kindOf(resource) === "Namespace" ? "metadata.name" : "namespace";
    if (name === UNKNOWN) {
      yield { resource, ...cannotJudge(at, "which namespace it is, and what closes it") };
      continue;
    }
    if (typeof name !== "string" || isOperators(resource)) continue;
    const state = stateOf(name, resources);
    if (state === "denied") continue;
    if (state === "unknown") yield { resource, ...cannotJudge(at, `what the policies of ${name} select`) };
    else if (leftOpen(name, resources)) {
      const what = state === "staged" ? "its default deny is staged" : "it has no default deny";
      const problem = `${name} is open: ${what}, as policies.enforce or policies.takenOver asks`;
      yield { resource, at, problem, enforcement: "advisory" };
    } else {
      yield { resource, at, problem: `${name} has no default deny${state === "staged" ? ", only a staged one" : ""}` };
    }
  }
}

/** A namespace of ours is closed until a policy opens it. */
export const defaultDeny: StackRule = {
  id: "default-deny",
  what: `Every namespace of this stack has a policy that closes all of its pods both ways. Left alone are the namespaces of operators: ${Object.entries(
    OPERATORS,
  )
    .map(([component, reason]) => `${component} (${reason})`)
    .join(
      ", ",
    )}. Only shown, not stopped: namespaces that policies.enforce or policies.takenOver leaves open for a while.`,
  why: "Without default deny every pod of the cluster reaches the scheduler's and the agents' ports, which ask nobody who he is.",
  fix: "Set policies.enabled: true. A namespace that was taken over is closed by policies.enforce: true, once `npm run policies -- <stack>` shows nothing that it would cut.",
  enforcement: "mandatory",
  judgeStack: judge,
};

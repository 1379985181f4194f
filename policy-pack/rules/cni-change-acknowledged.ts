import { isComponent, type JudgedResource, kindOf, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type JudgedStack, type StackFault, type StackRule } from "../rule";
import { type DeclaredCni, declaredCni } from "../stack";

const CNIS = ["calico", "flannel"];

/** Names of the steps that convert nodes, as NodeNetwork gives them. */
const STEPS = /^node-network-(backup|spread|guard-|pods-|clean-)/;

/** The commands that convert nodes: only a change of CNI has them. */
const stepsOf = (resources: readonly JudgedResource[]): JudgedResource[] =>
  resources.filter(({ type, name }) => type.startsWith("command:") && STEPS.test(name));

const isInstallation = (resource: JudgedResource): boolean =>
  kindOf(resource) === "Installation" && resource.type.includes("operator.tigera.io");

/** What is declared against what the configuration says that is being done. */
function* judgeObjects(resources: readonly JudgedResource[], cni: DeclaredCni, network: JudgedResource) {
  const named = new Set([cni.provider, cni.leaving]);
  const installation = resources.find(isInstallation);
  if (installation !== undefined && !named.has("calico")) {
    const problem = "installs Calico, which cni names neither as provider nor as the one that is left";
    yield { resource: installation, at: "", problem };
  }
  if (installation === undefined && named.has("calico")) {
    yield {
      resource: network,
      at: "cni",
      problem: "names Calico, but nothing installs it: an update would take it away",
    };
  }
  const [step] = stepsOf(resources);
  if (cni.leaving === undefined && step !== undefined) {
    yield { resource: step, at: "", problem: "converts a node, but cni.leaving names no CNI that is left" };
  }
}

/** The way from what was declared before: a CNI goes only while it is named in `leaving`. */
function* judgeWay({ before }: JudgedStack, cni: DeclaredCni, network: JudgedResource): Generator<StackFault> {
  const old = before === undefined ? undefined : declaredCni(before);
  if (old === undefined || old.provider === cni.provider) return;
  // Turning round in the middle swaps the two, and needs `leaving` as well.
  if (cni.leaving === old.provider) return;
  const at = "cni.provider";
  const problem = `goes from ${String(old.provider)} to ${String(cni.provider)} without cni.leaving: ${String(old.provider)}`;
  yield { resource: network, at, problem };
}

function* judge(stack: JudgedStack): Generator<StackFault> {
  const { resources } = stack;
  const network = resources.find((resource) => isComponent(resource, "NodeNetwork"));
  const cni = declaredCni(resources);
  if (network === undefined || cni === undefined) return;
  if (cni.provider === UNKNOWN || cni.leaving === UNKNOWN) {
    yield { resource: network, ...cannotJudge("cni", "which CNI runs and which one is left") };
    return;
  }
  if (typeof cni.provider !== "string" || !CNIS.includes(cni.provider)) {
    yield { resource: network, at: "cni.provider", problem: "names no CNI that this stack knows" };
    return;
  }
  yield* judgeObjects(resources, cni, network);
  yield* judgeWay(stack, cni, network);
  if (typeof cni.leaving === "string") {
    const hosts = ["servers", "agents"].flatMap((role) => {
      const list = valueAt(network.inputs, `hosts.${role}`);
      return Array.isArray(list) ? (list as unknown[]) : [];
    });
    const problem = `this update changes the CNI from ${cni.leaving} to ${cni.provider} on up to ${hosts.length} nodes, K3s restarting on each`;
    yield { resource: network, at: "cni.leaving", problem, enforcement: "advisory" };
  }
}

/** No cluster changes its CNI by the way. */
export const cniChangeAcknowledged: StackRule = {
  id: "cni-change-acknowledged",
  what: "The CNI changes only while the stack names the one that it leaves (cni.leaving); a plan with that key says so every time. Against an earlier stack file it is judged with `--base`.",
  why: "Every node's K3s restarts, and a CNI that goes without the way over the nodes leaves pods without a network. Preflight finds the same on the machines themselves, whatever the files say.",
  fix: "Set cni.leaving to the CNI that runs now, run `npm run preflight -- <stack>` and update in a window; remove the key when the change is done.",
  enforcement: "mandatory",
  judgeStack: judge,
};

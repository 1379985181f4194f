/** What a change of CNI will do, in its order, and what is expected to be felt. Pure: configuration and facts in, plan out. */
import { type StepKind, switchSteps } from "../../components/node-network/switch-steps";
import { declaredHosts } from "../../config/derive";
import { effectiveSettings } from "../hosts/effective";
import type { HostFacts } from "../hosts/facts";
import { runningCni } from "../hosts/judge-cni";
import { cniTraces, policyTraces } from "../hosts/leftovers";
import type { Machines } from "../subject";
import { type Change, declaredChange } from "./change";

export interface PlanStep {
  readonly kind: StepKind;
  /** Machines that go through it at the same time. */
  readonly hosts: readonly string[];
  readonly does: string;
  /** Which K3s restarts, if any. */
  readonly restarts: "server" | "agent" | undefined;
  /** Those of the machines where it is so already. */
  readonly done: readonly string[];
}

export interface Plan {
  readonly change: Change;
  readonly mode: "live" | "window";
  readonly steps: readonly PlanStep[];
  /** What people and programs will notice. */
  readonly felt: readonly string[];
}

/** What the cluster told about the pods that move; absent where it could not be asked. */
export interface Moving {
  /** How many pods move, by node. */
  readonly pods: Readonly<Record<string, number>>;
  readonly single: readonly string[];
}

const RESTARTS: readonly StepKind[] = ["backend", "policy"];

function does(kind: StepKind, { from, to }: Change): string {
  switch (kind) {
    case "guard":
      return "the guard rule keeps pods' source addresses; nothing restarts";
    case "backend":
      return `K3s restarts with ${to}; containers keep running`;
    case "pods":
      return `pods with an address of ${from} are recreated within their budgets, then the node is proven`;
    case "policy":
      return `K3s restarts ${to === "calico" ? "without" : "with"} its policy controller; containers keep running`;
    case "clean":
      return `what ${from} left behind is removed and verified gone`;
  }
}

/** Whether a step has nothing left to do on a machine, as far as the machine itself shows. */
function isDone(kind: StepKind, change: Change, facts: HostFacts, moving: number | undefined): boolean {
  const converted = runningCni(facts) === change.to;
  switch (kind) {
    case "guard":
      return facts.guard.present;
    case "backend":
      return converted && facts.k3s.active;
    case "pods":
      return converted && moving === 0;
    case "policy": {
      if (facts.role === "server") {
        return effectiveSettings(facts).text("disable-network-policy") === String(change.to === "calico");
      }
      return change.to === "calico" ? policyTraces(facts).length === 0 : policyTraces(facts).length > 0;
    }
    case "clean":
      return [...cniTraces(change.from, facts), ...policyTraces(facts)].length === 0;
  }
}

/** The plan of the declared change; undefined where the stack is settled. */
export function planOf(machines: Machines, facts: ReadonlyMap<string, HostFacts>, moving?: Moving): Plan | undefined {
  const change = declaredChange(machines);
  if (change === undefined) return undefined;
  const roles = new Map(declaredHosts(machines).map(({ host, role }) => [host.name, role]));
  const seen = new Set<string>();
  const steps = switchSteps(machines).flatMap(({ kind, batch }): PlanStep[] => {
    const key = `${kind} ${batch.join(" ")}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const done = batch.filter((name) => {
      const own = facts.get(name);
      return own !== undefined && isDone(kind, change, own, moving?.pods[name]);
    });
    const restarts = RESTARTS.includes(kind) ? roles.get(batch[0] ?? "") : undefined;
    return [{ kind, hosts: batch, does: does(kind, change), restarts, done }];
  });
  return { change, mode: machines.cni.mode, steps, felt: feltOf(machines, change, steps, moving) };
}

function feltOf({ hosts, cni }: Machines, { from, to }: Change, steps: readonly PlanStep[], moving?: Moving): string[] {
  const serverRestarts = steps.filter(({ restarts }) => restarts === "server").length;
  const total = Object.values(moving?.pods ?? {}).reduce((sum, count) => sum + count, 0);
  const single = moving?.single ?? [];
  return [
    hosts.servers.length === 1
      ? `The API server is away ${serverRestarts} times for as long as K3s takes to start: kubectl and controllers wait, workloads go on.`
      : `${serverRestarts} restarts of servers, never two at once: clients of one server's address reconnect, workloads go on.`,
    cni.mode === "window"
      ? "All pods are recreated at once: nothing answers for that time."
      : `${moving === undefined ? "Pods" : `${total} pods`} are recreated one by one; a workload with two replicas keeps answering.`,
    ...(single.length > 0 ? [`With one replica, so away while their pod is recreated: ${single.join(", ")}.`] : []),
    "Connections of a pod that is recreated end with it, as in any roll-out; those of other pods go on.",
    `NetworkPolicies hold at every moment; sources stay pod addresses between ${from} and ${to}.`,
    ...(cni.upTo === undefined ? [] : [`It stops after ${cni.upTo} nodes (cni.upTo); the mixed state is stable.`]),
  ];
}

/** The plan as lines for people. */
export function planText(plan: Plan): string {
  const { change, mode, steps, felt } = plan;
  const width = Math.max(...steps.map(({ kind }) => kind.length));
  const lines = steps.map(({ kind, hosts, does, done }, index) => {
    const state =
      done.length === 0
        ? ""
        : done.length === hosts.length
          ? " [done already]"
          : ` [done already on ${done.join(", ")}]`;
    return `  ${String(index + 1).padStart(3)}. ${kind.padEnd(width)}  ${hosts.join(", ")}: ${does}${state}`;
  });
  return [
    `Plan: from ${change.from} to ${change.to}, ${mode === "live" ? "live" : "in a maintenance window"}`,
    "  First a copy of the datastore, and a second replica of CoreDNS and the ingress controller. Then, one after the other:",
    ...lines,
    "",
    "Expected to be felt:",
    ...felt.map((line) => `  - ${line}`),
    "",
  ].join("\n");
}

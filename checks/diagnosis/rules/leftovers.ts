/** What an earlier CNI left on the machines. Decided from what the machines say themselves, so only where some are declared. */
import { CNI } from "../../../components/k3s/cni";
import { declaredCnis } from "../../../config/derive";
import type { Evidence, MachineEvidence } from "../../evidence/evidence";
import { runningCni } from "../../hosts/judge-cni";
import { effectiveSettings } from "../../hosts/effective";
import { cniTraces, type Leftover, policyTraces, showLeftovers } from "../../hosts/leftovers";
import { type Cause, fact, hint, proof, type Rule, strong } from "../rule";

/** Machines where a CNI is neither declared nor running, with what of it is there. */
function machines(evidence: Evidence, traces: (machine: MachineEvidence) => readonly Leftover[]) {
  return (evidence.machines ?? []).flatMap((machine) => {
    if (machine.facts.role === "none") return [];
    const found = traces(machine);
    return found.length === 0 ? [] : [{ machine, found }];
  });
}

const CLEAN =
  "run /usr/local/lib/seldon-k3s/run clean there as root (hosts/README.md shows its request), or drain and reboot it";
const nodeSubject = (name: string) => ({ kind: "node" as const, name, node: name });

function flannel(evidence: Evidence): Cause[] {
  const { declared } = evidence;
  if (declared === undefined || declaredCnis(declared).has("flannel")) return [];
  const { chains } = CNI.flannel.leftovers;
  return machines(evidence, ({ facts }) => (runningCni(facts) === "flannel" ? [] : cniTraces("flannel", facts))).map(
    ({ machine, found }) => {
      const rules = found.filter(({ kind, name }) => kind === "chain" && chains.some((chain) => name.endsWith(chain)));
      const masquerades = rules.some(({ name }) => name.endsWith("FLANNEL-POSTRTG"));
      return {
        subject: nodeSubject(machine.name),
        cause: masquerades
          ? "Flannel's rule FLANNEL-POSTRTG is left and changes the source address of packets between nodes, so policies take callers for strangers"
          : "traces of Flannel are left on a machine that no longer runs it",
        clues: [
          masquerades
            ? proof(`${machine.name}: ${showLeftovers(rules)}`)
            : fact(`${machine.name}: ${showLeftovers(found)}`),
          hint(`its containerd runs ${runningCni(machine.facts) ?? "no CNI yet"}, and the stack declares no Flannel`),
        ],
        repeat: [evidence.inspect(machine.name)],
        mend: `${machine.name}: ${CLEAN}`,
        ...(masquerades
          ? {
              clears: [
                "Calico's own rules are not involved: the same call works within a node and fails between nodes.",
              ],
            }
          : {}),
      };
    },
  );
}

function kubeRouter(evidence: Evidence): Cause[] {
  const { declared } = evidence;
  if (declared === undefined || declaredCnis(declared).has("flannel")) return [];
  return machines(evidence, ({ facts }) => {
    // On a server its own settings tell whether the controller runs; agents learn it from their server.
    const off = facts.role !== "server" || effectiveSettings(facts).text("disable-network-policy") === "true";
    return off ? policyTraces(facts) : [];
  }).map(({ machine, found }) => ({
    subject: nodeSubject(machine.name),
    cause:
      "rules of K3s' old policy controller (kube-router) are left; they know only the pods of their last day and deny whoever came later",
    clues: [
      found.some(({ kind }) => kind === "chain")
        ? proof(`${machine.name}: ${showLeftovers(found)}`)
        : fact(`${machine.name}: ${showLeftovers(found)}`),
      hint("disable-network-policy is in force, so nobody updates them"),
    ],
    repeat: [evidence.inspect(machine.name)],
    mend: `${machine.name}: ${CLEAN}`,
    clears: ["The NetworkPolicies of today are not involved: these rules are older, and Calico does not read them."],
  }));
}

function deadHostPorts(evidence: Evidence): Cause[] {
  const { allPods } = evidence;
  if (allPods === undefined) return [];
  const alive = new Set(allPods.filter(({ finished }) => !finished).flatMap(({ ip }) => ip ?? []));
  return (evidence.machines ?? []).flatMap(({ name, hostPorts = [] }): Cause[] => {
    const dead = hostPorts.filter(({ destination }) => !alive.has(destination.replace(/:\d+$/, "")));
    if (dead.length === 0) return [];
    const networks = [...new Set(dead.map(({ network }) => network))];
    return [
      {
        subject: nodeSubject(name),
        cause:
          "a host port leads to the address of a pod that is gone: its old entry stands first and catches every call",
        clues: [
          strong(
            `${name}: ${dead
              .map(
                ({ network, destination, sandbox }) =>
                  `${destination} (network ${network}, sandbox ${sandbox.slice(0, 12)})`,
              )
              .slice(0, 3)
              .join(", ")}`,
          ),
          strong(
            `no pod of the cluster has ${[...new Set(dead.map(({ destination }) => destination.replace(/:\d+$/, "")))].slice(0, 3).join(", ")}`,
          ),
          ...(hostPorts.length > dead.length
            ? [hint(`${hostPorts.length - dead.length} other entries lead to pods that live`)]
            : []),
        ],
        repeat: [evidence.inspect(name)],
        mend: `${name}: printf 'network ${networks.join("\\nnetwork ")}\\nend\\n' | /usr/local/lib/seldon-k3s/run host-ports, as root`,
        clears: ["The pod behind the host port and its Service are not involved: packets never reach them."],
      },
    ];
  });
}

export const LEFTOVER_RULES: readonly Rule[] = [
  {
    id: "flannel-leftovers",
    reach: "network",
    title: "rules of Flannel are left on a machine that runs Calico",
    notWhen: "Flannel runs there, or is declared as the CNI that is being left: then the stack takes its traces away",
    judge: flannel,
  },
  {
    id: "kube-router-leftovers",
    reach: "network",
    title: "rules of K3s' old policy controller are left",
    notWhen: "the controller runs (disable-network-policy is not in force), or Flannel is declared",
    judge: kubeRouter,
  },
  {
    id: "dead-host-ports",
    reach: "network",
    title: "a host port leads to a pod that is gone",
    notWhen: "a living pod has the address",
    judge: deadHostPorts,
  },
];

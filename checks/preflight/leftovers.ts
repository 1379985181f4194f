/** What an earlier CNI left on the machines, where it is not the one that runs or is being left. */
import { declaredCnis, declaredHosts } from "../../config/derive";
import type { Cni } from "../../config/schema";
import type { Pod } from "../cluster/objects";
import type { Check } from "../check";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { HOST_FACTS } from "../hosts/machine-checks";
import { runningCni } from "../hosts/judge-cni";
import { cniTraces, showLeftovers } from "../hosts/leftovers";
import { LOOK_MS } from "../hosts/reader";
import { fail, type Outcome, pass } from "../verdict";
import { isCalicoNode } from "./change";

export function leftoversCheck(context: CheckContext): Check {
  return {
    id: "leftovers",
    title: "No machine holds what an earlier Calico left",
    proves: "no frozen rule or route of a CNI that nobody runs decides about packets",
    needs: [HOST_FACTS, CLUSTER_IDENTITY],
    timeoutMs: LOOK_MS + 5_000,
    expectations: () =>
      declaredHosts(context.machines).map(({ host }) => ({
        target: host.name,
        expected: "traces only of CNIs that run there",
        repeat: context.hosts.repeat(host.name),
        probe: (signal) => probe(host.name, context, signal),
      })),
  };
}

async function probe(name: string, context: CheckContext, signal: AbortSignal): Promise<Outcome> {
  const { facts } = await context.hosts.look(name);
  const pods = await context.snapshot.list<Pod>(PATHS.allPods, signal);
  const felix = pods.some((pod) => isCalicoNode(pod) && pod.spec?.nodeName === name);
  const running = runningCni(facts);
  const alive = new Set<Cni>([...(running === undefined ? [] : [running]), ...(felix ? ["calico" as const] : [])]);
  // While a change is under way, and until the run after it, Flannel's traces are still to be cleaned by the stack.
  const expected = declaredCnis(context.machines);
  const dead = (["flannel", "calico"] as const).filter(
    (cni) => !alive.has(cni) && !(cni === "flannel" && expected.has("flannel")),
  );
  const found = dead.flatMap((cni) => cniTraces(cni, facts).map((leftover) => ({ cni, leftover })));
  if (found.length === 0) return pass("none");
  const of = [...new Set(found.map(({ cni }) => cni))].join(" and ");
  return fail(`of ${of}, which does not run there: ${showLeftovers(found.map(({ leftover }) => leftover))}`, {
    fix: `reboot ${name}, or clean it by hosts/clean (see hosts/README.md); a reboot leaves files and keeps nothing else`,
  });
}

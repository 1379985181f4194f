import type { HostFacts } from "../../../checks/hosts/facts";
import { planOf, planText } from "../../../checks/preflight/plan";
import { AGENT, agentFacts, HOST_KEY, machinesOf, SERVER, serverFacts } from "../support/machines";

const CALICO = { "containerd-conf-dir": "default", "containerd-bin-dir": "default" };
const FACTS = new Map<string, HostFacts>([
  ["s1", serverFacts()],
  ["a1", agentFacts()],
]);

describe("planOf", () => {
  it("is nothing on a settled stack", () => {
    expect(planOf(machinesOf({ cni: { provider: "flannel" } }), FACTS)).toBeUndefined();
  });

  it("lists what restarts, in order", () => {
    const plan = planOf(machinesOf(), FACTS)!;
    expect(plan.steps.map(({ kind, hosts, restarts }) => [kind, hosts.join(), restarts])).toEqual([
      ["guard", "s1,a1", undefined],
      ["backend", "s1", "server"],
      ["pods", "s1", undefined],
      ["backend", "a1", "agent"],
      ["pods", "a1", undefined],
      ["policy", "s1", "server"],
      ["clean", "s1", undefined],
      ["policy", "a1", "agent"],
      ["clean", "a1", undefined],
    ]);
    expect(plan.steps.every(({ done }) => done.length === 0)).toBe(true);
  });

  it("turns the order round on the way back", () => {
    const plan = planOf(machinesOf({ cni: { provider: "flannel", leaving: "calico" } }), FACTS)!;
    expect(plan.steps.map(({ kind }) => kind)).toEqual([
      "guard",
      "policy",
      "policy",
      "backend",
      "backend",
      "pods",
      "pods",
    ]);
    expect(plan.steps[1]?.does).toBe("K3s restarts with its policy controller; containers keep running");
  });

  it("names agents of a batch together", () => {
    const agents = [AGENT, { name: "a2", address: "192.0.2.22", hostKey: HOST_KEY }];
    const plan = planOf(machinesOf({ hosts: { servers: [SERVER], agents, backup: { to: "a1" } } }), FACTS)!;
    expect(plan.steps.filter(({ kind }) => kind === "backend").map(({ hosts }) => hosts)).toEqual([
      ["s1"],
      ["a1", "a2"],
    ]);
  });

  it("says what an interrupted run has done already", () => {
    const half = new Map([
      ["s1", serverFacts({ ...CALICO, guard: "present", "guard-unit": "enabled" })],
      ["a1", agentFacts({ guard: "present" })],
    ]);
    const plan = planOf(machinesOf(), half, { pods: { s1: 0, a1: 3 }, single: ["Deployment default/web"] })!;
    const text = planText(plan);
    expect(text).toContain(
      "1. guard    s1, a1: the guard rule keeps pods' source addresses; nothing restarts [done already]",
    );
    expect(text).toContain("2. backend  s1: K3s restarts with calico; containers keep running [done already]");
    expect(text).toMatch(/3\. pods {5}s1: .* \[done already\]/);
    expect(text).toMatch(/5\. pods {5}a1: [^[]*\n/);
    expect(text).toContain("3 pods are recreated one by one");
    expect(text).toContain("With one replica, so away while their pod is recreated: Deployment default/web.");
    expect(text).toContain("The API server is away 2 times");
  });

  it("says what is done of the policy round, and of the cleaning", () => {
    const bare = { ...CALICO, chain: ["filter cali-FORWARD"], link: ["eth0", "cali1"], "cni-file": [] };
    const flags = { "exec-start": ["/usr/local/bin/k3s", "server", "--disable-network-policy"] };
    const done = new Map([
      ["s1", serverFacts({ ...bare, ...flags })],
      ["a1", agentFacts(bare)],
    ]);
    const steps = planOf(machinesOf(), done)!.steps.filter(({ kind }) => kind === "policy" || kind === "clean");
    expect(steps.map((step) => step.done.length)).toEqual([1, 1, 1, 1]);
  });

  it("says when it stops early, and what a window means", () => {
    const cni = { provider: "calico", leaving: "flannel" };
    expect(planText(planOf(machinesOf({ cni: { ...cni, upTo: 1 } }), FACTS)!)).toContain(
      "It stops after 1 nodes (cni.upTo)",
    );
    const window = planText(planOf(machinesOf({ cni: { ...cni, mode: "window" } }), FACTS)!);
    expect(window).toContain("in a maintenance window");
    expect(window).toContain("All pods are recreated at once: nothing answers for that time.");
  });

  it("plans without a machine that could not be read", () => {
    expect(planOf(machinesOf(), new Map())!.steps).toHaveLength(9);
  });
});

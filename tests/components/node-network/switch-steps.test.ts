import { HOST_KEY } from "../../support/host-key";
import fc from "fast-check";
import { switchSteps, type SwitchStep } from "../../../components/node-network/switch-steps";
import { networkStack } from "../../support/network-stack";

const hostsOf = (servers: number, agents: number) => ({
  servers: Array.from({ length: servers }, (_, index) => ({
    name: `s${index}`,
    address: `192.0.2.${index + 1}`,
    hostKey: HOST_KEY,
  })),
  agents: Array.from({ length: agents }, (_, index) => ({
    name: `a${index}`,
    address: `192.0.2.${index + 100}`,
    hostKey: HOST_KEY,
  })),
});

/** The default of `hosts.batch`. */
const AGENT_BATCH = 5;

const stepsOf = (servers: number, agents: number, cni: Record<string, unknown>) =>
  switchSteps(networkStack({ hosts: hostsOf(servers, agents), cni }));

/** Everything that must have succeeded before a step, at any distance. */
function closure(steps: readonly SwitchStep[]): Map<string, ReadonlySet<string>> {
  const before = new Map<string, ReadonlySet<string>>();
  for (const { id, after } of steps) {
    before.set(id, new Set(after.flatMap((earlier) => [earlier, ...(before.get(earlier) ?? [])])));
  }
  return before;
}

const toCalico = { provider: "calico", leaving: "flannel" };
const toFlannel = { provider: "flannel", leaving: "calico" };

describe("switchSteps", () => {
  it("is empty when no CNI is being left", () => {
    expect(stepsOf(3, 2, { provider: "calico" })).toEqual([]);
    expect(stepsOf(3, 2, { provider: "flannel" })).toEqual([]);
  });

  it("goes guards, then servers one by one, then agents, then policy controller and leftovers", () => {
    expect(stepsOf(2, 1, toCalico).map(({ id, after }) => `${id} < ${after.join(" ")}`)).toEqual([
      "guard/s0 < ",
      "guard/s1 < ",
      "guard/a0 < ",
      "backend/s0 < guard/s0 guard/s1 guard/a0",
      "pods/s0 < backend/s0",
      "backend/s1 < pods/s0",
      "pods/s1 < backend/s1",
      "backend/a0 < pods/s1",
      "pods/a0 < backend/a0",
      "policy/s0 < pods/a0",
      "clean/s0 < policy/s0",
      "policy/s1 < clean/s0",
      "clean/s1 < policy/s1",
      "policy/a0 < clean/s1",
      "clean/a0 < policy/a0",
    ]);
  });

  it("brings the policy controller, then Flannel on all nodes, before the first pod moves back", () => {
    expect(stepsOf(1, 1, toFlannel).map(({ id }) => id)).toEqual([
      "guard/s0",
      "guard/a0",
      "policy/s0",
      "policy/a0",
      "backend/s0",
      "backend/a0",
      "pods/s0",
      "pods/a0",
    ]);
    // Where the change stops after some nodes, all of them run Flannel all the same.
    expect(
      stepsOf(1, 2, { ...toFlannel, upTo: 1 })
        .map(({ id }) => id)
        .filter((id) => /^(backend|pods)/.test(id)),
    ).toEqual(["backend/s0", "backend/a0", "backend/a1", "pods/s0"]);
  });

  it("stops after cni.upTo nodes and leaves the policy controller running", () => {
    expect(
      stepsOf(2, 3, { ...toCalico, upTo: 3 })
        .map(({ id }) => id)
        .filter((id) => !id.startsWith("guard/")),
    ).toEqual(["backend/s0", "pods/s0", "backend/s1", "pods/s1", "backend/a0", "pods/a0"]);
    expect(stepsOf(1, 1, { ...toCalico, upTo: 0 }).map(({ kind }) => kind)).toEqual(["guard", "guard"]);
  });

  it("takes all nodes at once in a window, but never two servers' restarts", () => {
    const window = (cni: Record<string, unknown>) =>
      stepsOf(2, 2, { ...cni, mode: "window" })
        .map(({ id, after }) => `${id} < ${after.join(" ")}`)
        .filter((line) => !line.startsWith("guard/"));
    expect(window(toCalico)).toEqual([
      "backend/s0 < guard/s0 guard/s1 guard/a0 guard/a1",
      "policy/s0 < backend/s0",
      "backend/s1 < policy/s0",
      "policy/s1 < backend/s1",
      "backend/a0 < policy/s1",
      "policy/a0 < backend/a0",
      "backend/a1 < policy/s1",
      "policy/a1 < backend/a1",
      "pods/s0 < policy/a0 policy/a1",
      "pods/s1 < policy/a0 policy/a1",
      "pods/a0 < policy/a0 policy/a1",
      "pods/a1 < policy/a0 policy/a1",
      "clean/s0 < pods/s0 pods/s1 pods/a0 pods/a1",
      "clean/s1 < pods/s0 pods/s1 pods/a0 pods/a1",
      "clean/a0 < pods/s0 pods/s1 pods/a0 pods/a1",
      "clean/a1 < pods/s0 pods/s1 pods/a0 pods/a1",
    ]);
    expect(window(toFlannel).filter((line) => line.startsWith("policy/"))).toHaveLength(4);
    expect(window(toFlannel).at(-1)).toBe("pods/a1 < backend/a0 backend/a1");
  });

  /** The space is small: 3 counts of servers, 13 of agents, 2 directions. */
  const RUNS = { numRuns: 40 };
  const arbitrary = fc.record({
    servers: fc.constantFrom(1, 3, 5),
    agents: fc.integer({ min: 0, max: 2 * AGENT_BATCH + 2 }),
    cni: fc.constantFrom(toCalico, toFlannel),
  });

  it("lists every step once, after all that it waits for", () => {
    fc.assert(
      fc.property(arbitrary, ({ servers, agents, cni }) => {
        const seen = new Set<string>();
        const wrong = stepsOf(servers, agents, cni).filter(({ id, after }) => {
          const ready = !seen.has(id) && after.every((earlier) => seen.has(earlier));
          seen.add(id);
          return !ready;
        });
        expect(wrong).toEqual([]);
        // The way to Calico ends with Flannel's leftovers; Calico's go when Calico has gone.
        expect(seen.size).toBe((cni === toCalico ? 5 : 4) * (servers + agents));
      }),
      RUNS,
    );
  });

  it("puts every policy step after every backend and every pods step, on the way to Calico", () => {
    fc.assert(
      fc.property(arbitrary, ({ servers, agents }) => {
        const steps = stepsOf(servers, agents, toCalico);
        const before = closure(steps);
        const moves = steps.filter(({ kind }) => kind === "backend" || kind === "pods").map(({ id }) => id);
        for (const { id } of steps.filter(({ kind }) => kind === "policy")) {
          expect(moves.filter((move) => !before.get(id)?.has(move))).toEqual([]);
        }
      }),
      RUNS,
    );
  });

  it("never restarts two servers, or more than a batch of agents, at the same time", () => {
    fc.assert(
      fc.property(arbitrary, ({ servers, agents, cni }) => {
        const steps = stepsOf(servers, agents, cni);
        const before = closure(steps);
        const unordered = (a: SwitchStep, b: SwitchStep) =>
          !before.get(b.id)?.has(a.id) && !before.get(a.id)?.has(b.id);
        const restarts = steps.filter(({ kind }) => kind === "backend" || kind === "policy");
        const tooMany = restarts.filter((step) => {
          // The step itself is unordered with itself.
          const atOnce = restarts.filter((other) => unordered(step, other)).length;
          return atOnce > (step.host.startsWith("s") ? 1 : AGENT_BATCH);
        });
        expect(tooMany).toEqual([]);
        const guards = steps.filter(({ kind }) => kind === "guard").map(({ id }) => id);
        expect(restarts.filter(({ id }) => guards.some((guard) => !before.get(id)?.has(guard)))).toEqual([]);
      }),
      RUNS,
    );
  });

  it("has a number of waits that grows with the nodes, not with their square", () => {
    const waits = (agents: number) => stepsOf(3, agents, toCalico).reduce((sum, { after }) => sum + after.length, 0);
    // Each step waits for at most a batch, but for the first one, which waits for every guard.
    expect(waits(100)).toBeLessThanOrEqual(2 * 100 * AGENT_BATCH + 2 * 100 + 3 * 103);
  });
});

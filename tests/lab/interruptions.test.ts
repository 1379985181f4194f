/**
 * The way to Calico, interrupted at every step in every way, each time followed by a run that goes on. One lab a way: the
 * steps come one after the other, as they do in one change. A host that was rebooted has no pod on the old CNI any more, so its
 * `pods` is struck during the proof.
 *
 * Left out, by name: `guard` (over in milliseconds, so that nothing can be aimed at it), and a cut of SSH during `pods`, which
 * goes through the API and uses SSH only for a moment.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Lab } from "./lab";
import { Flow } from "./flow/flow";
import { hostState } from "./flow/host-state";
import { whyNoLab } from "./tools";

/** A step, recognised by a line of its output that comes while it is at work, and the host that it works on. */
interface Step {
  readonly name: string;
  readonly host: string;
  readonly line: RegExp;
}

const STEPS: readonly Step[] = [
  { name: "backup", host: "s1", line: /node-network-backup .*copying the datastore of/ },
  { name: "backend of the server", host: "s1", line: /node-network-backend-s1 .*restarting k3s/ },
  { name: "pods of the server", host: "s1", line: /node-network-pods-s1 .*(evicting|deleting|proof)/ },
  { name: "backend of the agent", host: "a1", line: /node-network-backend-a1 .*restarting k3s/ },
  { name: "pods of the agent", host: "a1", line: /node-network-pods-a1 .*(evicting|deleting|proof)/ },
  { name: "policy of the server", host: "s1", line: /node-network-policy-s1 .*restarting k3s/ },
  { name: "clean of the server", host: "s1", line: /node-network-clean-s1 .*removing/ },
];

interface Way {
  readonly name: string;
  /** Steps that it is tried at. @default all */
  readonly at?: (step: Step) => boolean;
  readonly strike: (lab: Lab, step: Step, kill: () => void) => Promise<unknown>;
  /** What makes the next run possible. @default nothing */
  readonly mend?: (lab: Lab) => Promise<unknown>;
}

const WAYS: readonly Way[] = [
  {
    name: "the SSH connection is cut",
    at: ({ name }) => !name.startsWith("pods"),
    strike: (lab, { host }) => lab.host(host).exec("pkill -KILL -f 'sshd: root'"),
  },
  {
    name: "the host loses its power",
    // It comes back while the run looks for it, or after the run has given up.
    strike: async (lab, { host }) => {
      await lab.host(host).powerCut();
      await sleep(AWAY);
      await lab.host(host).boot();
    },
    mend: (lab) => lab.waitForNodes(false),
  },
  {
    name: "the runner is killed",
    strike: (_, __, kill) => Promise.resolve(kill()),
    // The program on the host goes on; the next run wants an API server that answers.
    mend: (lab) => lab.waitForNodes(false),
  },
  {
    name: "the API server is killed",
    strike: (lab) => lab.host("s1").exec("pkill -KILL kube-apiserver"),
    mend: (lab) => lab.waitForNodes(false),
  },
];

/** How long a host is without power, in milliseconds. */
const AWAY = 10_000;

const full = process.env["LAB_FULL"] === "1";
const why = whyNoLab();
// Minutes a way: only in the full run.
const suite = why === undefined && full ? describe : describe.skip;
const MINUTES = 60_000;

suite.each(WAYS)("$name", (way) => {
  let lab: Lab;
  let flow: Flow;

  beforeAll(async () => {
    lab = await Lab.start({ topology: "1s1a" });
    flow = new Flow(lab);
    expect((await flow.up()).code).toBe(0);
    flow.change({ cni: { provider: "calico", leaving: "flannel" } });
  }, 10 * MINUTES);

  afterAll(async () => {
    await lab?.stop();
  }, MINUTES);

  // They build on each other, so they come in this order.
  const steps = STEPS.filter((step) => way.at?.(step) ?? true);

  // A run may outlive what strikes it, and then meets the next step's: each step is struck once.
  const struck = new Map<Step, Promise<unknown>>();

  it.each(steps)(
    "during $name",
    async (step) => {
      if (struck.has(step)) return;
      const running = await flow.start();
      flow.onLine = (line) => {
        const reached = steps.find((one) => !struck.has(one) && one.line.test(line));
        if (reached) struck.set(reached, way.strike(lab, reached, running.kill));
      };
      const { log } = await running.ended;
      flow.onLine = () => undefined;
      // The step must have been reached, or nothing was interrupted.
      expect(struck.has(step) ? "" : log.split("\n").slice(-30).join("\n")).toBe("");
      await Promise.all(struck.values());
      await way.mend?.(lab);
    },
    10 * MINUTES,
  );

  it(
    "and the next run ends the change",
    async () => {
      const { code, log } = await flow.up();
      expect(code === 0 ? "" : log.split("\n").slice(-40).join("\n")).toBe("");
      for (const host of lab.hosts) {
        const state = await hostState(host);
        expect(state["links"]).toContain("vxlan.calico");
        expect(state["links"]).not.toContain("flannel.1");
        expect(JSON.stringify(state["iptables"])).not.toContain("FLANNEL");
      }
      expect(await flow.left()).toBe("");
    },
    10 * MINUTES,
  );
});

/**
 * Calico from the first day, on empty machines, and what preflight and drift say before, during and after a change of the
 * CNI. K3s and Calico are stand-ins. Part of the full run (`npm run test:lab -- --full`); `LAB_WRITE=1` writes the machines'
 * part of docs/benchmarks/drift.md.
 */
import { randomBytes } from "node:crypto";
import { MACHINE_CLASSES } from "../../checks/drift/drift";
import { type DriftRow, writePart } from "../support/drift-page";
import type { Flow } from "./flow/flow";
import { HOST_DRIFT } from "./flow/host-drift";
import { hostState } from "./flow/host-state";
import { labReport } from "./flow/report";
import { explained, restarts } from "./flow/told";
import { pinned, tokenFlow } from "./flow/token-flow";
import { Lab } from "./lab";
import { whyNoLab } from "./tools";

const why = whyNoLab() ?? (process.env["LAB_FULL"] === "1" ? undefined : "only in the full run");
const suite = why === undefined ? describe : describe.skip;
const note = why === undefined ? "" : ` (skipped: ${why})`;
const MINUTES = 60_000;

/** Calico's images are in no registry that the lab reaches; its stand-in runs from another one. */
const IMAGES = /^images \w+: not there, and no answer from quay\.io/;

const RUNS = 10;

suite(`empty machines that begin with Calico${note}`, () => {
  let lab: Lab;
  let flow: Flow;
  const rows: DriftRow[] = [];
  const clean: number[] = [];
  let converged = 0;

  beforeAll(async () => {
    lab = await Lab.start({ topology: "1s1a", install: false });
  }, 10 * MINUTES);

  afterAll(async () => {
    await lab?.stop();
    if (process.env["LAB_WRITE"] === "1" && clean.length === RUNS && rows.length === HOST_DRIFT.length)
      writePart("hosts", { clean, rows });
  }, MINUTES);

  it(
    "have it after one run, with nothing of Flannel; the second run does nothing",
    async () => {
      flow = tokenFlow(lab, randomBytes(16).toString("hex"), { k3s: pinned(lab), cni: { provider: "calico" } });
      const installed = await flow.up();
      expect(explained(installed)).toBe("");
      expect(restarts(installed)).toEqual([]);
      await lab.fetchKubeconfig();
      await lab.waitForNodes();
      for (const host of lab.hosts) {
        const state = await hostState(host);
        expect(state["links"]).toContain("vxlan.calico");
        expect(
          Object.values(state)
            .flat()
            .filter((line) => /flannel|cni0|cbr0|KUBE-ROUTER|KUBE-POD-FW|pod-source-guard/i.test(line)),
        ).toEqual([]);
      }
      expect(await flow.left()).toBe("");
    },
    15 * MINUTES,
  );

  it(
    `have no drift in ${RUNS} runs, one after the other`,
    async () => {
      for (let run = 0; run < RUNS; run += 1) {
        const report = await labReport(lab, flow, "drift");
        expect(report).toMatchObject({ code: 0, bad: [], onMachines: [] });
        expect(report.passed).toBeGreaterThan(2 * MACHINE_CLASSES.size);
        clean.push(report.seconds);
      }
    },
    10 * MINUTES,
  );

  it.each(HOST_DRIFT)(
    "have it found, named and classified: $kind, $injected",
    async ({ kind, injected, host, check, class: expected, found, inject, mend }) => {
      const machine = lab.host(host);
      await machine.must(inject);
      const report = await labReport(lab, flow, "drift");
      const own = report.onMachines.find((one) => one.check === check);
      expect(own).toEqual({ check, target: host, class: expected, found: expect.stringMatching(found) as string });
      // What follows from it may be found too, and nothing of another machine.
      expect(report.bad.filter((line) => !line.includes(` ${host}: `))).toEqual([]);
      expect(report.code).toBe(7);
      if (mend === undefined) {
        converged += 1;
        expect(explained(await flow.up({ hosts: { converge: converged } }))).toBe("");
      } else await machine.must(mend);
      expect(await labReport(lab, flow, "drift")).toMatchObject({ code: 0, bad: [], onMachines: [] });
      const mended = mend === undefined ? "a run of the stack with `hosts.converge`" : `\`${mend}\``;
      rows.push({ kind, injected, check, found: own!.found, class: expected, seconds: report.seconds, mended });
    },
    5 * MINUTES,
  );
});

suite(`what preflight and drift say of a change of the CNI${note}`, () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.start({ topology: "1s1a", unitFlags: ["--flannel-backend=vxlan"] });
    await lab.kubectl([
      "wait",
      "--for=condition=Available",
      "deployment/coredns",
      "-n",
      "kube-system",
      "--timeout=120s",
    ]);
  }, 10 * MINUTES);

  afterAll(async () => {
    await lab?.stop();
  }, MINUTES);

  it(
    "before it, half-way and after it",
    async () => {
      const token = (await lab.host("s1").must("cat /var/lib/rancher/k3s/server/token")).trim();
      const flow = tokenFlow(lab, token, { k3s: pinned(lab) });
      expect(explained(await flow.up())).toBe("");
      expect(await labReport(lab, flow, "drift")).toMatchObject({ code: 0, bad: [] });

      flow.change({ cni: { provider: "calico", leaving: "flannel" } });
      const refused = await labReport(lab, flow, "preflight");
      expect(refused.code).toBe(1);
      expect(refused.bad.filter((line) => !IMAGES.test(line))).toEqual([
        expect.stringContaining("--flannel-backend=vxlan") as string,
      ]);
      flow.change({ hosts: { moveUnitFlags: true } });
      const before = await labReport(lab, flow, "preflight");
      expect(before.bad.filter((line) => !IMAGES.test(line))).toEqual([]);
      // Nothing was changed yet, and what is to be changed is drift.
      expect(await labReport(lab, flow, "drift")).toMatchObject({
        code: 7,
        bad: [
          "guard a1: rule absent, unit absent",
          "guard s1: rule absent, unit absent",
          expect.stringMatching(/^settings-in-force s1: flannel-backend is vxlan .*declared is none/) as string,
        ],
      });

      expect(explained(await flow.up({ cni: { upTo: 1 } }))).toBe("");
      // s1 runs Calico and a1 Flannel, as declared.
      const folder = "/var/lib/rancher/k3s/agent/etc/cni/net.d";
      const look = "/usr/local/lib/seldon-k3s/inspect | grep ^containerd-conf-dir";
      expect(await lab.host("s1").must(look)).not.toContain(folder);
      expect(await lab.host("a1").must(look)).toContain(folder);
      expect(await labReport(lab, flow, "drift")).toMatchObject({ code: 0, bad: [] });
      expect((await labReport(lab, flow, "preflight")).bad.filter((line) => !IMAGES.test(line))).toEqual([]);

      expect(explained(await flow.up({ cni: { upTo: undefined } }))).toBe("");
      expect(explained(await flow.up({ cni: { leaving: undefined } }))).toBe("");
      expect(await labReport(lab, flow, "drift")).toMatchObject({ code: 0, bad: [] });

      await lab.host("a1").must("ip link add flannel.1 type vxlan id 1 dstport 8472 dev eth0");
      expect(await labReport(lab, flow, "drift")).toMatchObject({
        code: 7,
        bad: [expect.stringMatching(/^leftovers a1: .*1 link \(flannel\.1\)/) as string],
      });
    },
    20 * MINUTES,
  );
});

import { driftChecks, MACHINE_CLASSES } from "../../../checks/drift/drift";
import { Ledger } from "../../../checks/drift/objects/ledger";
import { driftSummary } from "../../../checks/drift/objects/summary";
import { runChecks } from "../../../checks/engine";
import { agentFacts, serverFacts } from "../support/machines";
import { SwitchCluster } from "../support/switch-cluster";

const FLANNEL = { cni: { provider: "flannel" } };

describe("what is found on machines", () => {
  let cluster: SwitchCluster;
  beforeEach(async () => {
    cluster = await SwitchCluster.start();
  });
  afterEach(() => cluster.api.close());

  const summary = async () => {
    const run = await runChecks(driftChecks(cluster.context(FLANNEL)));
    return driftSummary(new Ledger("test", []), run, MACHINE_CLASSES);
  };

  it("has a class, whatever check finds it", () => {
    const found = driftChecks(cluster.context(FLANNEL)).map(({ id }) => id);
    // What cannot be read is no drift.
    expect([...MACHINE_CLASSES.keys()].sort()).toEqual(found.filter((id) => id !== "host-facts").sort());
  });

  it("is counted by class, and named one by one in the JSON report", async () => {
    cluster.facts.set("s1", serverFacts({}));
    cluster.facts.set("a1", agentFacts({ "k3s-version": "v1.32.5+k3s1", sysctl: ["net.ipv4.ip_forward 0"] }));
    const { text, json } = await summary();
    expect(text).toMatch(/^On the machines: 3 version, 1 configuration\.\nIn the cluster/);
    expect(json).toMatchObject({
      machines: {
        classes: { version: 3, configuration: 1 },
        differences: expect.arrayContaining([
          { check: "k3s-version", target: "a1", class: "version", found: "v1.32.5+k3s1; declared is v1.33.1+k3s1" },
          expect.objectContaining({ check: "sysctls", target: "a1", class: "configuration" }),
        ]) as unknown,
      },
    });
  });

  it("is told as far as it goes where a machine could not be read", async () => {
    cluster.facts.delete("a1");
    const { text, json } = await summary();
    expect(text).toMatch(/^On the machines, as far as it could be looked at: /);
    expect(json).toMatchObject({ machines: { complete: false } });
  });

  it("is not told of where no machine was looked at", () => {
    const nothing = { results: [], totals: {}, exitCode: 0 } as unknown as Parameters<typeof driftSummary>[1];
    expect(driftSummary(new Ledger("test", []), nothing, MACHINE_CLASSES).text).toMatch(/^In the cluster/);
  });
});

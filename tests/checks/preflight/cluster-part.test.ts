import { preflightChecks } from "../../../checks/preflight/preflight";
import { agentFacts, machinesOf } from "../support/machines";
import { look, one } from "../support/preflight";
import { nodeOf, SwitchCluster } from "../support/switch-cluster";

const BACK = { cni: { provider: "flannel", leaving: "calico" } };
/** A machine whose containerd uses Calico's folders. */
const ON_CALICO = {
  "containerd-conf-dir": "default",
  "containerd-bin-dir": "default",
  link: ["eth0", "vxlan.calico", "cali123"],
  chain: ["filter cali-FORWARD"],
};

describe("preflight, the cluster part", () => {
  let cluster: SwitchCluster;
  beforeEach(async () => (cluster = await SwitchCluster.start()));
  afterEach(() => cluster.api.close());

  const CLUSTER_CHECKS = [
    "nodes",
    "pod-ranges",
    "etcd-voters",
    "bare-pods",
    "disruption-budgets",
    "single-replicas",
    "host-ports",
    "one-node-services",
    "network-policies",
    "calico-kinds",
    "address-pools",
    "calico-api",
    "leftovers",
  ];

  it.each(CLUSTER_CHECKS)("%s passes on a healthy cluster", async (id) => {
    const { run } = await look(cluster, id);
    expect(run.totals).toMatchObject({ FAIL: 0, ERROR: 0, SKIPPED: 0 });
    expect(run.exitCode).toBe(0);
  });

  it.each(["bare-pods", "disruption-budgets", "single-replicas", "host-ports", "calico-kinds", "address-pools"])(
    "%s says that nothing is disrupted where no change is declared",
    async (id) => {
      const finding = await one(cluster, id, { cni: { provider: "flannel" } });
      expect(finding).toMatchObject({
        verdict: "SKIPPED",
        actual: "the stack declares no change of CNI (cni.leaving), so nothing is disrupted",
      });
    },
  );

  describe("nodes", () => {
    it("refuses a node that nobody declares, and a declared one that is missing", async () => {
      cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("forgotten", "10.42.2.0/24"));
      const { findings } = await look(cluster, "nodes");
      expect(findings["forgotten"]).toMatchObject({ verdict: "FAIL" });
      expect(findings["forgotten"]?.actual).toMatch(/no declared machine: it would stay on the old CNI/);
      expect(findings["a1"]).toMatchObject({ verdict: "FAIL", actual: "there is no such node" });
    });

    const down = [{ type: "Ready", status: "False", message: "container runtime is down" }];

    it("refuses a node that is not Ready", async () => {
      cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", "10.42.1.0/24", down));
      expect((await look(cluster, "nodes")).findings["a1"]).toMatchObject({
        verdict: "FAIL",
        actual: "not Ready: container runtime is down",
      });
    });

    it("lets the step go on at which the last run was interrupted", async () => {
      cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", "10.42.1.0/24", down));
      cluster.facts.set("a1", agentFacts({ "k3s-active": "no" }));
      expect((await look(cluster, "nodes")).findings["a1"]).toMatchObject({ verdict: "PASS" });
      cluster.facts.set("a1", agentFacts(ON_CALICO));
      expect((await look(cluster, "nodes")).findings["a1"]?.actual).toMatch(/its step was interrupted and goes on$/);
    });
  });

  it.each([
    ["10.42.128.0/24", /10\.42\.128\.0\/24 lies in Calico's pool 10\.42\.128\.0\/17/, true],
    ["10.52.0.0/24", /outside of network\.clusterCidr 10\.42\.0\.0\/16/, true],
    [undefined, /^it has no podCIDR$/, undefined],
  ])("pod-ranges refuses %s", async (range, actual, final) => {
    cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", range));
    const { findings } = await look(cluster, "pod-ranges");
    expect(findings["a1"]?.verdict).toBe("FAIL");
    expect(findings["a1"]?.actual).toMatch(actual);
    expect(findings["a1"]?.final).toBe(final);
  });

  it("waits for a server that does not vote in etcd", async () => {
    const voter = (status: string) => [{ type: "EtcdIsVoter", status, message: "learner" }];
    const sections = { k3s: { version: "v1.33.1+k3s1", datastore: "etcd", secretsEncryption: false } };
    cluster.nodes(nodeOf("s1", "10.42.0.0/24", voter("False")));
    expect((await look(cluster, "etcd-voters", sections)).findings["s1"]).toMatchObject({
      verdict: "FAIL",
      actual: "EtcdIsVoter=False (learner)",
    });
    cluster.nodes(nodeOf("s1", "10.42.0.0/24", voter("True")));
    expect((await look(cluster, "etcd-voters", sections)).findings["s1"]).toMatchObject({
      verdict: "PASS",
      actual: "votes",
    });
  });

  it("asks nobody on loopback before Seldon is there", async () => {
    cluster.api.list("/api/v1/namespaces/financial-ml/pods", []);
    const finding = await one(cluster, "loopback-server-http-ready");
    expect(finding).toMatchObject({
      verdict: "SKIPPED",
      actual: "Seldon is not deployed yet: there is no server pod to ask",
    });
  });

  it("has an id of its own for every check", () => {
    const ids = preflightChecks(cluster.context()).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(["port-udp-4789", "port-tcp-5473", "images", "clock", "kernel"]));
    expect(preflightChecks(cluster.context(BACK)).map(({ id }) => id)).toContain("port-udp-8472");
    expect(machinesOf(BACK).cni.leaving).toBe("calico");
  });
});

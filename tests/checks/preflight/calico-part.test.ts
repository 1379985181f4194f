import { agentFacts, serverFacts } from "../support/machines";
import { look, one } from "../support/preflight";
import { podOf, SwitchCluster } from "../support/switch-cluster";

const CALICO_POD = { namespace: "calico-system", labels: { "k8s-app": "calico-node" }, hostNetwork: true };
const BACK = { cni: { provider: "flannel", leaving: "calico" } };
/** A machine whose containerd uses Calico's folders. */
const ON_CALICO = {
  "containerd-conf-dir": "default",
  "containerd-bin-dir": "default",
  link: ["eth0", "vxlan.calico", "cali123"],
  chain: ["filter cali-FORWARD"],
};

describe("preflight, policies, pools and traces of Calico", () => {
  let cluster: SwitchCluster;
  beforeEach(async () => (cluster = await SwitchCluster.start()));
  afterEach(() => cluster.api.close());

  it("says whether existing NetworkPolicies are enforced today", async () => {
    cluster.list("networkpolicies", { metadata: { name: "deny", namespace: "shop" } });
    expect((await one(cluster, "network-policies")).note).toMatch(
      /^1 NetworkPolicies \(in shop\) are enforced at every moment/,
    );
    cluster.facts.set("a1", agentFacts({ chain: ["nat FLANNEL-POSTRTG"] }));
    expect((await one(cluster, "network-policies")).note).toMatch(
      /enforced by nobody on a1 today and WILL be enforced/,
    );
  });

  it("does not let policies of Calico's own kinds be lost on the way back, and leaves the operator's out", async () => {
    cluster.calico(
      "globalnetworkpolicies",
      { metadata: { name: "default.deny-all" } },
      { metadata: { name: "calico-system.default-deny" } },
    );
    cluster.calico("hostendpoints", { metadata: { name: "s1-eth0" } });
    expect(await one(cluster, "calico-kinds", BACK)).toMatchObject({
      verdict: "FAIL",
      actual: "globalnetworkpolicies deny-all, hostendpoints s1-eth0 would stop to be enforced",
    });
    expect(await one(cluster, "calico-kinds")).toMatchObject({ verdict: "PASS", actual: "2 exist" });
  });

  it("refuses an address pool that nobody declares", async () => {
    const pool = (name: string, cidr: string, more: object = {}) => ({ metadata: { name }, spec: { cidr, ...more } });
    cluster.calico(
      "ippools",
      pool("default-ipv4-ippool", "10.42.128.0/17"),
      pool("flannel", "10.42.0.0/17", { disabled: true }),
    );
    expect(await one(cluster, "address-pools")).toMatchObject({ verdict: "PASS" });
    cluster.calico("ippools", pool("old", "10.42.0.0/16"));
    expect(await one(cluster, "address-pools")).toMatchObject({
      verdict: "FAIL",
      actual: "old (10.42.0.0/16) overlaps Flannel's range: left by an earlier Calico",
    });
  });

  it("refuses a dead aggregated API", async () => {
    const path = "/apis/apiregistration.k8s.io/v1/apiservices/v3.projectcalico.org";
    const status = (available: string) => ({
      conditions: [{ type: "Available", status: available, reason: "ServiceNotFound" }],
    });
    cluster.api.object(path, { metadata: { name: "x" }, status: status("False") });
    expect(await one(cluster, "calico-api")).toMatchObject({
      verdict: "FAIL",
      actual: "Available=False (ServiceNotFound)",
    });
    cluster.api.object(path, { metadata: { name: "x" }, status: status("True") });
    expect(await one(cluster, "calico-api")).toMatchObject({ verdict: "PASS" });
  });

  it("wants Calico Ready on every node once it is there", async () => {
    expect(await one(cluster, "calico-on-every-node")).toMatchObject({ verdict: "SKIPPED" });
    cluster.pods(
      podOf("calico-1", { ...CALICO_POD, node: "s1" }),
      podOf("calico-2", { ...CALICO_POD, node: "a1", ready: false }),
    );
    const { findings } = await look(cluster, "calico-on-every-node");
    expect(findings["s1"]).toMatchObject({ verdict: "PASS" });
    expect(findings["a1"]).toMatchObject({ verdict: "FAIL", actual: "calico-2 is Running and not Ready" });
    cluster.pods(podOf("calico-1", { ...CALICO_POD, node: "s1" }));
    expect((await look(cluster, "calico-on-every-node")).findings["a1"]?.actual).toBe("no calico-node pod on it");
  });

  describe("leftovers", () => {
    it("finds what an earlier Calico left, and nothing of one that runs", async () => {
      cluster.facts.set(
        "a1",
        agentFacts({
          link: ["eth0", "flannel.1", "cali123", "vxlan.calico"],
          chain: ["filter cali-FORWARD"],
          ipset: "cali40all",
          route: "blackhole 10.42.128.0/26 proto 80",
        }),
      );
      const { findings } = await look(cluster, "leftovers");
      expect(findings["s1"]).toMatchObject({ verdict: "PASS" });
      expect(findings["a1"]).toMatchObject({
        verdict: "FAIL",
        actual:
          "of calico, which does not run there: 2 links (cali123, vxlan.calico), 1 chain (filter cali-FORWARD), 1 ipset (cali40all), 1 route (blackhole 10.42.128.0/26 proto 80)",
      });
      cluster.pods(podOf("calico-2", { ...CALICO_POD, node: "a1" }));
      expect((await look(cluster, "leftovers")).findings["a1"]).toMatchObject({ verdict: "PASS" });
    });

    it("expects both CNIs' traces while one is being left", async () => {
      cluster.facts.set("s1", serverFacts(ON_CALICO));
      cluster.pods(podOf("calico-1", { ...CALICO_POD, node: "s1" }));
      expect((await look(cluster, "leftovers")).run.exitCode).toBe(0);
    });
  });
});

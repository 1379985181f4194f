import { preflightChecks } from "../../../checks/preflight/preflight";
import { agentFacts, machinesOf, serverFacts } from "../support/machines";
import { nodeOf, podOf, SwitchCluster } from "../support/switch-cluster";

const CALICO_POD = { namespace: "calico-system", labels: { "k8s-app": "calico-node" }, hostNetwork: true };
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

  async function look(id: string, sections: Record<string, object> = {}) {
    return cluster.findings(preflightChecks(cluster.context(sections)), id);
  }
  const one = async (id: string, sections: Record<string, object> = {}) =>
    Object.values((await look(id, sections)).findings)[0]!;

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
    const { run } = await look(id);
    expect(run.totals).toMatchObject({ FAIL: 0, ERROR: 0, SKIPPED: 0 });
    expect(run.exitCode).toBe(0);
  });

  it.each(["bare-pods", "disruption-budgets", "single-replicas", "host-ports", "calico-kinds", "address-pools"])(
    "%s says that nothing is disrupted where no change is declared",
    async (id) => {
      const finding = await one(id, { cni: { provider: "flannel" } });
      expect(finding).toMatchObject({
        verdict: "SKIPPED",
        actual: "the stack declares no change of CNI (cni.leaving), so nothing is disrupted",
      });
    },
  );

  describe("nodes", () => {
    it("refuses a node that nobody declares, and a declared one that is missing", async () => {
      cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("forgotten", "10.42.2.0/24"));
      const { findings } = await look("nodes");
      expect(findings["forgotten"]).toMatchObject({ verdict: "FAIL" });
      expect(findings["forgotten"]?.actual).toMatch(/no declared machine: it would stay on the old CNI/);
      expect(findings["a1"]).toMatchObject({ verdict: "FAIL", actual: "there is no such node" });
    });

    const down = [{ type: "Ready", status: "False", message: "container runtime is down" }];

    it("refuses a node that is not Ready", async () => {
      cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", "10.42.1.0/24", down));
      expect((await look("nodes")).findings["a1"]).toMatchObject({
        verdict: "FAIL",
        actual: "not Ready: container runtime is down",
      });
    });

    it("lets the step go on at which the last run was interrupted", async () => {
      cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", "10.42.1.0/24", down));
      cluster.facts.set("a1", agentFacts({ "k3s-active": "no" }));
      expect((await look("nodes")).findings["a1"]).toMatchObject({ verdict: "PASS" });
      cluster.facts.set("a1", agentFacts(ON_CALICO));
      expect((await look("nodes")).findings["a1"]?.actual).toMatch(/its step was interrupted and goes on$/);
    });
  });

  it.each([
    ["10.42.128.0/24", /10\.42\.128\.0\/24 lies in Calico's pool 10\.42\.128\.0\/17/, true],
    ["10.52.0.0/24", /outside of network\.clusterCidr 10\.42\.0\.0\/16/, true],
    [undefined, /^it has no podCIDR$/, undefined],
  ])("pod-ranges refuses %s", async (range, actual, final) => {
    cluster.nodes(nodeOf("s1", "10.42.0.0/24"), nodeOf("a1", range));
    const { findings } = await look("pod-ranges");
    expect(findings["a1"]?.verdict).toBe("FAIL");
    expect(findings["a1"]?.actual).toMatch(actual);
    expect(findings["a1"]?.final).toBe(final);
  });

  it("waits for a server that does not vote in etcd", async () => {
    const voter = (status: string) => [{ type: "EtcdIsVoter", status, message: "learner" }];
    const sections = { k3s: { version: "v1.33.1+k3s1", datastore: "etcd", secretsEncryption: false } };
    cluster.nodes(nodeOf("s1", "10.42.0.0/24", voter("False")));
    expect((await look("etcd-voters", sections)).findings["s1"]).toMatchObject({
      verdict: "FAIL",
      actual: "EtcdIsVoter=False (learner)",
    });
    cluster.nodes(nodeOf("s1", "10.42.0.0/24", voter("True")));
    expect((await look("etcd-voters", sections)).findings["s1"]).toMatchObject({ verdict: "PASS", actual: "votes" });
  });

  it("lists pods that nothing makes again, and leaves alone those that do not move", async () => {
    cluster.pods(
      podOf("shell", { owner: null }),
      podOf("static", { owner: null, hostNetwork: true }),
      podOf("moved", { owner: null, address: "10.42.128.5" }),
      podOf("probe", { owner: null, namespace: "seldon-k3s-probe" }),
    );
    expect(await one("bare-pods")).toMatchObject({ verdict: "FAIL", actual: "nothing makes default/shell again" });
    const fix = (await one("bare-pods")).fix ?? "";
    expect(fix).toMatch(/kubectl --kubeconfig \S+ -n default delete pod shell$/);
  });

  it("counts pods of Calico's pool on the way back", async () => {
    cluster.pods(podOf("web-1", { address: "10.42.128.5" }), podOf("web-2", { owner: null }));
    expect(await one("bare-pods", BACK)).toMatchObject({
      verdict: "PASS",
      actual: "1 pods will be recreated, all have a controller",
    });
  });

  describe("disruption-budgets", () => {
    const budget = (
      disruptionsAllowed: number,
      healthy: number,
      selector: object = { matchLabels: { app: "web" } },
    ) => ({
      metadata: { name: "web", namespace: "default" },
      spec: { selector },
      status: { disruptionsAllowed, currentHealthy: healthy, desiredHealthy: 2 },
    });
    beforeEach(() =>
      cluster.pods(
        podOf("web-1", { labels: { app: "web" } }),
        podOf("web-2", { labels: { app: "web" }, node: "a1", address: "10.42.1.8" }),
      ),
    );

    it("names one that allows no disruption, with what would help", async () => {
      cluster.list("poddisruptionbudgets", budget(0, 2));
      const finding = await one("disruption-budgets");
      expect(finding).toMatchObject({
        verdict: "FAIL",
        target: "default/web",
        actual: "allows no disruption: 2 healthy, 2 must stay; it covers default/web-1, default/web-2",
        fix: "add a replica, or lower minAvailable for the time of the change",
      });
      expect(finding.final).toBeUndefined();
      cluster.list("poddisruptionbudgets", budget(0, 1));
      expect((await one("disruption-budgets")).fix).toMatch(/^mend its pods first/);
    });

    it("passes one that allows a disruption, and those of others", async () => {
      cluster.list("poddisruptionbudgets", budget(1, 3));
      expect(await one("disruption-budgets")).toMatchObject({ verdict: "PASS", actual: "1 allowed" });
      cluster.list(
        "poddisruptionbudgets",
        budget(0, 0, { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }),
      );
      expect(await one("disruption-budgets")).toMatchObject({
        verdict: "PASS",
        actual: "no budget covers a pod that moves",
      });
    });
  });

  it("says which workloads are away for a moment, and which get a second replica", async () => {
    const deployment = (namespace: string, name: string, replicas: number) => ({
      metadata: { namespace, name },
      spec: { replicas },
    });
    cluster.pods(
      podOf("coredns-1", { namespace: "kube-system", owner: ["ReplicaSet", "coredns-77cc"] }),
      podOf("web-1", { owner: ["ReplicaSet", "web-5d4f"] }),
      podOf("db-0", { owner: ["StatefulSet", "db"] }),
      podOf("big-1", { owner: ["ReplicaSet", "big-1a2b"] }),
    );
    cluster.list(
      "deployments",
      deployment("kube-system", "coredns", 1),
      deployment("default", "web", 1),
      deployment("default", "big", 3),
      deployment("other", "web", 1),
    );
    cluster.list("statefulsets", deployment("default", "db", 1));
    expect(await one("single-replicas")).toMatchObject({
      verdict: "PASS",
      actual: "3 with one replica",
      note: "Deployment kube-system/coredns will run two replicas on different nodes until the change is over. With one replica, so away for seconds while its pod is recreated: Deployment default/web, StatefulSet default/db.",
    });
  });

  it("says who holds host ports", async () => {
    cluster.pods(podOf("svclb-1", { namespace: "kube-system", hostPorts: [80, 443], owner: ["DaemonSet", "svclb"] }));
    expect((await one("host-ports")).note).toMatch(/kube-system\/svclb-1 on s1: 80, 443/);
  });

  it("says which Services refuse while the kubelet of their only node starts", async () => {
    const slice = (service: string, ...pods: string[]) => ({
      metadata: { name: `${service}-x`, namespace: "default", labels: { "kubernetes.io/service-name": service } },
      endpoints: pods.map((name) => ({ conditions: { ready: true }, targetRef: { kind: "Pod", name } })),
    });
    cluster.pods(
      podOf("a", { probed: true }),
      podOf("b", { probed: true }),
      podOf("c", { probed: true, node: "a1" }),
      podOf("d"),
    );
    cluster.list(
      "endpointslices",
      slice("lonely", "a", "b"),
      slice("spread", "a", "c"),
      slice("unprobed", "d"),
      slice("empty"),
    );
    const finding = await one("one-node-services");
    expect(finding).toMatchObject({ verdict: "PASS", actual: "1 on one node" });
    expect(finding.note).toMatch(/refuse for seconds: default\/lonely on s1\./);
  });

  it("says whether existing NetworkPolicies are enforced today", async () => {
    cluster.list("networkpolicies", { metadata: { name: "deny", namespace: "shop" } });
    expect((await one("network-policies")).note).toMatch(/^1 NetworkPolicies \(in shop\) are enforced at every moment/);
    cluster.facts.set("a1", agentFacts({ chain: ["nat FLANNEL-POSTRTG"] }));
    expect((await one("network-policies")).note).toMatch(/enforced by nobody on a1 today and WILL be enforced/);
  });

  it("does not let policies of Calico's own kinds be lost on the way back, and leaves the operator's out", async () => {
    cluster.calico(
      "globalnetworkpolicies",
      { metadata: { name: "default.deny-all" } },
      { metadata: { name: "calico-system.default-deny" } },
    );
    cluster.calico("hostendpoints", { metadata: { name: "s1-eth0" } });
    expect(await one("calico-kinds", BACK)).toMatchObject({
      verdict: "FAIL",
      actual: "globalnetworkpolicies deny-all, hostendpoints s1-eth0 would stop to be enforced",
    });
    expect(await one("calico-kinds")).toMatchObject({ verdict: "PASS", actual: "2 exist" });
  });

  it("refuses an address pool that nobody declares", async () => {
    const pool = (name: string, cidr: string, more: object = {}) => ({ metadata: { name }, spec: { cidr, ...more } });
    cluster.calico(
      "ippools",
      pool("default-ipv4-ippool", "10.42.128.0/17"),
      pool("flannel", "10.42.0.0/17", { disabled: true }),
    );
    expect(await one("address-pools")).toMatchObject({ verdict: "PASS" });
    cluster.calico("ippools", pool("old", "10.42.0.0/16"));
    expect(await one("address-pools")).toMatchObject({
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
    expect(await one("calico-api")).toMatchObject({ verdict: "FAIL", actual: "Available=False (ServiceNotFound)" });
    cluster.api.object(path, { metadata: { name: "x" }, status: status("True") });
    expect(await one("calico-api")).toMatchObject({ verdict: "PASS" });
  });

  it("wants Calico Ready on every node once it is there", async () => {
    expect(await one("calico-on-every-node")).toMatchObject({ verdict: "SKIPPED" });
    cluster.pods(
      podOf("calico-1", { ...CALICO_POD, node: "s1" }),
      podOf("calico-2", { ...CALICO_POD, node: "a1", ready: false }),
    );
    const { findings } = await look("calico-on-every-node");
    expect(findings["s1"]).toMatchObject({ verdict: "PASS" });
    expect(findings["a1"]).toMatchObject({ verdict: "FAIL", actual: "calico-2 is Running and not Ready" });
    cluster.pods(podOf("calico-1", { ...CALICO_POD, node: "s1" }));
    expect((await look("calico-on-every-node")).findings["a1"]?.actual).toBe("no calico-node pod on it");
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
      const { findings } = await look("leftovers");
      expect(findings["s1"]).toMatchObject({ verdict: "PASS" });
      expect(findings["a1"]).toMatchObject({
        verdict: "FAIL",
        actual:
          "of calico, which does not run there: 2 links (cali123, vxlan.calico), 1 chain (filter cali-FORWARD), 1 ipset (cali40all), 1 route (blackhole 10.42.128.0/26 proto 80)",
      });
      cluster.pods(podOf("calico-2", { ...CALICO_POD, node: "a1" }));
      expect((await look("leftovers")).findings["a1"]).toMatchObject({ verdict: "PASS" });
    });

    it("expects both CNIs' traces while one is being left", async () => {
      cluster.facts.set("s1", serverFacts(ON_CALICO));
      cluster.pods(podOf("calico-1", { ...CALICO_POD, node: "s1" }));
      expect((await look("leftovers")).run.exitCode).toBe(0);
    });
  });

  it("asks nobody on loopback before Seldon is there", async () => {
    cluster.api.list("/api/v1/namespaces/financial-ml/pods", []);
    const finding = await one("loopback-server-http-ready");
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

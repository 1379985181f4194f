import { one } from "../support/preflight";
import { podOf, SwitchCluster } from "../support/switch-cluster";

const BACK = { cni: { provider: "flannel", leaving: "calico" } };

describe("preflight, pods that will be recreated", () => {
  let cluster: SwitchCluster;
  beforeEach(async () => (cluster = await SwitchCluster.start()));
  afterEach(() => cluster.api.close());

  it("lists pods that nothing makes again, and leaves alone those that do not move", async () => {
    cluster.pods(
      podOf("shell", { owner: null }),
      podOf("static", { owner: null, hostNetwork: true }),
      podOf("moved", { owner: null, address: "10.42.128.5" }),
      podOf("probe", { owner: null, namespace: "seldon-k3s-probe" }),
    );
    expect(await one(cluster, "bare-pods")).toMatchObject({
      verdict: "FAIL",
      actual: "nothing makes default/shell again",
    });
    const fix = (await one(cluster, "bare-pods")).fix ?? "";
    expect(fix).toMatch(/kubectl --kubeconfig \S+ -n default delete pod shell$/);
  });

  it("counts pods of Calico's pool on the way back", async () => {
    cluster.pods(podOf("web-1", { address: "10.42.128.5" }), podOf("web-2", { owner: null }));
    expect(await one(cluster, "bare-pods", BACK)).toMatchObject({
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
      const finding = await one(cluster, "disruption-budgets");
      expect(finding).toMatchObject({
        verdict: "FAIL",
        target: "default/web",
        actual: "allows no disruption: 2 healthy, 2 must stay; it covers default/web-1, default/web-2",
        fix: "add a replica, or lower minAvailable for the time of the change",
      });
      expect(finding.final).toBeUndefined();
      cluster.list("poddisruptionbudgets", budget(0, 1));
      expect((await one(cluster, "disruption-budgets")).fix).toMatch(/^mend its pods first/);
    });

    it("passes one that allows a disruption, and those of others", async () => {
      cluster.list("poddisruptionbudgets", budget(1, 3));
      expect(await one(cluster, "disruption-budgets")).toMatchObject({ verdict: "PASS", actual: "1 allowed" });
      cluster.list(
        "poddisruptionbudgets",
        budget(0, 0, { matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }),
      );
      expect(await one(cluster, "disruption-budgets")).toMatchObject({
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
    expect(await one(cluster, "single-replicas")).toMatchObject({
      verdict: "PASS",
      actual: "3 with one replica",
      note: "Deployment kube-system/coredns will run two replicas on different nodes until the change is over. With one replica, so away for seconds while its pod is recreated: Deployment default/web, StatefulSet default/db.",
    });
  });

  it("says who holds host ports", async () => {
    cluster.pods(podOf("svclb-1", { namespace: "kube-system", hostPorts: [80, 443], owner: ["DaemonSet", "svclb"] }));
    expect((await one(cluster, "host-ports")).note).toMatch(/kube-system\/svclb-1 on s1: 80, 443/);
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
      slice("single", "a"),
      slice("families", "c"),
      slice("families", "c"),
      slice("empty"),
    );
    const finding = await one(cluster, "one-node-services");
    // Nothing that forbids the change.
    expect(finding).toMatchObject({ verdict: "PASS", actual: "3 on one node" });
    expect(finding.note).toMatch(
      /Several pods, all on one node: default\/lonely \(2 on s1\): spread them before the change, by topologySpreadConstraints/,
    );
    expect(finding.note).toMatch(
      /One pod: default\/single on s1, default\/families on a1: a second replica on another node prevents it\.$/,
    );
  });

  it("does not count a pod that is not ready for a second one on another node", async () => {
    cluster.pods(podOf("a", { probed: true }), podOf("b", { probed: true, node: "a1" }));
    const endpoint = (name: string, ready: boolean) => ({ conditions: { ready }, targetRef: { kind: "Pod", name } });
    const metadata = { name: "web-x", namespace: "default", labels: { "kubernetes.io/service-name": "web" } };
    cluster.list("endpointslices", { metadata, endpoints: [endpoint("a", true), endpoint("b", false)] });
    expect((await one(cluster, "one-node-services")).note).toMatch(/One pod: default\/web on s1:/);
    cluster.list("endpointslices", { metadata, endpoints: [endpoint("a", true), endpoint("b", true)] });
    expect(await one(cluster, "one-node-services")).toMatchObject({ verdict: "PASS", actual: "none" });
  });
});

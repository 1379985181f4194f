import { rollout } from "./support/io";
import { MiniCluster, POOL } from "./support/mini-cluster";

jest.setTimeout(60_000);

let cluster: MiniCluster;
beforeEach(async () => {
  cluster = await MiniCluster.start();
});
afterEach(() => cluster.stop());

const subject = (more = {}) => cluster.subject(more);
const CRD = "/apis/crd.projectcalico.org/v1";
const OPERATOR = "/apis/operator.tigera.io/v1";
const NS = "/api/v1/namespaces";
const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v3.projectcalico.org";
const put = (path: string, more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}) => {
  const at = path.lastIndexOf("/");
  return cluster.api.put(path.slice(0, at), { metadata: { name: path.slice(at + 1), ...metadata }, ...more });
};
const exists = (path: string) => cluster.api.objects.has(path);
const writes = () => cluster.api.requests.filter((line) => !line.startsWith("GET"));

/** A node that Calico has marked on its way out. */
function mark(name: string, reason = "CalicoIsDown") {
  const node = cluster.api.objects.get(`/api/v1/nodes/${name}`)!;
  (node.status!["conditions"] as unknown[]).push({ type: "NetworkUnavailable", status: "True", reason });
  node.spec!["taints"] = [{ key: "node.kubernetes.io/network-unavailable", effect: "NoSchedule" }];
  node.metadata.annotations = { "projectcalico.org/IPv4Address": "192.0.2.11/24", keep: "this" };
}

/** The node lifecycle controller: the taint follows the condition. */
function untaintWhenCleared() {
  cluster.api.onChange = (_, object) => {
    const conditions = (object.status?.["conditions"] ?? []) as { type: string; status: string }[];
    const cleared = conditions.some(({ type, status }) => type === "NetworkUnavailable" && status === "False");
    if (cleared) cluster.later(30, () => (object.spec!["taints"] = []));
  };
}
const condition = (name: string) =>
  (cluster.api.objects.get(`/api/v1/nodes/${name}`)!.status!["conditions"] as { type: string }[]).filter(
    ({ type }) => type === "NetworkUnavailable",
  );

describe("clear-network-unavailable", () => {
  beforeEach(() => {
    cluster.node("s1", "flannel");
    cluster.node("a1", "flannel");
    untaintWhenCleared();
  });

  test("clears what Calico left and waits for the taint to go; other conditions stay", async () => {
    mark("s1");
    mark("a1", "SomebodyElse");
    const done = await rollout("clear-network-unavailable", subject());
    expect(done.stderr).toContain("s1: clearing NetworkUnavailable (CalicoIsDown)");
    expect(done.exitCode).toBe(0);
    expect(condition("s1")).toEqual([expect.objectContaining({ status: "False", reason: "FlannelIsUp" })]);
    expect(condition("a1")).toEqual([{ type: "NetworkUnavailable", status: "True", reason: "SomebodyElse" }]);
    expect(cluster.api.objects.get("/api/v1/nodes/s1")!.status!["conditions"]).toHaveLength(2);
  });

  test("leaves a node alone on which Calico's agent runs", async () => {
    mark("s1");
    cluster.api.put(`${NS}/calico-system/pods`, {
      metadata: { name: "calico-node-x", labels: { "k8s-app": "calico-node" } },
      spec: { nodeName: "s1", hostNetwork: true, containers: [] },
      status: { phase: "Running" },
    });
    const done = await rollout("clear-network-unavailable", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("s1: Calico's agent still runs there");
    expect(writes()).toEqual([]);
  });

  test("only the nodes that are named, and nothing on a second run", async () => {
    mark("s1");
    mark("a1");
    await rollout("clear-network-unavailable", subject({ nodes: ["s1"] }));
    expect(condition("a1")).toEqual([expect.objectContaining({ status: "True" })]);
    const before = writes().length;
    await rollout("clear-network-unavailable", subject({ nodes: ["s1"] }));
    expect(writes()).toHaveLength(before);
  });

  test("a taint that stays is a fault that names it", async () => {
    cluster.api.onChange = () => undefined;
    mark("s1");
    const done = await rollout("clear-network-unavailable", subject({ timeoutSeconds: 1 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/while waiting: node s1 has lost the taint node\.kubernetes\.io\/network-unavailable/);
  });
});

describe("leave-calico", () => {
  beforeEach(() => {
    cluster.node("s1", "flannel");
    untaintWhenCleared();
  });

  const remains = () => {
    for (const kind of [
      "ippools/pool",
      "ipamblocks/10-42-128-0-26",
      "blockaffinities/s1-x",
      "clusterinformations/default",
    ])
      put(`${CRD}/${kind}`);
    put(API_SERVICE, { spec: { service: { name: "calico-api", namespace: "calico-system" } } });
    put("/apis/storage.k8s.io/v1/csidrivers/csi.tigera.io");
    put("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/api.projectcalico.org");
    put("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/seldon-webhook");
    put(`${NS}/calico-system`);
    mark("s1");
  };

  test("takes away what is Calico's own, and nothing of anybody else", async () => {
    remains();
    put(`${CRD}/globalnetworkpolicies/mine`);
    const done = await rollout("leave-calico", subject());
    expect(done).toMatchObject({ exitCode: 0, stdout: "nothing of Calico is left in the API\n" });
    const left = [...cluster.api.objects.keys()].filter((path) => /calico|tigera/.test(path));
    expect(left).toEqual([`${CRD}/globalnetworkpolicies/mine`]);
    expect(exists("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/seldon-webhook")).toBe(true);
    expect(cluster.api.objects.get("/api/v1/nodes/s1")!.metadata.annotations).toEqual({ keep: "this" });
    expect(condition("s1")).toEqual([expect.objectContaining({ status: "False" })]);
  });

  test("a second run changes nothing", async () => {
    remains();
    await rollout("leave-calico", subject());
    const before = writes().length;
    expect((await rollout("leave-calico", subject())).exitCode).toBe(0);
    expect(writes()).toHaveLength(before);
  });

  test("is refused while Calico is declared", async () => {
    remains();
    put(`${OPERATOR}/installations/default`);
    const done = await rollout("leave-calico", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("Calico is declared: there is an Installation and nobody has deleted it");
    expect(writes()).toEqual([]);
  });

  test("an operator that is gone loses its finalizers, others keep theirs", async () => {
    remains();
    const deletionTimestamp = "2026-11-22T19:00:00Z";
    put(
      `${OPERATOR}/installations/default`,
      {},
      { deletionTimestamp, finalizers: ["tigera.io/operator-cleanup", "mine/keep"] },
    );
    put(
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/calico-cni-plugin",
      {},
      { deletionTimestamp, finalizers: ["tigera.io/cni-protector"] },
    );
    put("/apis/rbac.authorization.k8s.io/v1/clusterroles/calico-node", {}, { finalizers: ["tigera.io/cni-protector"] });
    // What has no finalizer left and is being deleted is gone.
    cluster.api.onChange = (path, object) => {
      if (
        object.metadata.deletionTimestamp !== undefined &&
        object.metadata.finalizers?.every((one) => one === "mine/keep")
      )
        cluster.api.objects.delete(path);
    };
    untaint();
    const done = await rollout("leave-calico", subject({ operatorSeconds: 0.1 }));
    expect(done.stderr).toContain(
      "it has not finished; its finalizers are taken away: default (tigera.io/operator-cleanup, mine/keep)",
    );
    expect(done.exitCode).toBe(0);
    expect(exists("/apis/rbac.authorization.k8s.io/v1/clusterroles/calico-cni-plugin")).toBe(false);
    expect(
      cluster.api.objects.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/calico-node")!.metadata.finalizers,
    ).toEqual(["tigera.io/cni-protector"]);
  });

  /** The taint goes by itself here: the test's own change handler is in the way. */
  const untaint = () =>
    void cluster.later(50, () => (cluster.api.objects.get("/api/v1/nodes/s1")!.spec!["taints"] = []));

  test("the API of custom resources stays: it comes and goes with their definitions", async () => {
    put(API_SERVICE, { spec: { group: "projectcalico.org" } });
    expect((await rollout("leave-calico", subject())).exitCode).toBe(0);
    expect(exists(API_SERVICE)).toBe(true);
  });

  test("what stays is told, by path and in the namespace controller's own words", async () => {
    put(`${NS}/calico-system`, {
      status: {
        conditions: [
          { type: "NamespaceContentRemaining", status: "True", message: "Some resources are remaining: pods." },
        ],
      },
    });
    cluster.api.onDelete = () => undefined;
    const done = await rollout("leave-calico", subject({ timeoutSeconds: 2 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("calico-system: Some resources are remaining: pods.");
  });
});

describe("leave-flannel", () => {
  test("takes Flannel's annotations, keeps podCIDRs and all others", async () => {
    cluster.node("s1", "calico");
    const node = cluster.api.objects.get("/api/v1/nodes/s1")!;
    node.metadata.annotations = { "flannel.alpha.coreos.com/backend-type": "vxlan", "k3s.io/node-args": "[]" };
    const done = await rollout("leave-flannel", subject());
    expect(done.exitCode).toBe(0);
    const after = cluster.api.objects.get("/api/v1/nodes/s1")!;
    expect(after.metadata.annotations).toEqual({ "k3s.io/node-args": "[]" });
    expect(after.spec!["podCIDR"]).toBe("10.42.0.0/24");
  });

  test("is refused with a list while a pod has an address of it", async () => {
    cluster.node("s1", "flannel");
    cluster.node("a1", "calico");
    cluster.workload("web", { replicas: [{ node: "s1" }, { node: "a1" }] });
    const done = await rollout("leave-flannel", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/pods still have addresses of Flannel:\n- web\/web-\d+ on s1: 10\.42\.0\.\d+\nfix:/);
    expect(done.stderr).not.toContain("on a1");
    expect(POOL).toBe("10.42.128.0/17");
  });
});

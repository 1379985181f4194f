import { rollout } from "../support/io";
import { UID } from "../support/mini-cluster";
import { describeNodePods } from "../support/node-pods";

const NAMESPACE = "/api/v1/namespaces/seldon-k3s-probe-s1";
const RUN = "/usr/local/lib/seldon-k3s/run host-ports: host s1, network cbr0, end";

describeNodePods("node-pods", (its) => {
  const { subject, old, evicted, oldPods, left } = its;

  test("recreates what has an old address, nothing else, and proves before and after", async () => {
    its.cluster.workload("web", { replicas: [old(), old(), { node: "a1" }] });
    its.cluster.workload("moved", { replicas: [{ node: "s1" }] });
    its.cluster.workload("agent", { kind: "DaemonSet", replicas: [old(), { node: "a1" }] });
    const done = await rollout("node-pods", subject());
    expect(done.stderr).toContain("s1: pods: 3 pods have an address of 10.42.0.0/24");
    expect(done).toMatchObject({ exitCode: 0, stdout: "s1: pods on calico, proven\n" });
    expect(oldPods("s1", "web")).toEqual([]);
    expect(evicted("web")).toBe(2);
    expect(evicted("moved")).toBe(0);
    expect(its.cluster.least.get("web")).toBe(2);
    expect(its.cluster.api.requests).toContainEqual(expect.stringMatching(/^DELETE .*\/pods\/agent-/));
    expect(done.stderr).toMatch(
      /looking before pods are recreated[\s\S]*evicting[\s\S]*looking after pods were recreated/,
    );
    expect(its.host.programs).toEqual([RUN, RUN]);
  });

  test("nothing is left behind: no namespace, no probe pod, no lease", async () => {
    its.cluster.workload("web", { replicas: [old(), old()] });
    expect((await rollout("node-pods", subject())).exitCode).toBe(0);
    expect(left()).toEqual([]);
  });

  test("a second run evicts nothing and proves once", async () => {
    its.cluster.workload("web", { replicas: [old(), old()] });
    await rollout("node-pods", subject());
    const before = evicted("web");
    const again = await rollout("node-pods", subject());
    expect(again.exitCode).toBe(0);
    expect(evicted("web")).toBe(before);
    expect(again.stderr).toContain("none is left to be recreated");
    expect(again.stderr.match(/: looking /g)).toHaveLength(1);
  });

  test("a node that is not proven loses no pod", async () => {
    its.cluster.workload("web", { replicas: [old(), old()] });
    its.cluster.network = ({ node, kind }) => (node === "a1" && kind === "source" ? "10.42.0.0" : undefined);
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("FAIL pod-to-pod: a1 (flannel) -> s1 (calico)");
    expect(done.stderr).toMatch(/found +source 10\.42\.0\.0; the client's address is 10\.42\.1\.\d+/);
    expect(done.stderr).toContain("pod-source-guard check");
    expect(done.stderr).toContain("error: s1 is not proven before pods are recreated");
    expect(evicted("web")).toBe(0);
    expect([...its.cluster.api.objects.keys()].filter((path) => path.startsWith(NAMESPACE))).toEqual([]);
  });

  test("K3s that still hands out old addresses is a no-go before any pod is taken away", async () => {
    its.cluster.nodes.get("s1")!.cni = "flannel";
    its.cluster.workload("web", { replicas: [{ node: "s1" }, { node: "s1" }] });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/Ready, but its address 10\.42\.0\.\d+ is none of calico/);
    expect(done.stderr).toContain("run the settings step again");
    expect(evicted("web")).toBe(0);
  });

  test("pods without a controller are refused with a list, before anything is made", async () => {
    its.cluster.bare("lonely", old());
    its.cluster.bare("elsewhere", { node: "a1" });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/s1 has pods without a controller.*\n- web\/lonely-\d+\nfix: .*allowBarePods/);
    expect(its.cluster.api.requests.filter((line) => !line.startsWith("GET"))).toEqual([]);
    const allowed = await rollout("node-pods", subject({ allowBarePods: true }));
    expect(allowed.exitCode).toBe(0);
    expect(allowed.stderr).toMatch(/deleting Pod web\/lonely-\d+, which nothing makes again/);
  });

  test("another cluster is not written to", async () => {
    its.cluster.workload("web", { replicas: [old()] });
    const done = await rollout("node-pods", subject({ uid: "11111111-2222-4333-8444-555555555555" }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain(`UID ${UID}: this is another cluster`);
    expect(its.cluster.api.requests.filter((line) => !line.startsWith("GET"))).toEqual([]);
    expect(its.host.ran).toEqual([]);
  });

  test("the way back: Calico's addresses go, entries of its network are taken away", async () => {
    its.cluster.nodes.get("s1")!.cni = "flannel";
    its.cluster.nodes.get("a1")!.cni = "calico";
    its.cluster.workload("web", {
      replicas: [{ node: "s1", address: its.cluster.address("s1", "calico") }, { node: "a1" }],
    });
    const done = await rollout(
      "node-pods",
      subject({ from: "calico", to: "flannel", peers: [{ node: "a1", cni: "calico" }] }),
    );
    expect(done).toMatchObject({ exitCode: 0, stdout: "s1: pods on flannel, proven\n" });
    expect(its.host.programs[0]).toContain("network k8s-pod-network");
    expect(evicted("web")).toBe(1);
  });

  test("a node alone is proven as far as one node can be", async () => {
    const done = await rollout("node-pods", subject({ peers: [] }));
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("host-port: there is no other node to look from");
    expect(done.stderr).toMatch(/PASS +way-out +s1 \(calico\) -> 192\.0\.2\.11:6443/);
  });

  test("a program that fails on the host fails the step with its words", async () => {
    its.host.reply = () => ({ code: 1, stderr: "seldon-k3s: s1: iptables-save is missing\n" });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("error: s1: host-ports ended with 1: seldon-k3s: s1: iptables-save is missing");
  });
});

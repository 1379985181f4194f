import { hostname } from "node:os";
import type { NodePodsSubject } from "../../../rollout/node-pods/subject";
import { describeWithSshd } from "../../ssh/support/sshd";
import { rollout } from "../support/io";
import { refusal } from "../support/mini-api";
import { MiniCluster, POOL, UID } from "../support/mini-cluster";
import { SshHost, startAgent } from "../support/ssh-host";

jest.setTimeout(60_000);

let agent: Awaited<ReturnType<typeof startAgent>>;
let host: SshHost;
let cluster: MiniCluster;

const NAMESPACE = "/api/v1/namespaces/seldon-k3s-probe-s1";
const RUN = "/usr/local/lib/seldon-k3s/run host-ports: host s1, network cbr0, end";

const subject = (more: Partial<NodePodsSubject> = {}) => ({
  stack: "test",
  kubeconfig: cluster.kubeconfig,
  uid: UID,
  timeoutSeconds: 30,
  node: "s1",
  role: "server",
  from: "flannel",
  to: "calico",
  pools: [POOL],
  probeImage: "busybox:1",
  apiServer: { address: "10.43.0.1", port: 443, nodePort: 6443 },
  target: host.target,
  peers: [{ node: "a1", cni: "flannel" }],
  ...more,
});

const evicted = (app: string) =>
  cluster.api.requests.filter((line) => line.startsWith(`POST /api/v1/namespaces/web/pods/${app}-`)).length;
const oldPods = (node: string, app: string) =>
  cluster
    .pods(app)
    .filter(({ spec, status }) => spec?.["nodeName"] === node && /^10\.42\.[0-9]\./.test(String(status?.["podIP"])));

describeWithSshd("node-pods", () => {
  beforeAll(async () => {
    agent = await startAgent();
    host = await SshHost.start("s1", agent.keys);
  });
  afterAll(async () => {
    await host.stop();
    await agent.stop();
  });
  beforeEach(async () => {
    host.ran.length = 0;
    host.reply = () => ({});
    cluster = await MiniCluster.start();
    cluster.node("s1", "calico");
    cluster.node("a1", "flannel");
  });
  afterEach(() => cluster.stop());

  /** An address that Flannel gave before the node's K3s was restarted. */
  const old = (node = "s1") => ({ node, address: cluster.address(node, "flannel") });

  test("recreates what has an old address, nothing else, and proves before and after", async () => {
    cluster.workload("web", { replicas: [old(), old(), { node: "a1" }] });
    cluster.workload("moved", { replicas: [{ node: "s1" }] });
    cluster.workload("agent", { kind: "DaemonSet", replicas: [old(), { node: "a1" }] });
    const done = await rollout("node-pods", subject());
    expect(done.stderr).toContain("s1: pods: 3 pods have an address of 10.42.0.0/24");
    expect(done).toMatchObject({ exitCode: 0, stdout: "s1: pods on calico, proven\n" });
    expect(oldPods("s1", "web")).toEqual([]);
    expect(evicted("web")).toBe(2);
    expect(evicted("moved")).toBe(0);
    expect(cluster.least.get("web")).toBe(2);
    expect(cluster.api.requests).toContainEqual(expect.stringMatching(/^DELETE .*\/pods\/agent-/));
    expect(done.stderr).toMatch(
      /looking before pods are recreated[\s\S]*evicting[\s\S]*looking after pods were recreated/,
    );
    expect(host.programs).toEqual([RUN, RUN]);
  });

  test("nothing is left behind: no namespace, no probe pod, no lease", async () => {
    cluster.workload("web", { replicas: [old(), old()] });
    expect((await rollout("node-pods", subject())).exitCode).toBe(0);
    const left = [...cluster.api.objects.keys()].filter((path) => /probe|leases/.test(path));
    expect(left).toEqual([]);
  });

  test("a second run evicts nothing and proves once", async () => {
    cluster.workload("web", { replicas: [old(), old()] });
    await rollout("node-pods", subject());
    const before = evicted("web");
    const again = await rollout("node-pods", subject());
    expect(again.exitCode).toBe(0);
    expect(evicted("web")).toBe(before);
    expect(again.stderr).toContain("none is left to be recreated");
    expect(again.stderr.match(/: looking /g)).toHaveLength(1);
  });

  test("a node that is not proven loses no pod", async () => {
    cluster.workload("web", { replicas: [old(), old()] });
    cluster.network = ({ node, kind }) => (node === "a1" && kind === "source" ? "10.42.0.0" : undefined);
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("FAIL pod-to-pod: a1 (flannel) -> s1 (calico)");
    expect(done.stderr).toMatch(/found +source 10\.42\.0\.0; the client's address is 10\.42\.1\.\d+/);
    expect(done.stderr).toContain("pod-source-guard check");
    expect(done.stderr).toContain("error: s1 is not proven before pods are recreated");
    expect(evicted("web")).toBe(0);
    expect([...cluster.api.objects.keys()].filter((path) => path.startsWith(NAMESPACE))).toEqual([]);
  });

  test("K3s that still hands out old addresses is a no-go before any pod is taken away", async () => {
    cluster.nodes.get("s1")!.cni = "flannel";
    cluster.workload("web", { replicas: [{ node: "s1" }, { node: "s1" }] });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/Ready, but its address 10\.42\.0\.\d+ is none of calico/);
    expect(done.stderr).toContain("run the settings step again");
    expect(evicted("web")).toBe(0);
  });

  test("pods without a controller are refused with a list, before anything is made", async () => {
    cluster.bare("lonely", old());
    cluster.bare("elsewhere", { node: "a1" });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/s1 has pods without a controller.*\n- web\/lonely-\d+\nfix: .*allowBarePods/);
    expect(cluster.api.requests.filter((line) => !line.startsWith("GET"))).toEqual([]);
    const allowed = await rollout("node-pods", subject({ allowBarePods: true }));
    expect(allowed.exitCode).toBe(0);
    expect(allowed.stderr).toMatch(/deleting Pod web\/lonely-\d+, which nothing makes again/);
  });

  test("a disruption budget is waited for, by name", async () => {
    cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    let refusals = 2;
    const message = "The disruption budget web needs 2 healthy pods and has 2 currently";
    cluster.api.onEvict = () =>
      refusals-- > 0
        ? refusal(429, "TooManyRequests", "Cannot evict pod", { causes: [{ reason: "DisruptionBudget", message }] })
        : undefined;
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain(message);
  });

  test("a budget that never allows it ends with the step's time, and says which", async () => {
    cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    const message = "The disruption budget web needs 2 healthy pods and has 2 currently";
    cluster.api.onEvict = () =>
      refusal(429, "TooManyRequests", "no", { causes: [{ reason: "DisruptionBudget", message }] });
    const done = await rollout("node-pods", subject({ timeoutSeconds: 2 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(
      /error: the step's time of 2 s is over while waiting: .*budget.*last seen: The disruption budget web/,
    );
    expect([...cluster.api.objects.keys()].filter((path) => /probe|leases/.test(path))).toEqual([]);
  });

  test("two budgets on one pod are a fault at once", async () => {
    cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    cluster.api.onEvict = () =>
      refusal(
        500,
        "InternalError",
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
      );
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("more than one PodDisruptionBudget");
  });

  test("after a replacement that does not come back no further pod is taken away, and the reason is told", async () => {
    cluster.workload("bad", { replicas: [old(), old()] });
    cluster.workload("good", { replicas: [old(), old(), old()] });
    cluster.broken.add("bad");
    const done = await rollout("node-pods", subject({ timeoutSeconds: 2, parallel: 1 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/Deployment web\/bad is back; last seen: 1 of 2 pods are Ready; pod bad-\d+/);
    expect(evicted("bad")).toBe(1);
    expect(evicted("good")).toBe(0);
  });

  test("a Ready pod of a workload that lacks replicas stays", async () => {
    cluster.workload("web", { replicas: [old()], wanted: 2 });
    const done = await rollout("node-pods", subject({ timeoutSeconds: 6 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("Deployment web/web is complete: 1 of 2 pods are Ready");
    expect(evicted("web")).toBe(0);
    const allowed = await rollout("node-pods", subject({ allowIncomplete: true }));
    expect(allowed.exitCode).toBe(0);
  });

  test("host-port entries go as soon as a pod that claims one is gone, before its replacement is waited for", async () => {
    cluster.workload("lb", {
      kind: "DaemonSet",
      namespace: "kube-system",
      hostPort: 80,
      replicas: [old(), { node: "a1" }],
    });
    // The port is dead until the program has run after the old pod went.
    host.reply = () => ({ stderr: "seldon-k3s: s1: 1 entry taken away\n" });
    cluster.network = ({ kind, port }) =>
      kind === "tcp" && port === 80 && host.ran.length < 2 && evictedLb() ? "nc: refused" : undefined;
    const evictedLb = () => cluster.api.requests.some((line) => /^DELETE .*\/pods\/lb-/.test(line));
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(host.programs).toHaveLength(3);
    expect(done.stderr).toContain("host: seldon-k3s: s1: 1 entry taken away");
    expect(done.stderr).toMatch(/PASS +claimed-host-ports +192\.0\.2\.11:80 \(kube-system\/lb-/);
  });

  test("a host port that answered before and does not afterwards fails the proof", async () => {
    cluster.workload("lb", {
      kind: "DaemonSet",
      namespace: "kube-system",
      hostPort: 80,
      replicas: [old(), { node: "a1" }],
    });
    const moved = () => cluster.api.requests.some((line) => /^DELETE .*\/pods\/lb-/.test(line));
    cluster.network = ({ kind, port }) => (kind === "tcp" && port === 80 && moved() ? "nc: timed out" : undefined);
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("FAIL claimed-host-ports");
    expect(done.stderr).toContain("nc: timed out; it answered before the pods were recreated");
  });

  test("a host port that never answered is skipped by name", async () => {
    cluster.workload("lb", {
      kind: "DaemonSet",
      namespace: "kube-system",
      hostPort: 80,
      replicas: [old(), { node: "a1" }],
    });
    cluster.network = ({ kind, port }) => (kind === "tcp" && port === 80 ? "nc: timed out" : undefined);
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain(
      "claimed-host-ports: nc: timed out; it did not answer before the pods were recreated either",
    );
  });

  test("where pods with host ports are forbidden the probe of one is skipped by name", async () => {
    cluster.api.intercept = ({ method, path, body }) => {
      const name = (body["metadata"] as { name?: string } | undefined)?.name ?? "";
      if (method !== "POST" || !path.endsWith("/pods") || !name.includes("host-port")) return undefined;
      return refusal(403, "Forbidden", "denied by policy no-host-ports");
    };
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("host-port: a pod with a host port is not allowed: denied by policy no-host-ports");
  });

  test("two nodes at once never take two pods of one workload", async () => {
    cluster.node("a2", "calico");
    cluster.nodes.get("a1")!.cni = "calico";
    const second = await SshHost.start("a1", agent.keys);
    cluster.workload("web", { replicas: [old("s1"), old("a1")] });
    cluster.readyMs = 300;
    const peers = [{ node: "a2", cni: "calico" as const }];
    const runs = await Promise.all([
      rollout("node-pods", subject({ peers })),
      rollout("node-pods", subject({ node: "a1", role: "agent", target: second.target, peers })),
    ]);
    await second.stop();
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(cluster.least.get("web")).toBe(1);
    expect(evicted("web")).toBe(2);
  });

  test("another cluster is not written to", async () => {
    cluster.workload("web", { replicas: [old()] });
    const done = await rollout("node-pods", subject({ uid: "11111111-2222-4333-8444-555555555555" }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain(`UID ${UID}: this is another cluster`);
    expect(cluster.api.requests.filter((line) => !line.startsWith("GET"))).toEqual([]);
    expect(host.ran).toEqual([]);
  });

  test("an API server that fails now and then is asked again", async () => {
    cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    let requests = 0;
    cluster.api.intercept = () => {
      requests += 1;
      if (requests % 7 === 0) return "cut";
      return requests % 11 === 0 ? refusal(503, "ServiceUnavailable", "starting") : undefined;
    };
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("trying again");
  });

  test("an interruption stops at once and takes the probe away", async () => {
    cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    cluster.broken.add("web");
    const stop = new AbortController();
    const run = rollout("node-pods", subject(), stop.signal);
    while (evicted("web") === 0) await new Promise((wake) => setTimeout(wake, 20));
    stop.abort(new Error("interrupted by SIGINT"));
    const done = await run;
    expect(done.exitCode).toBe(130);
    expect([...cluster.api.objects.keys()].filter((path) => /probe|leases/.test(path))).toEqual([]);
  });

  test("what a killed run left is cleaned up and used again", async () => {
    cluster.api.put("/api/v1/namespaces", { metadata: { name: "seldon-k3s-probe-s1" } });
    cluster.api.put(`${NAMESPACE}/serviceaccounts`, { metadata: { name: "default" } });
    cluster.api.put(`${NAMESPACE}/pods`, { metadata: { name: "seldon-k3s-probe-server-s1" }, spec: {}, status: {} });
    const lease = {
      holderIdentity: `s1@${hostname()}:999999999`,
      renewTime: "x",
      leaseDurationSeconds: 30,
    };
    cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    const uid = [...cluster.api.objects.entries()].find(([path]) => path.endsWith("/deployments/web"))![1].metadata.uid;
    cluster.api.put("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", {
      metadata: { name: `seldon-k3s-move-${uid}` },
      spec: lease,
    });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(cluster.api.requests).toContain(`DELETE ${NAMESPACE}/pods/seldon-k3s-probe-server-s1`);
    expect([...cluster.api.objects.keys()].filter((path) => /probe|leases/.test(path))).toEqual([]);
  });

  test("the way back: Calico's addresses go, entries of its network are taken away", async () => {
    cluster.nodes.get("s1")!.cni = "flannel";
    cluster.nodes.get("a1")!.cni = "calico";
    cluster.workload("web", { replicas: [{ node: "s1", address: cluster.address("s1", "calico") }, { node: "a1" }] });
    const done = await rollout(
      "node-pods",
      subject({ from: "calico", to: "flannel", peers: [{ node: "a1", cni: "calico" }] }),
    );
    expect(done).toMatchObject({ exitCode: 0, stdout: "s1: pods on flannel, proven\n" });
    expect(host.programs[0]).toContain("network k8s-pod-network");
    expect(evicted("web")).toBe(1);
  });

  test("a node alone is proven as far as one node can be", async () => {
    const done = await rollout("node-pods", subject({ peers: [] }));
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("host-port: there is no other node to look from");
    expect(done.stderr).toMatch(/PASS +way-out +s1 \(calico\) -> 192\.0\.2\.11:6443/);
  });

  test("a program that fails on the host fails the step with its words", async () => {
    host.reply = () => ({ code: 1, stderr: "seldon-k3s: s1: iptables-save is missing\n" });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("error: s1: host-ports ended with 1: seldon-k3s: s1: iptables-save is missing");
  });
});

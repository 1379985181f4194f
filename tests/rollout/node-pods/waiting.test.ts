import { hostname } from "node:os";
import { rollout } from "../support/io";
import { refusal } from "../support/mini-api";
import { describeNodePods } from "../support/node-pods";
import { SshHost } from "../support/ssh-host";

const NAMESPACE = "/api/v1/namespaces/seldon-k3s-probe-s1";

describeNodePods("node-pods, what it waits for and what stops it", (its) => {
  const { subject, old, evicted, left } = its;

  test("a disruption budget is waited for, by name", async () => {
    its.cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    let refusals = 2;
    const message = "The disruption budget web needs 2 healthy pods and has 2 currently";
    its.cluster.api.onEvict = () =>
      refusals-- > 0
        ? refusal(429, "TooManyRequests", "Cannot evict pod", { causes: [{ reason: "DisruptionBudget", message }] })
        : undefined;
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain(message);
  });

  test("a budget that never allows it ends with the step's time, and says which", async () => {
    its.cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    const message = "The disruption budget web needs 2 healthy pods and has 2 currently";
    its.cluster.api.onEvict = () =>
      refusal(429, "TooManyRequests", "no", { causes: [{ reason: "DisruptionBudget", message }] });
    const done = await rollout("node-pods", subject({ timeoutSeconds: 2 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(
      /error: the step's time of 2 s is over while waiting: .*budget.*last seen: The disruption budget web/,
    );
    expect(left()).toEqual([]);
  });

  test("two budgets on one pod are a fault at once", async () => {
    its.cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    its.cluster.api.onEvict = () =>
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
    its.cluster.workload("bad", { replicas: [old(), old()] });
    its.cluster.workload("good", { replicas: [old(), old(), old()] });
    its.cluster.broken.add("bad");
    const done = await rollout("node-pods", subject({ timeoutSeconds: 2, parallel: 1 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toMatch(/Deployment web\/bad is back; last seen: 1 of 2 pods are Ready; pod bad-\d+/);
    expect(evicted("bad")).toBe(1);
    expect(evicted("good")).toBe(0);
  });

  test("a Ready pod of a workload that lacks replicas stays", async () => {
    its.cluster.workload("web", { replicas: [old()], wanted: 2 });
    const done = await rollout("node-pods", subject({ timeoutSeconds: 6 }));
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("Deployment web/web is complete: 1 of 2 pods are Ready");
    expect(evicted("web")).toBe(0);
    const allowed = await rollout("node-pods", subject({ allowIncomplete: true }));
    expect(allowed.exitCode).toBe(0);
  });

  test("two nodes at once never take two pods of one workload", async () => {
    its.cluster.node("a2", "calico");
    its.cluster.nodes.get("a1")!.cni = "calico";
    const second = await SshHost.start("a1", its.agent.keys);
    its.cluster.workload("web", { replicas: [old("s1"), old("a1")] });
    its.cluster.readyMs = 300;
    const peers = [{ node: "a2", cni: "calico" as const }];
    const runs = await Promise.all([
      rollout("node-pods", subject({ peers })),
      rollout("node-pods", subject({ node: "a1", role: "agent", target: second.target, peers })),
    ]);
    await second.stop();
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(its.cluster.least.get("web")).toBe(1);
    expect(evicted("web")).toBe(2);
  });

  test("an API server that fails now and then is asked again", async () => {
    its.cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    let requests = 0;
    its.cluster.api.intercept = () => {
      requests += 1;
      if (requests % 7 === 0) return "cut";
      return requests % 11 === 0 ? refusal(503, "ServiceUnavailable", "starting") : undefined;
    };
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("trying again");
  });

  test("an interruption stops at once and takes the probe away", async () => {
    its.cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    its.cluster.broken.add("web");
    const stop = new AbortController();
    const run = rollout("node-pods", subject(), stop.signal);
    while (evicted("web") === 0) await new Promise((wake) => setTimeout(wake, 20));
    stop.abort(new Error("interrupted by SIGINT"));
    const done = await run;
    expect(done.exitCode).toBe(130);
    expect(left()).toEqual([]);
  });

  test("what a killed run left is cleaned up and used again", async () => {
    its.cluster.api.put("/api/v1/namespaces", { metadata: { name: "seldon-k3s-probe-s1" } });
    its.cluster.api.put(`${NAMESPACE}/serviceaccounts`, { metadata: { name: "default" } });
    its.cluster.api.put(`${NAMESPACE}/pods`, {
      metadata: { name: "seldon-k3s-probe-server-s1" },
      spec: {},
      status: {},
    });
    const lease = {
      holderIdentity: `s1@${hostname()}:999999999`,
      renewTime: "x",
      leaseDurationSeconds: 30,
    };
    its.cluster.workload("web", { replicas: [old(), { node: "a1" }] });
    const uid = [...its.cluster.api.objects.entries()].find(([path]) => path.endsWith("/deployments/web"))![1].metadata
      .uid;
    its.cluster.api.put("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", {
      metadata: { name: `seldon-k3s-move-${uid}` },
      spec: lease,
    });
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(its.cluster.api.requests).toContain(`DELETE ${NAMESPACE}/pods/seldon-k3s-probe-server-s1`);
    expect(left()).toEqual([]);
  });
});

import { rollout } from "../support/io";
import { refusal } from "../support/mini-api";
import { describeNodePods } from "../support/node-pods";

describeNodePods("node-pods, host ports", (its) => {
  const { subject, old } = its;

  test("host-port entries go as soon as a pod that claims one is gone, before its replacement is waited for", async () => {
    its.cluster.workload("lb", {
      kind: "DaemonSet",
      namespace: "kube-system",
      hostPort: 80,
      replicas: [old(), { node: "a1" }],
    });
    // The port is dead until the program has run after the old pod went.
    its.host.reply = () => ({ stderr: "seldon-k3s: s1: 1 entry taken away\n" });
    its.cluster.network = ({ kind, port }) =>
      kind === "tcp" && port === 80 && its.host.ran.length < 2 && evictedLb() ? "nc: refused" : undefined;
    const evictedLb = () => its.cluster.api.requests.some((line) => /^DELETE .*\/pods\/lb-/.test(line));
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(its.host.programs).toHaveLength(3);
    expect(done.stderr).toContain("host: seldon-k3s: s1: 1 entry taken away");
    expect(done.stderr).toMatch(/PASS +claimed-host-ports +192\.0\.2\.11:80 \(kube-system\/lb-/);
  });

  test("a host port that answered before and does not afterwards fails the proof", async () => {
    its.cluster.workload("lb", {
      kind: "DaemonSet",
      namespace: "kube-system",
      hostPort: 80,
      replicas: [old(), { node: "a1" }],
    });
    const moved = () => its.cluster.api.requests.some((line) => /^DELETE .*\/pods\/lb-/.test(line));
    its.cluster.network = ({ kind, port }) => (kind === "tcp" && port === 80 && moved() ? "nc: timed out" : undefined);
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("FAIL claimed-host-ports");
    expect(done.stderr).toContain("nc: timed out; it answered before the pods were recreated");
  });

  test("a host port that never answered is skipped by name", async () => {
    its.cluster.workload("lb", {
      kind: "DaemonSet",
      namespace: "kube-system",
      hostPort: 80,
      replicas: [old(), { node: "a1" }],
    });
    its.cluster.network = ({ kind, port }) => (kind === "tcp" && port === 80 ? "nc: timed out" : undefined);
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain(
      "claimed-host-ports: nc: timed out; it did not answer before the pods were recreated either",
    );
  });

  test("where pods with host ports are forbidden the probe of one is skipped by name", async () => {
    its.cluster.api.intercept = ({ method, path, body }) => {
      const name = (body["metadata"] as { name?: string } | undefined)?.name ?? "";
      if (method !== "POST" || !path.endsWith("/pods") || !name.includes("host-port")) return undefined;
      return refusal(403, "Forbidden", "denied by policy no-host-ports");
    };
    const done = await rollout("node-pods", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("host-port: a pod with a host port is not allowed: denied by policy no-host-ports");
  });
});

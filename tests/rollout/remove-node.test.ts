import type { Node } from "../../checks/cluster/objects";
import { reasonAgainst } from "../../rollout/remove-node/quorum";
import { rollout } from "./support/io";
import { MiniCluster } from "./support/mini-cluster";

jest.setTimeout(60_000);

const node = (name: string, roles: readonly ("control-plane" | "etcd")[], ready = true): Node => ({
  metadata: { name, labels: Object.fromEntries(roles.map((role) => [`node-role.kubernetes.io/${role}`, "true"])) },
  status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});
const server = (name: string, ready = true) => node(name, ["control-plane", "etcd"], ready);

describe("what a control plane survives", () => {
  const cases: [string, Node, Node[], string | undefined][] = [
    ["an agent", node("a1", []), [node("s1", ["control-plane"])], undefined],
    ["the only server", node("s1", ["control-plane"]), [node("a1", [])], "it is the last server that is Ready"],
    ["the only server that is Ready", server("s1"), [server("s2", false)], "it is the last server that is Ready"],
    ["one of three members", server("s3"), [server("s1"), server("s2")], undefined],
    [
      "one of three, with one down",
      server("s3"),
      [server("s1"), server("s2", false)],
      "of the 2 etcd members that would be left, 1 are Ready; their quorum is 2",
    ],
    ["the one that is down", server("s3", false), [server("s1"), server("s2")], undefined],
    ["one of two members", server("s2"), [server("s1")], undefined],
    [
      "the last member, beside servers on another datastore",
      server("s2"),
      [node("s1", ["control-plane"])],
      "of the 0 etcd members that would be left, 0 are Ready; their quorum is 1",
    ],
  ];
  test.each(cases)("%s", (_, given, others, expected) => expect(reasonAgainst(given, others)).toBe(expected));
});

describe("remove-node", () => {
  let cluster: MiniCluster;
  beforeEach(async () => {
    cluster = await MiniCluster.start();
    cluster.node("s1", "calico");
    cluster.node("a1", "calico");
  });
  afterEach(() => cluster.stop());
  const subject = (more = {}) => cluster.subject({ node: "a1", ...more });
  const nodePath = "/api/v1/nodes/a1";

  test("cordons, moves the pods of every address, leaves DaemonSets', deletes the Node", async () => {
    cluster.rescheduleTo = "s1";
    cluster.workload("web", { replicas: [{ node: "a1" }, { node: "s1" }] });
    cluster.workload("agent", { kind: "DaemonSet", replicas: [{ node: "a1" }, { node: "s1" }] });
    const done = await rollout("remove-node", subject());
    expect(done.stderr).toContain("a1: node: deleting it");
    expect(done).toMatchObject({ exitCode: 0, stdout: "a1: not part of the cluster\n" });
    expect(cluster.podsOn("a1").map(({ metadata }) => metadata.labels?.["app"])).toEqual(["agent"]);
    expect(cluster.api.objects.has(nodePath)).toBe(false);
    const order = cluster.api.requests.filter((line) => /^(PATCH|DELETE) \/api\/v1\/nodes|eviction/.test(line));
    expect(order).toEqual([`PATCH ${nodePath}`, expect.stringContaining("/eviction"), `DELETE ${nodePath}`]);
    expect(cluster.least.get("web")).toBe(1);
  });

  test("a node that is not Ready is deleted without waiting for its pods", async () => {
    cluster.node("dead", "calico", false);
    cluster.workload("web", { replicas: [{ node: "dead" }, { node: "s1" }] });
    const done = await rollout("remove-node", subject({ node: "dead" }));
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("its kubelet does not answer, so no pod is moved");
    expect(cluster.api.requests.filter((line) => line.includes("eviction"))).toEqual([]);
  });

  test("a node that is gone is done; one with bare pods is refused before anything else moves", async () => {
    expect(await rollout("remove-node", subject({ node: "gone" }))).toMatchObject({
      exitCode: 0,
      stdout: "gone: not part of the cluster\n",
    });
    cluster.bare("lonely", { node: "a1" });
    const done = await rollout("remove-node", subject());
    expect(done.exitCode).toBe(1);
    expect(done.stderr).toContain("a1 has pods without a controller");
    expect(cluster.api.objects.has(nodePath)).toBe(true);
  });
});

import { type Deployment, parseBefore, reasonAgainst, restore, spreadPatch } from "../../rollout/spread/deployment";
import { rollout } from "./support/io";
import type { Stored } from "./support/mini-api";
import { MiniCluster } from "./support/mini-cluster";

jest.setTimeout(60_000);

const PATH = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";

describe("spread and unspread", () => {
  let cluster: MiniCluster;
  beforeEach(async () => {
    cluster = await MiniCluster.start();
    cluster.node("s1", "flannel");
    cluster.node("a1", "flannel");
    cluster.workload("coredns", { namespace: "kube-system", replicas: [{ node: "s1" }] });
    cluster.scales = true;
  });
  afterEach(() => cluster.stop());

  const subject = () => cluster.subject({});
  const deployment = (): Stored => cluster.api.objects.get(PATH)!;
  const nodes = () =>
    cluster
      .pods("coredns")
      .map(({ spec }) => spec?.["nodeName"])
      .sort();

  test("one replica becomes two on two nodes, and one again", async () => {
    const done = await rollout("spread", subject());
    expect(done.stderr).toContain("Deployment kube-system/coredns: 1 -> 2 replicas");
    expect(done.stderr).toContain("Deployment kube-system/traefik: stays as it is: it does not exist");
    expect(done.exitCode).toBe(0);
    expect(nodes()).toEqual(["a1", "s1"]);
    const back = await rollout("unspread", subject());
    expect(back.exitCode).toBe(0);
    expect(deployment().spec!["replicas"]).toBe(1);
    expect(deployment().metadata.annotations).toEqual({});
  });

  test("a second run changes nothing and forgets nothing", async () => {
    await rollout("spread", subject());
    const writes = () => cluster.api.requests.filter((line) => line.startsWith("PATCH")).length;
    const before = writes();
    expect((await rollout("spread", subject())).stderr).toContain("runs on two nodes already");
    expect(writes()).toBe(before);
    expect(deployment().metadata.annotations).toEqual({
      "seldon-k3s/before-spread": '{"replicas":1,"constraint":false}',
    });
  });

  test("replicas on one node are told to keep apart", async () => {
    cluster.rescheduleTo = "s1";
    const done = await rollout("spread", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("its replicas are on one node; they are told to keep apart");
    expect(deployment().spec!["template"]).toMatchObject({
      spec: {
        topologySpreadConstraints: [
          { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule", maxSkew: 1 },
        ],
      },
    });
    expect(deployment().metadata.annotations).toEqual({
      "seldon-k3s/before-spread": '{"replicas":1,"constraint":true}',
    });
  });

  test("what somebody has scaled meanwhile stays", async () => {
    await rollout("spread", subject());
    deployment().spec!["replicas"] = 3;
    cluster.scaled(deployment());
    const back = await rollout("unspread", subject());
    expect(back.stderr).toContain("3 -> unchanged replicas");
    expect(deployment().spec!["replicas"]).toBe(3);
  });

  test("where one node takes pods everything stays", async () => {
    cluster.api.objects.get("/api/v1/nodes/a1")!.spec!["unschedulable"] = true;
    const done = await rollout("spread", subject());
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain("only 1 node can take pods");
    expect(deployment().spec!["replicas"]).toBe(1);
  });

  test("unspread without a spread before does nothing", async () => {
    expect((await rollout("unspread", subject())).exitCode).toBe(0);
    expect(cluster.api.requests.filter((line) => line.startsWith("PATCH"))).toEqual([]);
  });
});

describe("a Deployment", () => {
  const given = (spec: Deployment["spec"], annotation?: string): Deployment => ({
    metadata: {
      name: "x",
      ...(annotation === undefined ? {} : { annotations: { "seldon-k3s/before-spread": annotation } }),
    },
    ...(spec === undefined ? {} : { spec }),
  });

  test("with a volume of one node, or scaled to 0, stays as it is", () => {
    const volumes = [{ name: "acme", persistentVolumeClaim: { claimName: "x" } }];
    expect(reasonAgainst(given({ template: { spec: { volumes } } }))).toBe(
      'its volume "acme" may only be used on one node',
    );
    expect(reasonAgainst(given({ replicas: 0 }))).toBe("it is scaled to 0");
    expect(
      reasonAgainst(given({ replicas: 1, template: { spec: { volumes: [{ name: "config" }] } } })),
    ).toBeUndefined();
  });

  test("remembers what it was, and nonsense in the annotation is nothing", () => {
    expect(parseBefore(given({}, '{"replicas":3,"constraint":true}'))).toEqual({ replicas: 3, constraint: true });
    for (const nonsense of ["", "x", "null", '{"replicas":"3"}', "[]"])
      expect(parseBefore(given({}, nonsense))).toBeUndefined();
  });

  test("never loses replicas by being spread, and gets its constraint taken away again", () => {
    const selector = { matchLabels: { app: "x" } };
    const patch = spreadPatch(given({ replicas: 5, selector }), { replicas: 5, constraint: true });
    expect(patch.spec?.replicas).toBe(5);
    expect(patch.spec?.template).toEqual({
      spec: {
        topologySpreadConstraints: [
          {
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "DoNotSchedule",
            maxSkew: 1,
            labelSelector: selector,
            matchLabelKeys: ["pod-template-hash"],
          },
        ],
      },
    });
    expect(restore(given({ replicas: 2 }), { replicas: 1, constraint: true }).spec).toEqual({
      replicas: 1,
      template: {
        spec: {
          topologySpreadConstraints: [
            { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule", $patch: "delete" },
          ],
        },
      },
    });
  });
});

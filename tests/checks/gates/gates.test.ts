import { runChecks } from "../../../checks/engine";
import { gateChecks } from "../../../checks/gates/gates";
import { problemOf } from "../../../checks/gates/workload";
import { GATE_IDS, type GateId, type Subject } from "../../../checks/subject";
import { condition, NS, pod, SeldonCluster } from "../support/seldon-cluster";

const AWAITED = [{ resource: "certificates.v1.cert-manager.io", namespace: NS, name: "ours" }];
const CERTIFICATE = `/apis/cert-manager.io/v1/namespaces/${NS}/certificates/ours`;

describe("gates", () => {
  let cluster: SeldonCluster;
  beforeEach(async () => {
    cluster = await SeldonCluster.start();
    cluster.api.object(CERTIFICATE, { metadata: { name: "ours" }, status: { conditions: [condition("Ready")] } });
  });
  afterEach(() => cluster.api.close());

  const look = (id: GateId, subject: Partial<Subject> = {}) =>
    runChecks(gateChecks(id, cluster.context({ awaited: AWAITED, ...subject })));
  /** What is not PASS, by target. */
  async function gaps(id: GateId, subject: Partial<Subject> = {}) {
    const run = await look(id, subject);
    const findings = run.results.flatMap((result) => result.findings);
    return Object.fromEntries(findings.filter(({ verdict }) => verdict !== "PASS").map((one) => [one.target, one]));
  }

  // The two that look at machines have tests of their own.
  const CLUSTER_GATES = GATE_IDS.filter((id) => id !== "hosts" && id !== "preflight");

  it.each(CLUSTER_GATES)("%s is passed by a healthy deployment", async (id) => {
    expect(await gaps(id)).toEqual({});
    expect((await look(id)).exitCode).toBe(0);
  });

  it.each([...CLUSTER_GATES, "preflight" as const])("%s never waits on another cluster", async (id) => {
    const run = await look(id, { uid: "other" });
    expect(run.results[0]?.findings[0]).toMatchObject({ verdict: "FAIL", final: true });
    expect(run.totals.PASS).toBe(0);
  });

  describe("calico-upgrade", () => {
    const PATH = "/apis/policy.networking.k8s.io/v1alpha1";

    it("stops at once where a policy would no longer be read, and names it", async () => {
      cluster.api.list(`${PATH}/adminnetworkpolicies`, [{ metadata: { name: "isolate" } }]);
      cluster.api.list(`${PATH}/baselineadminnetworkpolicies`, [{ metadata: { name: "default" } }]);
      const found = await gaps("calico-upgrade");
      expect(found["AdminNetworkPolicy"]).toMatchObject({ verdict: "FAIL", actual: "isolate", final: true });
      expect(found["BaselineAdminNetworkPolicy"]?.fix).toMatch(
        /ClusterNetworkPolicy .+ baselineadminnetworkpolicies default$/,
      );
    });

    it("is passed where the kinds are known and nobody uses them", async () => {
      cluster.api.list(`${PATH}/adminnetworkpolicies`, []);
      cluster.api.list(`${PATH}/baselineadminnetworkpolicies`, []);
      expect(await gaps("calico-upgrade")).toEqual({});
    });
  });

  describe("objects-ready", () => {
    const target = `certificates.v1.cert-manager.io ${NS}/ours`;
    it.each([
      ["is not there", undefined, "there is no such object"],
      ["has no condition", { metadata: { name: "ours" }, status: {} }, "Ready is not set"],
      [
        "is not ready",
        {
          metadata: { name: "ours" },
          status: { conditions: [condition("Ready", "False", { reason: "Pending", message: "issuer not found" })] },
        },
        "Ready=False (Pending: issuer not found)",
      ],
      [
        "was ready before the last change, by its condition",
        {
          metadata: { name: "ours", generation: 2 },
          status: { conditions: [condition("Ready", "True", { observedGeneration: 1 })] },
        },
        "Ready=True, but of generation 1; 2 is declared",
      ],
      [
        "was ready before the last change, by its status",
        {
          metadata: { name: "ours", generation: 3 },
          status: { observedGeneration: 2, conditions: [condition("Ready")] },
        },
        "Ready=True, but of generation 2; 3 is declared",
      ],
    ])("waits while an object %s", async (_, object, actual) => {
      cluster.api.replies.set(CERTIFICATE, object === undefined ? "missing object" : { json: object });
      expect((await gaps("objects-ready"))[target]).toMatchObject({ verdict: "FAIL", actual });
    });
  });

  describe("calico-ready", () => {
    it.each([
      [
        "not available",
        [condition("Available", "False", { reason: "NotReady", message: "1 of 3 nodes" })],
        "Available=False (NotReady: 1 of 3 nodes)",
      ],
      [
        "degraded although available",
        [condition("Available"), condition("Degraded", "True", { message: "Unable to delete IP pools" })],
        "Degraded=True (Unable to delete IP pools)",
      ],
      ["without conditions", [], "Available is not set"],
      [
        "of an earlier generation",
        [condition("Available", "True", { observedGeneration: 1 })],
        "Available=True, but of generation 1; 2 is declared",
      ],
    ])("waits while a status is %s", async (_, conditions, actual) => {
      cluster.api.object(cluster.paths.installation, { metadata: { name: "default", generation: 2 } });
      cluster.tigera("ippools", conditions);
      const found = await gaps("calico-ready");
      expect(found["TigeraStatus ippools"]).toMatchObject({ verdict: "FAIL", actual });
      expect(found["(whole check)"]).toMatchObject({
        verdict: "SKIPPED",
        actual: "needs calico-status, which is FAIL",
      });
    });

    it("waits while the operator still runs the version before, although every status is Available", async () => {
      const installation = (calicoVersion: string) =>
        cluster.api.object(cluster.paths.installation, { metadata: { name: "default" }, status: { calicoVersion } });
      cluster.api.list("/api/v1/namespaces/tigera-operator/pods", []);
      cluster.api.list("/api/v1/namespaces/tigera-operator/events", []);
      installation("v3.31.7");
      const upgraded = { calico: { version: "3.32.1", pools: ["10.42.128.0/17"], apiServer: true } };
      expect((await gaps("calico-ready", upgraded))["Installation default"]).toMatchObject({
        verdict: "FAIL",
        actual: "v3.31.7: the operator of 3.32.1 has not finished",
      });
      installation("v3.32.1");
      expect(await gaps("calico-ready", upgraded)).toEqual({});
    });

    it("takes a status without an observed generation at its word", async () => {
      cluster.api.object(cluster.paths.installation, { metadata: { name: "default", generation: 7 } });
      expect(await gaps("calico-ready")).toEqual({});
    });

    it("waits for a status that is not there yet, and looks at the operator", async () => {
      cluster.api.replies.set(cluster.paths.tigera("calico"), "missing object");
      cluster.api.list("/api/v1/namespaces/tigera-operator/pods", []);
      cluster.api.list("/api/v1/namespaces/tigera-operator/events", []);
      expect((await gaps("calico-ready"))["TigeraStatus calico"]).toMatchObject({
        actual: "there is no such TigeraStatus yet",
        evidence: ["no pod of tigera-operator exists in tigera-operator"],
      });
    });

    it("asks for the API server only where one is declared", async () => {
      cluster.api.replies.set(cluster.paths.tigera("apiserver"), "missing object");
      expect(
        await gaps("calico-ready", { calico: { version: "3.31.7", pools: ["10.42.128.0/17"], apiServer: false } }),
      ).toEqual({});
      expect(Object.keys(await gaps("calico-ready"))).toContain("TigeraStatus apiserver");
    });

    it("wants every declared pool", async () => {
      const found = await gaps("calico-ready", {
        calico: { version: "3.31.7", pools: ["10.42.128.0/17", "10.42.0.0/17"], apiServer: true },
      });
      expect(Object.values(found)).toEqual([
        expect.objectContaining({ target: "IPPool 10.42.0.0/17", actual: "no such pool among: 10.42.128.0/17" }),
      ]);
    });

    it("could not look while the CRDs are absent", async () => {
      for (const name of ["calico", "ippools", "apiserver"]) cluster.api.replies.delete(cluster.paths.tigera(name));
      expect((await look("calico-ready")).exitCode).toBe(2);
    });

    it("proves nothing for a stack without Calico", async () => {
      const run = await look("calico-ready", { calico: undefined });
      expect(run.totals).toMatchObject({ PASS: 1, SKIPPED: 3 });
    });
  });

  describe("seldon-runtime-ready", () => {
    it("is not deceived by a Ready SeldonRuntime whose workloads are missing, and looks at the operator", async () => {
      cluster.api.replies.set(cluster.paths.envoy, "missing object");
      cluster.workload(cluster.paths.operator, 0);
      const finding = (await gaps("seldon-runtime-ready"))["Deployment financial-ml/seldon-envoy"];
      expect(finding).toMatchObject({ verdict: "FAIL", actual: "it does not exist" });
      expect(finding?.evidence).toContain(
        "Seldon's operator, Deployment financial-ml/seldon-v2-controller-manager, 0 of 1 replicas ready",
      );
    });

    it("says why a workload is not ready: its pods and their warnings", async () => {
      cluster.workload(cluster.paths.scheduler, 0);
      const pending = pod("seldon-scheduler-0", { node: undefined, phase: "Pending" });
      pending.status.conditions.push(
        condition("PodScheduled", "False", { reason: "Unschedulable", message: "0/2 nodes" }),
      );
      cluster.api.list(cluster.paths.pods, [pending]);
      const event = (name: string, type: string, lastTimestamp: string) => ({
        type,
        lastTimestamp,
        reason: "FailedScheduling",
        message: "unbound  PersistentVolumeClaims",
        count: 4,
        involvedObject: { kind: "Pod", name },
      });
      cluster.api.list(cluster.paths.events, [
        event("seldon-scheduler-0", "Warning", "2"),
        event("seldon-schedulers", "Warning", "1"),
        event("seldon-scheduler-0", "Normal", "3"),
      ]);
      const finding = (await gaps("seldon-runtime-ready"))["StatefulSet financial-ml/seldon-scheduler"];
      expect(finding?.actual).toBe("0 of 1 replicas ready");
      expect(finding?.evidence).toEqual([
        "pod seldon-scheduler-0: Pending on node-1",
        "pod seldon-scheduler-0: PodScheduled=False (Unschedulable: 0/2 nodes)",
        "pod seldon-scheduler-0: Ready=False",
        "event Pod/seldon-scheduler-0: FailedScheduling: unbound PersistentVolumeClaims (4 times)",
      ]);
      expect(finding?.fix).toMatch(/^kubectl --kubeconfig \S+ -n financial-ml describe statefulset seldon-scheduler$/);
    });

    it("waits for the SeldonRuntime's own word too", async () => {
      cluster.api.list(cluster.paths.runtimes, [
        {
          metadata: { name: "seldon" },
          status: { conditions: [condition("SchedulerReady", "False"), condition("Ready", "Unknown")] },
        },
      ]);
      expect((await gaps("seldon-runtime-ready"))[`SeldonRuntime in ${NS}`]).toMatchObject({
        actual: "Ready=Unknown",
        evidence: ["SchedulerReady=False", "Ready=Unknown"],
      });
      cluster.api.list(cluster.paths.runtimes, []);
      expect((await gaps("seldon-runtime-ready"))[`SeldonRuntime in ${NS}`]).toMatchObject({ actual: "there are 0" });
    });

    it.each([
      ["the declared default", { "local-path": true, longhorn: false }, undefined],
      ["none", {}, "none is the default"],
      ["another default", { "local-path": false, longhorn: true }, "default: longhorn"],
      ["two defaults", { "local-path": true, longhorn: true }, "default: local-path, longhorn"],
    ] as const)("looks for the StorageClass that claims get: %s", async (_, classes, problem) => {
      const items = Object.entries(classes).map(([name, isDefault]) => ({
        metadata: { name, annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) } },
      }));
      cluster.api.list("/apis/storage.k8s.io/v1/storageclasses", items);
      const found = await gaps("seldon-runtime-ready", { storageClass: "local-path" });
      expect(found["default StorageClass"]?.actual).toBe(problem);
    });

    it("could not look while Seldon is half-installed", async () => {
      cluster.api.replies.delete("/apis/mlops.seldon.io/v1alpha1");
      expect((await look("seldon-runtime-ready")).exitCode).toBe(2);
    });
  });

  describe("servers-ready with bounds", () => {
    it("takes every number that the scheduler may choose", async () => {
      const servers = [{ namespace: NS, name: "mlserver", config: "mlserver" as const, replicas: 1, maxReplicas: 4 }];
      cluster.workload(cluster.paths.mlserver, 3, 3);
      expect(await gaps("servers-ready", { servers })).toEqual({});
      cluster.workload(cluster.paths.mlserver, 5, 5);
      expect((await gaps("servers-ready", { servers }))["StatefulSet financial-ml/mlserver"]).toMatchObject({
        actual: "it asks for 5 replicas, declared are 1 to 4",
      });
    });
  });

  describe("servers-ready", () => {
    const servers = (replicas: number) => ({
      servers: [{ namespace: "financial-ml", name: "mlserver", config: "mlserver" as const, replicas }],
    });

    it("counts the replicas that are declared, not those that the Server echoes", async () => {
      expect((await gaps("servers-ready", servers(2)))["StatefulSet financial-ml/mlserver"]).toMatchObject({
        actual: "it asks for 1 replicas, declared are 2",
      });
    });

    it("is passed by a Server without replicas", async () => {
      cluster.workload(cluster.paths.mlserver, 0, 0);
      expect(await gaps("servers-ready", servers(0))).toEqual({});
    });

    it("waits for the Server's condition after its pods", async () => {
      cluster.api.object(cluster.paths.server, {
        metadata: { name: "mlserver" },
        status: { conditions: [condition("Ready", "False", { message: "scheduler unreachable" })] },
      });
      expect((await gaps("servers-ready"))["Server financial-ml/mlserver"]).toMatchObject({
        actual: "Ready=False (scheduler unreachable)",
      });
      cluster.api.replies.set(cluster.paths.server, "missing object");
      expect((await gaps("servers-ready"))["Server financial-ml/mlserver"]?.actual).toBe("there is no such Server");
    });
  });
});

describe("problemOf a workload", () => {
  const workload = (generation: number, replicas: number | undefined, status: object) => ({
    metadata: { name: "x", generation },
    spec: replicas === undefined ? {} : { replicas },
    status,
  });
  it.each([
    ["ready", workload(1, 1, { observedGeneration: 1, readyReplicas: 1, updatedReplicas: 1 }), undefined, undefined],
    [
      "not seen yet",
      workload(2, 1, { observedGeneration: 1, readyReplicas: 1 }),
      undefined,
      "its controller has seen generation 1 of 2",
    ],
    ["without status", workload(1, 1, {}), undefined, "its controller has seen generation 0 of 1"],
    ["half ready", workload(1, 2, { observedGeneration: 1, readyReplicas: 1 }), undefined, "1 of 2 replicas ready"],
    [
      "half updated",
      workload(1, 2, { observedGeneration: 1, readyReplicas: 2, updatedReplicas: 1 }),
      undefined,
      "1 of 2 replicas updated",
    ],
    ["one replica by default", workload(1, undefined, { observedGeneration: 1 }), undefined, "0 of 1 replicas ready"],
    ["scaled to 0", workload(1, 0, { observedGeneration: 1 }), undefined, "it is scaled to 0"],
    ["0 declared", workload(1, 0, { observedGeneration: 1 }), { least: 0, most: 0 }, undefined],
    [
      "below its bounds",
      workload(1, 1, { observedGeneration: 1, readyReplicas: 1 }),
      { least: 2, most: 4 },
      "it asks for 1 replicas, declared are 2 to 4",
    ],
    [
      "between its bounds",
      workload(1, 3, { observedGeneration: 1, readyReplicas: 3 }),
      { least: 2, most: 4 },
      undefined,
    ],
    [
      "above its bounds",
      workload(1, 5, { observedGeneration: 1, readyReplicas: 5 }),
      { least: 2, most: 4 },
      "it asks for 5 replicas, declared are 2 to 4",
    ],
  ])("%s", (_, object, replicas, problem) => {
    expect(problemOf(object, replicas)).toBe(problem);
  });
});

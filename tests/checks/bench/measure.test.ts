/** A whole run against a fake API server on which pods that measure are real processes. */
import { measureNetwork } from "../../../checks/bench/measure";
import { PATHS } from "../../../checks/bench/paths";
import { heldModel } from "../../../checks/bench/scene";
import { stackSchema } from "../../../config/schema";
import { type Client, startClient, whyNoClient } from "../support/bench-client";
import { ProbeCluster, type StoredPod } from "../support/probe-cluster";
import { stackSections } from "../support/machines";
import { NS } from "../support/seldon-cluster";
import { grpcServer, httpServer, type Standing } from "../support/servers";

const SETTINGS = { rounds: 2, requests: 15, concurrency: 2, seconds: 0.2, image: "mlserver:1.7.1" };
const never = new AbortController().signal;
const describeIf = whyNoClient() === undefined ? describe : describe.skip;

/** Loopback addresses take the place of pod addresses, so that every pod has its own and the real ports are free. */
const ADDRESS: Readonly<Record<string, string>> = {
  "server-here": "127.0.0.2",
  "envoy-here": "127.0.0.3",
  "envoy-there": "127.0.0.4",
};

describeIf(`measureNetwork${whyNoClient() === undefined ? "" : ` (skipped: ${whyNoClient()})`}`, () => {
  let cluster: ProbeCluster;
  const standing: (Standing | Promise<Client>)[] = [];
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const measure = (settings = {}, signal = never) =>
    measureNetwork(
      cluster.context({ smokeModel: { namespace: NS, name: "iris" } }),
      { ...SETTINGS, ...settings },
      say,
      signal,
    );

  beforeEach(async () => {
    said.length = 0;
    cluster = await ProbeCluster.start(stackSchema.parse(stackSections()));
    const labels = { "app.kubernetes.io/name": "seldon-server" };
    const status = { phase: "Running", podIP: ADDRESS["server-here"]!, conditions: [] };
    cluster.add("mlserver-0", "node-2", labels, { status });
    const rest = await httpServer((request, response) => {
      const index = request.url === "/v2/repository/index" ? '[{"name": "iris_3", "state": "READY"}]' : "{}";
      request.resume().once("end", () => response.end(index));
    });
    const grpc = await grpcServer(true);
    standing.push(rest, grpc);
    cluster.api.forwards.set(`${NS}/mlserver-0:9000`, rest.port);
    cluster.api.forwards.set(`${NS}/mlserver-0:9500`, grpc.port);
    const cni = {
      metadata: { name: "calico-node-x", namespace: "calico-system", labels: { "k8s-app": "calico-node" } },
    };
    cluster.api.list("/api/v1/pods", [{ ...cni, spec: { nodeName: "node-1", containers: [] } }]);
    let looks = 0;
    cluster.api.replies.set("/api/v1/nodes/node-1/proxy/stats/summary", () => {
      looks += 1;
      const cpu = { usageCoreNanoSeconds: 1e9 * looks, time: new Date(1e12 + 20_000 * looks).toISOString() };
      const podRef = { name: "calico-node-x", namespace: "calico-system" };
      return { json: { pods: [{ podRef, cpu, memory: { workingSetBytes: 2 ** 27 } }] } };
    });
    cluster.onStart = runReally;
  });
  afterEach(async () => {
    for (const one of standing.splice(0)) await (await one).close();
    await cluster.close();
  });

  /** Starts the program of the pod's own manifest's environment, and leads the port-forward there. */
  function runReally(pod: StoredPod): void {
    const role = Object.keys(ADDRESS).find((one) => pod.metadata.name.includes(`-bench-${one}-`));
    if (role === undefined) return;
    pod.status.podIP = ADDRESS[role]!;
    const ports = pod.spec.containers[0]!.env!.find(({ name }) => name === "PROBE_PORTS")!.value;
    const client = startClient(ADDRESS[role]!, ports.split(" ").map(Number));
    standing.push(client);
    const key = `${pod.metadata.namespace}/${pod.metadata.name}:8480`;
    const conditions = pod.status["conditions"] as { type: string; status: string }[];
    // The kubelet reaches it when it listens.
    pod.status["conditions"] = [];
    void client.then(({ control }) => {
      cluster.api.forwards.set(key, control);
      pod.status["conditions"] = conditions;
    });
  }

  it("measures every way that there is, says why the others are not, and leaves nothing behind", async () => {
    const result = await measure();
    expect(result.paths.map(({ id, rounds }) => `${id} ${rounds.length}`)).toEqual(
      ["loopback-http", "loopback-grpc", "pod-same-node", "pod-across-nodes"]
        .concat("agent-same-node", "agent-across-nodes")
        .map((id) => `${id} 2`),
    );
    for (const { rounds } of result.paths) {
      for (const { latencyMs, perSecond, failures } of rounds) {
        expect([latencyMs.count, failures]).toEqual([15, 0]);
        expect(perSecond).toBeGreaterThan(0);
      }
    }
    // In this test a pod answers on its own address alone, and nobody knows the Service's name.
    expect(result.skipped.map(({ id, reason }) => `${id}: ${reason.split(":")[0]}`)).toEqual([
      "pod-loopback: ConnectionRefusedError",
      "service: gaierror",
      "inference: gaierror",
    ]);
    const usage = { pod: "calico-system/calico-node-x", node: "node-1", cpuMillicores: 50, memoryMiB: 128 };
    expect(result).toMatchObject({
      cni: "calico",
      image: "mlserver:1.7.1",
      kubernetes: "v1.33.8+k3s1",
      usage: [usage],
    });
    expect(cluster.probes).toEqual([]);
    expect(said.filter((line) => line.startsWith("round "))).toHaveLength(9 + 6);
  }, 60_000);

  it("starts restricted pods that no Service leads to, beside the server pod and on another node", async () => {
    const pods: StoredPod[] = [];
    cluster.onStart = (pod) => {
      pods.push(pod);
      runReally(pod);
    };
    await measure({ rounds: 1 });
    expect(pods.map(({ metadata, spec }) => `${metadata.labels["app.kubernetes.io/name"]} ${spec.nodeName}`)).toEqual([
      "seldon-server node-2",
      "seldon-envoy node-2",
      "seldon-envoy node-1",
    ]);
    expect(new Set(cluster.sentTo).size).toBe(1);
    for (const { spec } of pods) {
      expect(spec.containers[0]).toMatchObject({
        image: "mlserver:1.7.1",
        command: ["python3", "-u", "-c", expect.any(String)],
      });
      expect(spec).toMatchObject({ readinessGates: [{}], securityContext: { runAsNonRoot: true } });
    }
  }, 60_000);

  it("removes its pods when it is called off", async () => {
    const controller = new AbortController();
    const running = measureNetwork(
      cluster.context(),
      SETTINGS,
      (line) => {
        if (line.startsWith("round 1 of 2: pod to pod")) controller.abort(new Error("interrupted by SIGINT"));
      },
      controller.signal,
    );
    await expect(running).rejects.toThrow();
    expect(cluster.probes).toEqual([]);
  }, 60_000);

  it("measures the rest where a pod does not start, and no CNI that runs in no pod", async () => {
    const { onStart } = cluster;
    cluster.onStart = (pod) => {
      if (pod.metadata.name.includes("envoy-there")) pod.status = { phase: "Failed" };
      else onStart(pod);
    };
    cluster.api.list("/api/v1/pods", []);
    const result = await measure({ rounds: 1 });
    const reasons = new Map(result.skipped.map(({ id, reason }) => [id, reason]));
    expect(reasons.get("pod-across-nodes")).toMatch(
      /^pod seldon-k3s-policy-bench-envoy-there-.*: it has ended \(Failed\)/,
    );
    expect(reasons.get("usage")).toMatch(/part of the K3s process/);
    expect(result.paths.map(({ id }) => id)).toContain("pod-same-node");
  }, 60_000);

  it("starts nothing where a Service would send requests to its pods", async () => {
    cluster.publishNotReady = true;
    await expect(measure()).rejects.toThrow(/Service .*seldon-mesh would send requests to the pods that measure/);
    expect(cluster.sentTo).toEqual([]);
  });

  it("needs an image with Python, and nodes that are real", async () => {
    await expect(measure({ image: undefined })).rejects.toThrow(
      /pod mlserver-0 has no container mlserver or triton, so there is no image known to have Python/,
    );
    cluster.cluster.simulate();
    await expect(measure()).rejects.toThrow(/nothing can be measured here: every node is simulated by KWOK/);
  });
});

it.each([
  ['[{"name": "iris_12", "state": "READY"}]', "iris_12"],
  ['[{"name": "iris_1", "state": "UNAVAILABLE"}]', undefined],
  ['[{"name": "iris-two_1", "state": "READY"}, {"name": "iris", "state": "READY"}]', undefined],
  ['{"error": "no"}', undefined],
  ["<html>", undefined],
])("the loaded model in %j is %s", (body, expected) => {
  expect(heldModel(body, "iris")).toBe(expected);
});

it("every path has a name of its own", () => {
  expect(new Set(PATHS.map(({ id }) => id)).size).toBe(PATHS.length);
});

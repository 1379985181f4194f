import { runChecks, type RunResult } from "../../../checks/engine";
import { successCriteria } from "../../../checks/criteria/criteria";
import { CURL_NOTE } from "../../../checks/criteria/loopback";
import { notesOf } from "../../../checks/report/report";
import type { Subject } from "../../../checks/subject";
import { condition, NS, pod, SeldonCluster } from "../support/seldon-cluster";
import { openssl, selfSigned } from "../support/certificates";
import { REFUSED_PORT } from "../../support/ports";
import { grpcServer, httpServer, httpsServer, type Standing } from "../support/servers";

describe("success criteria", () => {
  let cluster: SeldonCluster;
  const standing: Standing[] = [];
  let inferred: { path?: string; model?: string | string[]; body?: unknown };
  let prediction: unknown;

  beforeEach(async () => {
    cluster = await SeldonCluster.start();
    prediction = { model_name: "test-model-simple_1" };
    const plain = (ok: string) =>
      httpServer((request, response) =>
        response.writeHead(`${request.method} ${request.url}` === ok ? 200 : 404).end("{}"),
      );
    const ports: [string, Promise<Standing>][] = [
      ["mlserver-0:9000", plain("GET /v2/health/ready")],
      ["mlserver-0:9500", grpcServer(true)],
      ["mlserver-0:5572", plain("POST /rc/noop")],
      ["mlserver-0:9008", plain("GET /ready")],
      [
        "seldon-envoy-5d-x:9000",
        httpServer((request, response) => {
          let body = "";
          request.on("data", (chunk: Buffer) => (body += chunk.toString()));
          request.on("end", () => {
            inferred = { path: request.url, model: request.headers["seldon-model"], body: JSON.parse(body) as unknown };
            response.end(JSON.stringify(prediction));
          });
        }),
      ],
    ];
    for (const [target, server] of ports) {
      const stands = await server;
      standing.push(stands);
      cluster.api.forwards.set(`${NS}/${target}`, stands.port);
    }
  });
  afterEach(async () => {
    await Promise.all(standing.splice(0).map((server) => server.close()));
    await cluster.api.close();
  });

  const judge = (subject: Partial<Subject> = {}, since?: Date): Promise<RunResult> =>
    runChecks(successCriteria(cluster.context(subject, since)));
  const verdicts = (run: RunResult) => Object.fromEntries(run.results.map(({ check, verdict }) => [check.id, verdict]));
  const only = (run: RunResult, id: string) => {
    const findings = run.results.find(({ check }) => check.id === id)?.findings ?? [];
    expect(findings).toHaveLength(1);
    return findings[0]!;
  };
  const LOOPBACK = ["server-http-ready", "server-grpc-live", "rclone-answers", "agent-ready"];

  it("all pass on a healthy deployment, with the true request of the inference", async () => {
    const run = await judge();
    expect(verdicts(run)).toEqual({
      "cluster-identity": "PASS",
      "seldon-crds": "PASS",
      "server-http-ready": "PASS",
      "server-grpc-live": "PASS",
      "rclone-answers": "PASS",
      "agent-ready": "PASS",
      "model-ready": "PASS",
      "no-empty-server": "PASS",
      inference: "PASS",
      // Without a word about probes in the subject none is started.
      "probe-pods": "SKIPPED",
      "policy-table": "SKIPPED",
      "server-address": "SKIPPED",
    });
    expect(run.exitCode).toBe(0);
    expect(inferred).toMatchObject({
      path: "/v2/models/test-model-simple/infer",
      model: "test-model-simple",
      body: { inputs: [{ shape: [1, 4], datatype: "FP32", data: [[1, 2, 3, 4]] }] },
    });
    expect(notesOf(run)).toEqual([CURL_NOTE]);
  });

  it("tells why the first written criterion can never be met", () => {
    expect(CURL_NOTE).toMatch(
      /curl http:\/\/127\.0\.0\.1:9500\/v2\/health.*never answer 200: 9500 speaks gRPC.*no route of MLServer/,
    );
  });

  it("refuses another cluster before anything else is looked at, for good", async () => {
    const run = await judge({ uid: "0b5c0e8a-0000-4a51-9a51-3a5f6a1f0001" });
    expect(only(run, "cluster-identity")).toMatchObject({ verdict: "ERROR", final: true });
    expect(run.totals).toMatchObject({ ERROR: 1, FAIL: 0, PASS: 0 });
    expect(cluster.api.requests.filter((request) => !/kube-system|version/.test(request))).toEqual([]);
    expect(run.exitCode).toBe(2);
  });

  it("could not look when the kubeconfig is missing", async () => {
    const run = await judge({ kubeconfig: "/nowhere/kubeconfig.yaml" });
    expect(only(run, "cluster-identity")).toMatchObject({ verdict: "ERROR", final: true });
    expect(run.exitCode).toBe(2);
  });

  it("could not look when Seldon's CRDs are absent or incomplete", async () => {
    cluster.api.object("/apis/mlops.seldon.io/v1alpha1", { resources: [{ name: "models" }] });
    expect(only(await judge(), "seldon-crds")).toMatchObject({
      verdict: "ERROR",
      actual: "Seldon is half-installed: the CRDs of servers, seldonruntimes are absent",
    });
    cluster.api.replies.delete("/apis/mlops.seldon.io/v1alpha1");
    // A cluster on which Seldon was never installed has none of its pods either.
    cluster.api.list(cluster.paths.pods, []);
    const run = await judge();
    expect(only(run, "seldon-crds").actual).toContain("models, servers, seldonruntimes are absent");
    expect(run.totals.FAIL).toBe(0);
    expect(run.exitCode).toBe(2);
  });

  it("names a port that nothing listens on, next to what the container did", async () => {
    cluster.api.forwards.set(`${NS}/mlserver-0:9500`, REFUSED_PORT);
    const crashed = {
      name: "mlserver",
      ready: false,
      restartCount: 3,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { reason: "OOMKilled", exitCode: 137 } },
    };
    cluster.api.list(cluster.paths.pods, [pod("mlserver-0", { containers: [crashed] }), pod("seldon-scheduler-0")]);
    const run = await judge();
    expect(only(run, "server-grpc-live")).toMatchObject({
      verdict: "FAIL",
      target: "financial-ml/mlserver-0:9500",
      actual: "connection refused: nothing listens on 127.0.0.1:9500 in this pod",
      evidence: expect.arrayContaining([
        "pod mlserver-0, container mlserver: not ready, waiting: CrashLoopBackOff, 3 restarts, last end: OOMKilled, exit code 137",
      ]) as string[],
      fix: expect.stringMatching(/logs mlserver-0 -c mlserver --tail 50 --previous$/) as string,
    });
    expect(verdicts(run)["server-http-ready"]).toBe("PASS");
  });

  it("tells a server bound to the pod's address, and one that is starting, from one that does not listen", async () => {
    cluster.api.forwards.set(`${NS}/mlserver-0:9000`, REFUSED_PORT);
    const shown = (status: object) => {
      const server = pod("mlserver-0", { containers: [{ name: "mlserver", restartCount: 0, ...status }] });
      const containers = [{ name: "mlserver", readinessProbe: { httpGet: { port: 9000 } } }];
      const bound = {
        ...server,
        spec: { ...server.spec, containers },
        status: { ...server.status, podIP: "10.42.1.7" },
      };
      cluster.api.list(cluster.paths.pods, [bound, pod("seldon-scheduler-0")]);
    };
    shown({ ready: true, started: true, state: { running: {} } });
    expect(only(await judge(), "server-http-ready").actual).toBe(
      "listens elsewhere: 127.0.0.1:9000 refuses, while the kubelet reaches 10.42.1.7:9000 (container mlserver is ready)",
    );
    shown({ ready: false, started: false, state: { running: {} } });
    expect(only(await judge(), "server-http-ready").actual).toMatch(
      /^not ready yet: container mlserver runs and has not passed its startup probe; connection refused/,
    );
  });

  it("takes no probe pod for a server pod, although it wears the label", async () => {
    const labels = { "app.kubernetes.io/name": "seldon-server", "seldon-k3s/probe": "policy" };
    cluster.api.list(cluster.paths.pods, [pod("mlserver-0"), pod("seldon-k3s-policy-x", { labels })]);
    expect(only(await judge(), "server-http-ready").target).toBe("financial-ml/mlserver-0:9000");
  });

  it("names an agent that is not ready", async () => {
    const agent = await httpServer((_, response) => response.writeHead(404).end("target not set"));
    standing.push(agent);
    cluster.api.forwards.set(`${NS}/mlserver-0:9008`, agent.port);
    expect(only(await judge(), "agent-ready").actual).toMatch(/^404 in \d+ ms: target not set \(not ready yet\)$/);
  });

  it("fails for a declared server pod that does not exist or does not run", async () => {
    cluster.api.list(cluster.paths.pods, [pod("mlserver-0", { phase: "Pending" }), pod("seldon-scheduler-0")]);
    const run = await judge({
      servers: [{ namespace: "financial-ml", name: "mlserver", config: "mlserver", replicas: 2 }],
    });
    const findings = run.results.find(({ check }) => check.id === "agent-ready")!.findings;
    expect(findings.map(({ target, verdict, actual }) => [target, verdict, actual])).toEqual([
      ["financial-ml/mlserver-0:9008", "FAIL", "the pod is Pending, so nothing can listen"],
      ["financial-ml/mlserver-1:9008", "FAIL", "there is no such pod"],
    ]);
  });

  it("skips the loopback probes of a stack without server replicas", async () => {
    cluster.api.list(cluster.paths.pods, [pod("seldon-scheduler-0"), pod("seldon-envoy-5d-x")]);
    const run = await judge({
      servers: [{ namespace: "financial-ml", name: "mlserver", config: "mlserver", replicas: 0 }],
    });
    expect(only(run, "agent-ready")).toMatchObject({ verdict: "SKIPPED" });
  });

  it("fails while the Model is not Ready, with the operator's reason, and does not infer", async () => {
    const conditions = [
      condition("Ready", "False"),
      condition("ModelReady", "False", { reason: "no matching servers", message: "ScheduleFailed" }),
    ];
    cluster.api.object(cluster.paths.model, { metadata: { name: "test-model-simple" }, status: { conditions } });
    const run = await judge();
    expect(only(run, "model-ready")).toMatchObject({
      verdict: "FAIL",
      actual: "Ready=False",
      evidence: ["ModelReady=False (no matching servers: ScheduleFailed)"],
    });
    expect(only(run, "inference")).toMatchObject({ verdict: "SKIPPED", actual: "needs model-ready, which is FAIL" });
  });

  it("fails when there is no such Model", async () => {
    cluster.api.replies.set(cluster.paths.model, "missing object");
    expect(only(await judge(), "model-ready")).toMatchObject({ verdict: "FAIL", actual: "there is no such Model" });
  });

  describe("inference", () => {
    it.each([
      ["another model", { model_name: "iris_1" }, /but by model iris_1$/],
      ["a longer name", { model_name: "test-model-simple_1_x" }, /but by model test-model-simple_1_x$/],
      ["no model name", { outputs: [] }, /but by no named model$/],
    ])("fails when %s answers", async (_, answer, actual) => {
      prediction = answer;
      expect(only(await judge(), "inference")).toMatchObject({
        verdict: "FAIL",
        actual: expect.stringMatching(actual) as string,
      });
    });

    it("passes when MLServer itself answers, without a version", async () => {
      prediction = { model_name: "test-model-simple" };
      expect(only(await judge(), "inference").verdict).toBe("PASS");
    });

    (openssl ? it : it.skip)(`speaks TLS where Envoy does${openssl ? "" : " (skipped: no openssl)"}`, async () => {
      const { key, cert } = selfSigned(`seldon-mesh.${NS}.svc`);
      const server = await httpsServer(key, cert, (_, response) => response.end(JSON.stringify(prediction)));
      standing.push(server);
      cluster.api.forwards.set(`${NS}/seldon-envoy-5d-x:9000`, server.port);
      const secret = `/api/v1/namespaces/${NS}/secrets/seldon-downstream-server`;
      cluster.api.replies.set(secret, "missing object");
      const found = async () => only(await judge({ dataPlaneTls: true }), "inference");
      expect(await found()).toMatchObject({ verdict: "FAIL", actual: "Secret seldon-downstream-server is absent" });
      cluster.api.object(secret, { data: { "ca.crt": Buffer.from(cert).toString("base64") } });
      expect(await found()).toMatchObject({ verdict: "PASS" });
      cluster.api.object(secret, { data: {} });
      expect(await found()).toMatchObject({ actual: "Secret seldon-downstream-server has no ca.crt" });
    });

    it.each([
      [
        "no Service",
        () => cluster.api.replies.set(cluster.paths.service, "missing object"),
        "there is no such Service",
      ],
      ["no ready endpoint", () => cluster.api.list(cluster.paths.slices, []), "the Service has no ready endpoint"],
    ])("fails with %s", async (_, breakIt, actual) => {
      breakIt();
      expect(only(await judge(), "inference")).toMatchObject({ verdict: "FAIL", actual });
    });
  });

  describe("scheduler's log", () => {
    const stamp = "2026-11-22T16:00:00.5Z";
    const empty = (model: string) => `${stamp} level=warning msg="Empty server for ${model}:1 so ignoring event"\n`;

    it("fails for a model that is still without a server, and says what the line means", async () => {
      cluster.api.replies.set(cluster.paths.log, { text: empty("lost") });
      const model = { metadata: { name: "lost" }, status: { conditions: [condition("Ready", "False")] } };
      cluster.api.object(`${cluster.paths.models}/lost`, model);
      const finding = only(await judge(), "no-empty-server");
      expect(finding).toMatchObject({ verdict: "FAIL", actual: "without a server and not scheduled since: lost" });
      expect(finding.evidence.join("\n")).toMatch(
        /Empty server for lost:1.*\(1 in all\): no scheduling of this model followed[^]*nothing about the network/,
      );
    });

    it.each([
      ["was deleted since", "missing object" as const, "PASS"],
      ["became Ready since", ready("2026-11-22T16:00:00Z"), "PASS"],
      ["was Ready only before", ready("2026-11-22T15:59:00Z"), "FAIL"],
    ])("judges a model that %s", async (_, reply, verdict) => {
      cluster.api.replies.set(cluster.paths.log, { text: empty("m") });
      cluster.api.replies.set(`${cluster.paths.models}/m`, reply);
      expect(only(await judge(), "no-empty-server").verdict).toBe(verdict);
    });

    function ready(lastTransitionTime: string) {
      return {
        json: { metadata: { name: "m" }, status: { conditions: [condition("Ready", "True", { lastTransitionTime })] } },
      };
    }

    it("reads the log from before a restart too", async () => {
      const restarted = { name: "scheduler", ready: true, restartCount: 1 };
      cluster.api.list(cluster.paths.pods, [pod("seldon-scheduler-0", { containers: [restarted] })]);
      cluster.api.replies.set(cluster.paths.log, (query) => ({
        text: query.get("previous") === "true" ? empty("lost") : "",
      }));
      cluster.api.replies.set(`${cluster.paths.models}/lost`, ready("2026-11-22T15:00:00Z"));
      expect(only(await judge(), "no-empty-server").verdict).toBe("FAIL");
    });

    it("asks only for what came since the deployment started", async () => {
      await judge({}, new Date("2026-11-22T16:30:00Z"));
      expect(cluster.api.requests.find((request) => request.includes("/log"))).toContain(
        "sinceTime=2026-11-22T16%3A30%3A00.000Z",
      );
    });
  });

  describe("simulated pods", () => {
    beforeEach(() => cluster.simulate());

    it("skips what needs a real process, with the reason, and passes the rest", async () => {
      const run = await judge();
      for (const id of [...LOOPBACK, "no-empty-server", "inference"]) {
        expect(only(run, id)).toMatchObject({
          verdict: "SKIPPED",
          actual: expect.stringContaining("simulated by KWOK") as string,
        });
      }
      expect(verdicts(run)).toMatchObject({ "cluster-identity": "PASS", "seldon-crds": "PASS", "model-ready": "PASS" });
      expect(cluster.api.requests.filter((request) => /UPGRADE|pods\/.*\/log/.test(request))).toEqual([]);
      expect(run.exitCode).toBe(0);
    });

    it("probes the ports and the log that KWOK sends to a real process, and says so", async () => {
      const selector = { matchNamespaces: [NS] };
      cluster.api.list(cluster.paths.clusterPortForwards, [
        { metadata: { name: "real" }, spec: { selector, forwards: [{ ports: [9000, 9500] }] } },
      ]);
      cluster.api.list(cluster.paths.clusterLogs, [
        { metadata: { name: "real" }, spec: { selector, logs: [{ containers: ["scheduler"] }] } },
      ]);
      const run = await judge();
      expect(verdicts(run)).toMatchObject({
        "server-http-ready": "PASS",
        "server-grpc-live": "PASS",
        "rclone-answers": "SKIPPED",
        "agent-ready": "SKIPPED",
        "no-empty-server": "PASS",
        inference: "PASS",
      });
      expect(notesOf(run).filter((note) => /real (process|log) stands behind/.test(note))).toHaveLength(3);
    });

    it("fails when the real process behind a simulated port is gone", async () => {
      cluster.api.list(cluster.paths.clusterPortForwards, [{ metadata: { name: "real" }, spec: { forwards: [{}] } }]);
      cluster.api.forwards.set(`${NS}/mlserver-0:9008`, REFUSED_PORT);
      expect(only(await judge(), "agent-ready").verdict).toBe("FAIL");
    });
  });
});

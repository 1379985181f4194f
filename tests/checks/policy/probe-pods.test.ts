/** The pods that probe the policies of a stack: what is told where they do not come up, and that none is left. */
import { runChecks } from "../../../checks/engine";
import type { Subject } from "../../../checks/subject";
import type { ProbeCluster } from "../support/probe-cluster";
import { checksOf, failed, findingsOf, line, ProbedStack, table } from "../support/probed-stack";
import { NS } from "../support/seldon-cluster";

jest.setTimeout(60_000);

let stack: ProbedStack;
let cluster: ProbeCluster;
beforeEach(async () => {
  stack = await ProbedStack.start();
  cluster = stack.cluster;
});
afterEach(() => cluster.close());
const probe: ProbedStack["probe"] = (...args) => stack.probe(...args);

describe("pods that do not come up", () => {
  test("cost the lines that need them, and are told with what Kubernetes knows", async () => {
    cluster.onStart = (pod) => {
      if (!pod.metadata.name.includes("scheduler-here")) return;
      pod.status = {
        ...pod.status,
        phase: "Failed",
        containerStatuses: [
          { name: "probe", ready: false, restartCount: 0, state: { waiting: { reason: "ErrImagePull" } } },
        ],
      };
    };
    const run = await probe();
    expect(findingsOf(run, "probe-pods")[0]).toMatchObject({
      verdict: "FAIL",
      target: "5 probe pods on node-1",
      evidence: expect.arrayContaining([expect.stringContaining("ErrImagePull")]) as string[],
      fix: expect.stringContaining("validation.probeImage") as string,
    });
    expect(line(run, "envoy (financial-ml) -> scheduler (financial-ml):9002")).toMatchObject({
      verdict: "SKIPPED",
      actual: expect.stringMatching(
        /^probe pod seldon-k3s-policy-financial-ml-scheduler-here-r\w+ is not up$/,
      ) as string,
    });
    expect(line(run, "envoy (financial-ml) -> server (financial-ml):9001").verdict).toBe("PASS");
    expect(cluster.probes).toEqual([]);
  });

  test("one that comes up later serves the next round", async () => {
    cluster.onStart = (pod) => {
      if (pod.metadata.name.includes("scheduler-here")) pod.status = { ...pod.status, phase: "Failed" };
    };
    const context = cluster.context();
    const checks = checksOf(context);
    const target = "envoy (financial-ml) -> scheduler (financial-ml):9002";
    expect(line(await runChecks(checks), target).verdict).toBe("SKIPPED");
    for (const pod of cluster.pods.values()) pod.status = { ...pod.status, phase: "Running" };
    const created = cluster.api.requests.filter((request) => request.startsWith("POST")).length;
    expect(line(await runChecks(checks), target).verdict).toBe("PASS");
    expect(cluster.api.requests.filter((request) => request.startsWith("POST"))).toHaveLength(created);
    await context.finish((line) => void stack.told.push(line));
    expect(cluster.probes).toEqual([]);
  });

  test("an admission that refuses one is a finding", async () => {
    cluster.refuse = ({ metadata }) =>
      metadata.namespace === "kube-system"
        ? {
            json: { kind: "Status", reason: "Forbidden", message: 'pods "x" is forbidden: exceeded quota: pods' },
            status: 403,
          }
        : undefined;
    const run = await probe();
    expect(findingsOf(run, "probe-pods")[1]).toMatchObject({
      verdict: "FAIL",
      actual: expect.stringContaining("exceeded quota") as string,
    });
    expect(line(run, "client (kube-system) -> envoy (financial-ml):9000").verdict).toBe("SKIPPED");
  });

  test("a missing right is no finding about the cluster: could not look, with the right", async () => {
    cluster.refuse = () => ({
      json: {
        kind: "Status",
        reason: "Forbidden",
        message:
          'pods is forbidden: User "eve" cannot create resource "pods" in API group "" in the namespace "financial-ml"',
      },
      status: 403,
    });
    const run = await probe();
    expect(findingsOf(run, "probe-pods")[0]).toMatchObject({
      verdict: "ERROR",
      actual: 'missing right: user "eve" may not create pods in namespace financial-ml',
      fix: expect.stringContaining("validation.probePods") as string,
    });
    expect(run.exitCode).toBe(2);
    expect([...cluster.namespaces].filter((name) => name.startsWith("seldon-k3s-policy"))).toEqual([]);
  });
});

describe("what is removed, whatever happens", () => {
  test("an interruption in the middle", async () => {
    const controller = new AbortController();
    let count = 0;
    cluster.network = () => {
      count += 1;
      if (count === 30) controller.abort(new Error("interrupted by SIGINT"));
      return undefined;
    };
    const run = await probe({}, controller.signal);
    expect(run.exitCode).toBe(1);
    expect(cluster.probes).toEqual([]);
    expect([...cluster.namespaces].filter((name) => name.startsWith("seldon-k3s-policy"))).toEqual([]);
  });

  test("an interruption while pods start, also of those that are made at that moment", async () => {
    const controller = new AbortController();
    cluster.onStart = (pod) => {
      pod.status = { ...pod.status, conditions: [] };
      if (pod.metadata.name.includes("envoy")) controller.abort(new Error("interrupted by SIGINT"));
    };
    await probe({}, controller.signal);
    expect(cluster.probes).toEqual([]);
  });

  test("what a killed run has left, and nothing of a run that may be at work", async () => {
    const left = (name: string, owner: string) =>
      cluster.add(
        name,
        "node-1",
        { "seldon-k3s/probe": "policy", "seldon-k3s/probe-run": "old", "app.kubernetes.io/name": "seldon-envoy" },
        {
          metadata: {
            name,
            namespace: NS,
            labels: { "seldon-k3s/probe": "policy", "seldon-k3s/probe-run": "old" },
            annotations: {
              "seldon-k3s/probe-owner": owner,
              "seldon-k3s/probe-until": owner === "gone/1" ? "2020-01-01T00:00:00Z" : "2999-01-01T00:00:00Z",
            },
          },
        },
      );
    left("seldon-k3s-policy-a-rold", "gone/1");
    left("seldon-k3s-policy-b-rold", "elsewhere/1");
    const run = await probe();
    expect(cluster.probes).toEqual(["financial-ml/seldon-k3s-policy-b-rold"]);
    expect(findingsOf(run, "probe-pods")[0]).toMatchObject({
      evidence: ["removed what a killed run had left: financial-ml/seldon-k3s-policy-a-rold"],
      note: "Probe pods of another run are left alone: financial-ml/seldon-k3s-policy-b-rold.",
    });
  });

  test("what cannot be removed is told, with when it ends by itself", async () => {
    const write = cluster.api.write;
    cluster.api.write = (method, path, sent) =>
      method === "DELETE" && path.includes("bystander")
        ? { json: { kind: "Status", message: "no", reason: "Forbidden" }, status: 403 }
        : write(method, path, sent);
    await probe();
    expect(stack.told.join("\n")).toMatch(
      /^warning: not removed: probe pods in financial-ml: .*; it ends by itself at 20\d\d-.*, and the next run removes it$/,
    );
  });
});

test("a pod that a Service calls ready in spite of its gate ends the trust in all of it", async () => {
  cluster.onStart = (pod) => {
    pod.status = {
      ...pod.status,
      conditions: [
        { type: "ContainersReady", status: "True" },
        { type: "Ready", status: "True" },
      ],
    };
  };
  const run = await probe();
  expect(findingsOf(run, "probe-pods").at(-1)).toMatchObject({
    verdict: "FAIL",
    target: "EndpointSlices",
    actual: expect.stringContaining(
      "financial-ml/seldon-mesh-abcde: seldon-k3s-policy-financial-ml-envoy-here",
    ) as string,
    final: true,
  });
});

describe("where nothing can be probed", () => {
  const reasons = async (subject: Partial<Subject> = {}) => {
    const run = await probe(subject);
    const found = [...findingsOf(run, "probe-pods"), ...table(run)];
    expect(found.map(({ verdict }) => verdict)).toEqual(["SKIPPED", "SKIPPED"]);
    expect(cluster.api.requests.filter((request) => request.startsWith("POST"))).toEqual([]);
    return found.map(({ actual }) => actual);
  };

  test("simulated nodes", async () => {
    cluster.cluster.simulate();
    for (const reason of await reasons()) expect(reason).toMatch(/every node is simulated by KWOK/);
  });

  test("probe pods switched off", async () => {
    expect(await reasons({ probes: undefined })).toEqual(
      Array(2).fill("no probe pods are started: validation.probePods is false"),
    );
  });

  test("a Service that sends requests to pods that are not Ready", async () => {
    cluster.publishNotReady = true;
    for (const reason of await reasons())
      expect(reason).toMatch(
        /Service financial-ml\/seldon-scheduler, financial-ml\/seldon-mesh .*publishNotReadyAddresses/,
      );
  });

  test("no policies: the table does not apply", async () => {
    const run = await probe({ policy: undefined });
    expect(table(run).map(({ actual }) => actual)).toEqual([
      "no policies act in every namespace of the stack (policies.enabled, policies.enforce)",
    ]);
  });

  test("a namespace that does not exist: could not look", async () => {
    cluster.namespaces.delete(NS);
    const run = await probe();
    expect(findingsOf(run, "probe-pods")).toMatchObject([
      { verdict: "ERROR", actual: "namespace financial-ml does not exist, so no probe pod can run there" },
    ]);
    expect(cluster.api.requests.filter((request) => request.startsWith("POST"))).toEqual([]);
  });

  test("one node: what is possible there, and the rest skipped", async () => {
    cluster.nodes("node-1");
    const run = await probe();
    expect(failed(run)).toEqual([]);
    expect(table(run).at(-1)).toMatchObject({
      verdict: "SKIPPED",
      target: "across nodes",
      actual: "node-1 is the only node that can run a probe pod",
    });
    expect(line(run, "envoy (financial-ml) -> server (financial-ml):9001")).toMatchObject({
      verdict: "PASS",
      actual: expect.stringMatching(/^same node: accepted, source [\d.]+$/) as string,
    });
  });
});

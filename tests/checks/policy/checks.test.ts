/** The policies of a stack, probed on a fake cluster whose network does what the policies say, or does not. */
import type { CheckContext } from "../../../checks/context";
import { runChecks, type RunResult } from "../../../checks/engine";
import { clusterIdentity } from "../../../checks/criteria/cluster-identity";
import { policyChecks } from "../../../checks/policy/checks";
import { ProbeSession } from "../../../checks/policy/session";
import type { Subject } from "../../../checks/subject";
import type { Finding } from "../../../checks/verdict";
import { seldonStack } from "../../support/seldon-stack";
import { ProbeCluster, type StoredPod } from "../support/probe-cluster";
import { NS } from "../support/seldon-cluster";

jest.setTimeout(60_000);

let cluster: ProbeCluster;
let told: string[];
beforeEach(async () => {
  cluster = await ProbeCluster.start(seldonStack());
  told = [];
});
afterEach(() => cluster.close());

const checksOf = (context: CheckContext) => {
  const session = new ProbeSession(context, 1);
  context.defer((say) => session.close(say));
  return [clusterIdentity(context), ...policyChecks(context, session)];
};

/** A whole run, as the command does it. */
async function probe(subject: Partial<Subject> = {}, signal?: AbortSignal): Promise<RunResult> {
  const context = cluster.context(subject);
  return runChecks(checksOf(context), signal === undefined ? {} : { signal }).finally(() =>
    context.finish((line) => void told.push(line)),
  );
}

const findingsOf = (run: RunResult, id: string): readonly Finding[] =>
  run.results.find(({ check }) => check.id === id)!.findings;
const table = (run: RunResult) => findingsOf(run, "policy-table");
const line = (run: RunResult, target: string): Finding => {
  const found = table(run).find((finding) => finding.target === target);
  if (found === undefined)
    throw new Error(
      `no line ${target} among:\n${table(run)
        .map((one) => one.target)
        .join("\n")}`,
    );
  return found;
};
const failed = (run: RunResult): string[] =>
  table(run)
    .filter(({ verdict }) => verdict === "FAIL")
    .map(({ target }) => target);
const isProbe = ({ metadata }: StoredPod): boolean => metadata.labels["seldon-k3s/probe"] === "policy";
const silence = "no answer within 2 s";

describe("on a cluster whose policies are enforced", () => {
  test("every line passes, and the matrix has each of them", async () => {
    const run = await probe();
    expect(findingsOf(run, "probe-pods").map(({ target, verdict }) => [verdict, target])).toEqual([
      ["PASS", "5 probe pods on node-1"],
      ["PASS", "7 probe pods on node-2"],
      ["PASS", "EndpointSlices"],
    ]);
    expect(failed(run)).toEqual([]);
    expect(
      table(run)
        .filter(({ verdict }) => verdict !== "PASS")
        .map(({ target, verdict }) => [verdict, target]),
    ).toEqual([["SKIPPED", "server (financial-ml) -> storage:443"]]);
    expect(line(run, "envoy (financial-ml) -> scheduler (financial-ml):9002")).toMatchObject({
      expected: "accepted, with the caller's own address",
      actual: expect.stringMatching(
        /^same node: accepted, source 10\.42\.1\.\d+; across nodes: accepted, source 10\.42\.2\.\d+$/,
      ) as string,
      flow: {
        from: { endpoint: "envoy", namespace: NS },
        to: { endpoint: "scheduler", namespace: NS },
        port: 9002,
        allowed: true,
      },
    });
    expect(line(run, "stranger as envoy -> server (financial-ml):9001")).toMatchObject({
      expected: "closed",
      actual: "across nodes: no answer",
      flow: { allowed: false },
    });
    expect(line(run, "kubelet -> server (financial-ml):9000").actual).toBe(
      "reached by the kubelet of node-1 and node-2",
    );
    expect(run.exitCode).toBe(0);
  });

  test("no Service sends anything else than before, during the run and after it", async () => {
    const before = cluster.readyAddresses();
    await probe();
    expect(cluster.sentTo.length).toBeGreaterThan(20);
    expect(new Set(cluster.sentTo)).toEqual(new Set([before]));
  });

  test("nothing is left: no pod, no namespace, not a word", async () => {
    await probe();
    expect(cluster.probes).toEqual([]);
    expect([...cluster.namespaces].filter((name) => name.startsWith("seldon-k3s-policy"))).toEqual([]);
    expect(told).toEqual([]);
  });

  test("allowed lines are tried before closed ones", async () => {
    const scheduler: string[] = [];
    cluster.network = (from, to, port) => {
      if (to?.metadata.labels["app.kubernetes.io/name"] === "seldon-scheduler" && from !== to)
        scheduler.push(`${Object.values(from.metadata.labels)[0]} ${port}`);
      return undefined;
    };
    await probe();
    const allowed = ["seldon-envoy 9002", "seldon-server 9005", "v2-controller-manager 9004"];
    expect(scheduler.slice(0, 6).sort()).toEqual([...allowed, ...allowed].sort());
    expect(scheduler.slice(6).length).toBeGreaterThan(10);
  });
});

describe("what is wrong is named", () => {
  test("a missing allow row: the caller, the port, the reason and where to look", async () => {
    cluster.policies = cluster.policies.filter(({ metadata }) => metadata.name !== "allow-scheduler");
    const run = await probe();
    expect(failed(run).sort()).toEqual([
      "envoy (financial-ml) -> scheduler (financial-ml):9002",
      "operator (financial-ml) -> scheduler (financial-ml):9004",
      "server (financial-ml) -> scheduler (financial-ml):9005",
    ]);
    expect(line(run, "server (financial-ml) -> scheduler (financial-ml):9005")).toMatchObject({
      actual: "same node: no answer, at attempt 6; across nodes: no answer, at attempt 6",
      evidence: expect.arrayContaining([expect.stringMatching(/^needed: agents register their capacity/)]) as string[],
      fix: expect.stringMatching(/-n financial-ml get networkpolicies -o yaml$/) as string,
    });
  });

  test("no default deny: whoever has no policy of its own is open, and nothing else", async () => {
    cluster.policies = cluster.policies.filter(({ metadata }) => metadata.name !== "default-deny");
    // Nobody but its kubelet may ask the operator where nothing is monitored, so it has no rule for callers.
    expect(failed(await probe())).toEqual([
      "stranger as envoy -> operator (financial-ml):4000",
      "stranger as server -> operator (financial-ml):8081",
      "stranger as server -> another pod (financial-ml):8481",
    ]);
  });

  test("no policies at all: every line that must be closed is open", async () => {
    cluster.policies = [];
    const run = await probe();
    const closed = table(run).filter(({ flow }) => flow?.allowed === false);
    expect(closed.length).toBeGreaterThan(40);
    expect(closed.filter(({ verdict }) => verdict !== "FAIL")).toEqual([]);
    expect(line(run, "another pod (financial-ml) -> scheduler (financial-ml):9002")).toMatchObject({
      verdict: "FAIL",
      actual: expect.stringMatching(/^open: across nodes: accepted, source/) as string,
    });
    expect(run.exitCode).toBe(1);
  });

  test("an allow-everything policy that somebody left behind", async () => {
    const leftover = {
      ...cluster.policies[0]!,
      spec: {
        podSelector: { matchLabels: { "app.kubernetes.io/name": "seldon-server" } },
        policyTypes: ["Ingress" as const],
        ingress: [{ from: [], ports: [] }],
      },
    };
    cluster.policies = [...cluster.policies, leftover];
    const run = await probe();
    expect(failed(run)).toEqual(expect.arrayContaining(["stranger as envoy -> server (financial-ml):5572"]));
    expect(failed(run).every((target) => target.includes("-> server (financial-ml)"))).toBe(true);
  });

  test("a source that is replaced between the nodes", async () => {
    cluster.network = (from, to) =>
      to !== undefined && from.spec.nodeName !== to.spec.nodeName ? "192.0.2.12" : undefined;
    const run = await probe();
    expect(line(run, "stranger as envoy -> stranger as server:8481").verdict).toBe("FAIL");
    expect(line(run, "envoy (financial-ml) -> server (financial-ml):9001")).toMatchObject({
      verdict: "FAIL",
      actual: "across nodes: accepted, source 192.0.2.12, at attempt 6",
      fix: expect.stringContaining("FLANNEL-POSTRTG") as string,
    });
  });

  test("silence proves nothing where the port does not listen, or where nothing comes through", async () => {
    cluster.network = (from, to, port) =>
      from === to && port === 7777
        ? "wget: Connection refused"
        : to !== undefined && from.spec.nodeName !== to.spec.nodeName
          ? silence
          : undefined;
    const run = await probe();
    const debug = table(run).filter(({ target }) => target.endsWith("-> server (financial-ml):7777"));
    expect(debug.map(({ verdict }) => verdict)).toEqual(["SKIPPED", "SKIPPED"]);
    expect(debug[0]!.actual).toMatch(/port 7777 of seldon-k3s-policy-financial-ml-server-here-r\w+ does not listen/);
    expect(line(run, "stranger as envoy -> server (financial-ml):9001")).toMatchObject({
      verdict: "SKIPPED",
      actual: "closed, which proves nothing: across nodes: nothing that is allowed came through between these nodes",
    });
  });

  test("silence proves nothing where a pod does not even reach itself, which is tried again", async () => {
    let late = 0;
    cluster.network = (from, to, port) => {
      if (!from.metadata.name.includes("envoy-there") || from.metadata.namespace !== NS || from !== to || port !== 9000)
        return undefined;
      late += 1;
      // The first look at all own ports, the allowed lines, and two rounds of those that must be closed.
      return late > 2 && late < 5 ? silence : undefined;
    };
    const again = line(await probe(), "envoy (financial-ml) -> server (financial-ml):9008");
    expect(again).toMatchObject({
      verdict: "PASS",
      actual: expect.stringMatching(/across nodes: no answer, at attempt 3/) as string,
    });
    late = -1000;
    cluster.network = (from, to, port) =>
      from === to && port === 9000 && from.metadata.name.includes("envoy") ? silence : undefined;
    expect(line(await probe(), "envoy (financial-ml) -> server (financial-ml):5572")).toMatchObject({
      verdict: "SKIPPED",
      actual: expect.stringContaining("did not reach itself in time either") as string,
    });
  });

  test("a question that gets lost is asked again", async () => {
    const lost = new Set<string>();
    cluster.answer = (from) => {
      if (lost.has(from.metadata.name)) return undefined;
      lost.add(from.metadata.name);
      return "cut short";
    };
    const run = await probe();
    expect(failed(run)).toEqual([]);
    expect(table(run).filter(({ verdict }) => verdict === "ERROR")).toEqual([]);
    expect(lost.size).toBe(12);
  });

  test("rules that arrive a moment after the pod are waited for", async () => {
    const asked = new Map<string, number>();
    cluster.network = (from, to, port) => {
      if (to === undefined || from === to || port !== 9002 || !isProbe(to)) return undefined;
      const key = from.metadata.name;
      asked.set(key, (asked.get(key) ?? 0) + 1);
      return asked.get(key)! < 3 ? silence : undefined;
    };
    const found = line(await probe(), "envoy (financial-ml) -> scheduler (financial-ml):9002");
    expect(found).toMatchObject({ verdict: "PASS", actual: expect.stringMatching(/at attempt 3/) as string });
  });
});

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
    await context.finish((line) => void told.push(line));
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
    expect(told.join("\n")).toMatch(
      /^warning: not removed: probe pods in financial-ml: .*; it ends by itself at 20\d\d-.*, and the next run removes it$/,
    );
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

/** The policies of a stack, probed on a fake cluster whose network does what the policies say, or does not. */
import type { ProbeCluster, StoredPod } from "../support/probe-cluster";
import { failed, findingsOf, line, ProbedStack, table } from "../support/probed-stack";
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
    expect(stack.told).toEqual([]);
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

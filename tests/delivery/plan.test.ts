import { cniPlans, k3sPlans } from "../../delivery/examples/examples";
import { BODY_LIMIT } from "../../delivery/markdown";
import { changesOf } from "../../delivery/plan/changes";
import { planComment } from "../../delivery/plan/comment";
import { differingPaths, matchesPath } from "../../delivery/plan/paths";
import { emptyPlan, readPlan } from "../../delivery/plan/plan";
import { summaryOf } from "../../delivery/plan/summary";
import { machine, namespace, plan } from "./support/plans";

// The first evaluation loads both providers' packages.
jest.setTimeout(120_000);

const operations = (...args: Parameters<typeof changesOf>) =>
  changesOf(...args).map(({ operation, name, paths }) => [operation, name, ...paths]);

test("create, update, replace and delete are told apart", () => {
  const command = (trigger: string) => ({
    type: "command:local:Command",
    name: "gate",
    inputs: { triggers: [trigger] },
  });
  const before = plan([namespace("gone"), namespace("kept", { a: "1" }), command("x")]);
  const renamed = { ...namespace("kept", { a: "2" }) };
  const after = plan([namespace("new"), renamed, command("y")]);
  expect(operations(before, after)).toEqual([
    ["create", "new"],
    ["update", "kept", "metadata.labels.a"],
    ["replace", "gate", "triggers[0]"],
    ["delete", "gone"],
  ]);
});

test.each([
  [
    "metadata.namespace of an object",
    "kubernetes:core/v1:ConfigMap",
    { metadata: { namespace: "a" } },
    { metadata: { namespace: "b" } },
  ],
  ["the name of a release", "kubernetes:helm.sh/v3:Release", { name: "a" }, { name: "b" }],
  ["the cluster's identity", "pulumi:providers:kubernetes", { clusterIdentifier: "a" }, { clusterIdentifier: "b" }],
])("%s replaces it", (_, type, old, now) => {
  const of = (inputs: object) => plan([{ type, name: "x", inputs }]);
  expect(operations(of(old), of(now)).map(([operation]) => operation)).toEqual(["replace"]);
});

test("what the program names as replacing counts, and nothing beside it", () => {
  const of = (inputs: object) =>
    plan([{ type: "t:T", name: "x", inputs, options: { replaceOnChanges: ["list[*].a"] } }]);
  expect(operations(of({ list: [{ a: 1 }] }), of({ list: [{ a: 2 }] }))).toEqual([["replace", "x", "list[0].a"]]);
  expect(operations(of({ list: [{ b: 1 }] }), of({ list: [{ b: 2 }] }))).toEqual([["update", "x", "list[0].b"]]);
});

test("paths name what differs, whatever a key holds", () => {
  expect(differingPaths({ a: [1, { "b.c/d": 1 }], e: 1 }, { a: [1, { "b.c/d": 2 }, 3] })).toEqual([
    'a[1]["b.c/d"]',
    "a[2]",
    "e",
  ]);
  expect(matchesPath("metadata.name", "metadata.namespace")).toBe(false);
});

test.each([
  ["a file of K3s", ["file 0600 /etc/rancher/k3s/config.yaml.d/90-cni.yaml", '| flannel-backend: "none"'], ["a"]],
  ["the version of K3s", ["version v1.34.6+k3s1"], ["a"]],
  ["a file that K3s does not read", ["file 0600 /etc/sysctl.d/90-kubelet.conf", "| vm.x=1"], []],
  ["a server that it waits for", ["other-server b"], []],
])("%s: nodes restarted", (_, lines, restarted) => {
  const { machines } = summaryOf(plan([machine("a", [])]), plan([machine("a", lines)]));
  expect(machines.restarted.map(({ name }) => name)).toEqual(restarted);
});

test("a machine that comes or goes restarts nothing", () => {
  const { machines } = summaryOf(plan([machine("old", ["version 1"])]), plan([machine("new", ["version 2"])]));
  expect(machines).toMatchObject({ restarted: [], added: ["new"], removed: ["old"] });
});

describe("the real program", () => {
  test("a change of the CNI: every node restarts at its start, none at its end", async () => {
    const { before, under, after } = await cniPlans();
    const start = summaryOf(before, under);
    expect(start.machines.restarted.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["server-1", "server-2", "server-3", "agent-1", "agent-2"]),
    );
    expect(start.cni).toMatchObject({ kind: "switch", window: false });
    expect(start.outage.severity).not.toBe("outage");
    const end = summaryOf(under, after);
    expect(end.cni?.kind).toBe("end");
    expect(end.machines.restarted).toEqual([]);
  });

  test("in a window there is an outage", async () => {
    const { before, under } = await cniPlans("window");
    expect(summaryOf(before, under)).toMatchObject({
      cni: { kind: "switch", window: true },
      outage: { severity: "outage" },
    });
  });

  test("another K3s restarts every node and leaves the CNI alone", async () => {
    const { before, after } = await k3sPlans();
    const summary = summaryOf(before, after);
    expect(summary.machines.restarted.map(({ name }) => name).sort()).toEqual(["staging-agent-1", "staging-server-1"]);
    expect(summary.cni).toBeUndefined();
    expect(summary.counts).toMatchObject({ create: 0, delete: 0 });
  });
});

test("Calico's settings and version are a change of the CNI", () => {
  const installation = (mtu: number) => ({
    type: "kubernetes:operator.tigera.io/v1:Installation",
    name: "calico",
    inputs: { spec: { mtu } },
  });
  const release = (version: string) => ({
    type: "kubernetes:helm.sh/v3:Release",
    name: "operator",
    inputs: { name: "tigera-operator", chart: `./charts/tigera-operator-${version}` },
  });
  const of = (mtu: number, version: string) => plan([installation(mtu), release(version)]);
  expect(summaryOf(of(1, "3.31.7"), of(2, "3.31.7")).cni).toMatchObject({ kind: "settings" });
  expect(summaryOf(of(1, "3.31.7"), of(1, "3.32.1")).cni).toMatchObject({
    kind: "version",
    text: "Calico 3.31.7 → 3.32.1",
  });
  expect(summaryOf(of(1, "3.31.7"), of(1, "3.31.7")).cni).toBeUndefined();
  expect(summaryOf(emptyPlan("prod"), of(1, "3.31.7")).cni).toBeUndefined();
});

test("a deleted namespace is an outage", () => {
  expect(summaryOf(plan([namespace("a"), namespace("b")]), plan([namespace("a")])).outage.severity).toBe("outage");
});

describe("the comment", () => {
  const comment = (before: Parameters<typeof summaryOf>[0], after: Parameters<typeof summaryOf>[1]) =>
    planComment({ summaries: [summaryOf(before, after)], base: "base", head: "head", program: "1.2.3" });

  test("holds no value of an input", () => {
    const of = (value: string) => plan([{ type: "t:T", name: "x", inputs: { password: value } }]);
    const text = comment(of("planted-before"), of("planted-after"));
    expect(text).not.toContain("planted");
    expect(text).toContain("password");
  });

  test("says nothing in Markdown, HTML or mentions of its own", () => {
    const name = "<img src=x> @everyone [a](http://b) | `c` --> x";
    const text = comment(plan([]), plan([{ type: "t:T", name }]));
    for (const live of ["<img", "@everyone", "](http", "| `c`", "-->  x"]) expect(text).not.toContain(live);
    expect(text.startsWith("<!-- seldon-k3s:plan -->\n")).toBe(true);
  });

  test("is never longer than GitHub takes, and says so", () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ type: "t:T", name: `${index}-${"n".repeat(250)}` }));
    const summaries = Array.from({ length: 10 }, () => summaryOf(plan([]), plan(many)));
    const text = planComment({ summaries, base: "a", head: "b", program: "1.2.3" });
    expect(text.length).toBeLessThanOrEqual(BODY_LIMIT);
    expect(text).toContain("too long for a comment");
  });

  test("says that nothing changes", () => {
    expect(comment(plan([namespace("a")]), plan([namespace("a")]))).toContain("no environment changes");
  });
});

test("what is no plan is refused by name", () => {
  expect(() => readPlan("a: 1", "x.yaml")).toThrow("x.yaml is no plan");
  expect(() => readPlan(JSON.stringify({ stack: "a", resources: [{}] }), "x.yaml")).toThrow(
    'without "type" and "name"',
  );
});

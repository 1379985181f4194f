/** What stands in the way, of objects that were looked at. */
import { CheckContext } from "../../../checks/context";
import type { RecordedResource } from "../../../inprocess/engine";
import type { Change, FoundObject, FoundRelease } from "../../../tools/adopt/inventory";
import { obstaclesOf } from "../../../tools/adopt/obstacles";
import type { FoundWorkaround } from "../../../tools/adopt/outside";
import { refusedPods } from "../../../tools/adopt/pod-security";

const context = new CheckContext({
  stack: "test",
  kubeconfig: "kubeconfig.yaml",
  timeoutSeconds: 10,
  operatorNamespace: "n",
  namespaces: ["n"],
  workloads: [],
  servers: [],
  smokeModel: { namespace: "n", name: "m" },
});
const resource = { urn: "urn", options: {} } as unknown as RecordedResource;
const change = (field: string, more: Partial<Change> = {}): Change => ({ field, live: "1", declared: "2", ...more });

function found(kind: string, changes: readonly Change[], more: Partial<FoundObject> = {}): FoundObject {
  const object = { apiVersion: "v1", kind, name: "o", namespace: "n", body: {}, withheld: [] };
  return { resource, object, standing: "adopt", id: "n/o", changes, leftAlone: [], ...more };
}

const told = (objects: FoundObject[], takeOver = true, releases: FoundRelease[] = []) =>
  obstaclesOf({ objects, releases, gaps: [] }, { context, takeOver }).map(({ what, why }) => `${what}: ${why}`);

test("an object that Pulumi would delete and make anew, with the fields that decide", () => {
  expect(told([found("ConfigMap", [change("data[a.json]"), change("metadata.labels.x")])])).toEqual([
    "ConfigMap n/o: Pulumi would delete it and make it anew, because of data[a.json]",
  ]);
  // What is only dropped is dropped by an apply.
  expect(told([found("ConfigMap", [change("data[a.json]", { declared: "dropped", by: "kubectl" })])])).toEqual([]);
});

test("fields of other managers, unless the stack takes over", () => {
  const changes = ["a", "b", "c", "d"].map((field) => change(field, { by: "helm" }));
  expect(told([found("Namespace", changes)], false)).toEqual([
    "Namespace n/o: held by helm, and changed by the first up: a, b, c and 1 more",
  ]);
  expect(told([found("Namespace", [change("a", { by: "helm" }), change("b", { by: "eve" })])], false)[0]).toContain(
    "held by helm and eve, and changed by the first up: a, b",
  );
  expect(told([found("Namespace", changes)], true)).toEqual([]);
  expect(told([found("Namespace", [change("a")])], false)).toEqual([]);
});

test("nothing of what the stack wrote before, or what does not exist yet", () => {
  const changes = [change("data", { by: "helm" })];
  expect(told([found("ConfigMap", changes, { standing: "own" })], false)).toEqual([]);
  expect(told([found("ConfigMap", changes, { standing: "create" })], false)).toEqual([]);
});

test("an object that is being deleted, whoever made it", () => {
  expect(told([found("Model", [], { standing: "leaving" })])[0]).toMatch(/^Model n\/o: it is being deleted/);
});

test.each([
  ["deployed", []],
  ["failed", []],
  ["superseded", []],
  ["pending-install", ["pending-install"]],
  ["uninstalling", ["uninstalling"]],
])("a release that is %s", (status, expected) => {
  const release = { name: "r", namespace: "n", chart: "c-1", values: {} };
  const record = { ...release, revision: 2, status, objects: [] };
  const releases: FoundRelease[] = [{ resource, release, standing: "adopt", id: "n/r", changes: [], record }];
  expect(told([], true, releases)).toEqual(
    expected.map((word) => `release n/r: its revision 2 is ${word}, and Helm refuses to upgrade it`),
  );
});

describe("a Pod Security level that comes with the first up", () => {
  const LABEL = "pod-security.kubernetes.io/enforce";
  const comes = change(`metadata.labels[${LABEL}]`);
  const space = (level: string, changes: readonly Change[] = [comes], standing: FoundObject["standing"] = "adopt") => {
    const { object, ...rest } = found("Namespace", changes, { standing, id: "n" });
    return { ...rest, object: { ...object, body: { metadata: { labels: { [LABEL]: level } } } } };
  };
  const host = (namespace: string, kind: "hostNetwork" | "allow-all" = "hostNetwork"): FoundWorkaround => ({
    object: { apiVersion: "v1", kind: "Server", name: "s", namespace },
    declared: true,
    workaround: { kind, field: "spec.hostNetwork", patch: [] },
  });
  const refused = (one: FoundObject, ...workarounds: FoundWorkaround[]) =>
    refusedPods({ objects: [one], releases: [], gaps: [] }, workarounds, "test").map(({ what }) => what);

  test("refuses pods with hostNetwork, unless it is the open one", () => {
    expect(refused(space("baseline"), host("n"))).toEqual(["Namespace n"]);
    expect(refused(space("restricted"), host("n"))).toEqual(["Namespace n"]);
    expect(refused(space("privileged"), host("n"))).toEqual([]);
  });

  test("nothing where it is there already, without such pods, or in a namespace of the stack's own", () => {
    expect(refused(space("baseline", []), host("n"))).toEqual([]);
    expect(refused(space("baseline"), host("elsewhere"), host("n", "allow-all"))).toEqual([]);
    expect(refused(space("baseline", [comes], "own"), host("n"))).toEqual([]);
  });
});

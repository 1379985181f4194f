/** The pure parts: import files, workarounds, dropped fields, replacement, removal steps. */
import { SecretValue } from "../../../inprocess/secrets";
import type { RecordedResource } from "../../../inprocess/engine";
import type { OwnedField } from "../../../checks/drift/objects/managed-fields";
import { importId } from "../../../tools/adopt/candidates";
import { importFiles } from "../../../tools/adopt/import-file";
import { droppedFields } from "../../../tools/adopt/kept-managers";
import { removalSteps } from "../../../tools/adopt/removal";
import { replaces } from "../../../tools/adopt/replacement";
import { ALLOW_ALL, opensEverything, type Workaround, workaroundsIn } from "../../../tools/adopt/workarounds";

const STACK = "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s";

function resource(type: string, name: string, more: Partial<RecordedResource> = {}): RecordedResource {
  const custom = !type.startsWith("seldon-k3s:");
  const chain = type === "pulumi:pulumi:Stack" ? type : `x$${type}`;
  const base = { urn: `urn:pulumi:s::p::${chain}::${name}`, type, name, custom, inputs: {}, options: {} };
  return { ...base, dependencies: [], propertyDependencies: {}, parent: STACK, ...more };
}

describe("import files", () => {
  const stack = resource("pulumi:pulumi:Stack", "p-s", { urn: STACK, custom: false });
  const access = resource("seldon-k3s:index:ClusterAccess", "cluster");
  const provider = resource("pulumi:providers:kubernetes", "cluster-provider", {
    parent: access.urn,
    inputs: { kubeconfig: "kubeconfig.yaml", clusterIdentifier: "c" },
  });
  const rules = resource("seldon-k3s:index:NetworkPolicies", "policies");
  const inRules = { parent: rules.urn, provider: provider.urn };
  const open = resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", "policies-open", inRules);
  const absent = resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", "policies-absent", inRules);
  const idle = resource("seldon-k3s:index:Calico", "calico");
  const plan = [stack, access, provider, rules, open, absent, idle];

  test("components first, each around something that exists; then the provider and what exists", () => {
    expect(importFiles(plan, new Map([[open.urn, "ns/open"]]), "4.34.2")).toEqual({
      components: {
        resources: [
          { type: access.type, name: "cluster", component: true },
          { type: rules.type, name: "policies", component: true },
        ],
      },
      resources: {
        nameTable: { cluster: access.urn, policies: rules.urn },
        resources: [
          {
            type: provider.type,
            name: "cluster-provider",
            parent: "cluster",
            version: "4.34.2",
            inputs: { kubeconfig: "kubeconfig.yaml", clusterIdentifier: "c" },
          },
          {
            type: open.type,
            name: "policies-open",
            parent: "policies",
            provider: "cluster-provider",
            version: "4.34.2",
            id: "ns/open",
          },
        ],
      },
    });
  });

  test("a name that two resources share is no reference; the name of the program stays", () => {
    const twin = resource("kubernetes:core/v1:Namespace", "policies", { provider: provider.urn });
    const ids = new Map([
      [open.urn, "ns/open"],
      [twin.urn, "policies"],
    ]);
    const { components, resources } = importFiles([...plan, twin], ids, "1.0.0");
    expect(components.resources[1]).toEqual({
      type: rules.type,
      name: "seldon-k3s:index:NetworkPolicies::policies",
      logicalName: "policies",
      component: true,
    });
    expect(resources.resources.map(({ name, logicalName, parent }) => [name, logicalName, parent])).toEqual([
      ["cluster-provider", undefined, "cluster"],
      ["policies-open", undefined, "seldon-k3s:index:NetworkPolicies::policies"],
      ["kubernetes:core/v1:Namespace::policies", "policies", undefined],
    ]);
  });

  test("a secret of a provider is never written", () => {
    const secret = { ...provider, inputs: { kubeconfig: new SecretValue("word") } };
    const run = () => importFiles([stack, access, secret, rules, open], new Map([[open.urn, "ns/open"]]), "1.0.0");
    expect(run).toThrow("cluster-provider: its input kubeconfig is a secret, which must not be written");
  });

  test.each([
    [{ name: "a", namespace: "n" }, "n/a"],
    [{ name: "a" }, "a"],
  ])("the id of %j is %s", (named, id) => expect(importId(named)).toBe(id));
});

describe("workarounds", () => {
  const env = (...names: string[]) => names.map((name) => ({ name, value: "x" }));

  test("hostNetwork with its DNS policy, and the variable in every container, the last one first", () => {
    const server = {
      spec: {
        podSpec: {
          hostNetwork: true,
          dnsPolicy: "ClusterFirstWithHostNet",
          containers: [
            { name: "mlserver", env: env("A", "SELDON_SERVER_HOST") },
            { name: "agent", env: env("SELDON_SERVER_HOST", "SELDON_SCHEDULER_HOST") },
          ],
        },
      },
    };
    const found = workaroundsIn(server);
    expect(found.map(({ kind, field }) => `${kind} ${field}`)).toEqual([
      "SELDON_SERVER_HOST spec.podSpec.containers[agent].env[SELDON_SERVER_HOST]",
      "SELDON_SERVER_HOST spec.podSpec.containers[mlserver].env[SELDON_SERVER_HOST]",
      "hostNetwork spec.podSpec.hostNetwork",
    ]);
    expect(found.flatMap(({ patch }) => patch)).toEqual([
      { op: "test", path: "/spec/podSpec/containers/1/env/0/name", value: "SELDON_SERVER_HOST" },
      { op: "remove", path: "/spec/podSpec/containers/1/env/0" },
      { op: "test", path: "/spec/podSpec/containers/0/env/1/name", value: "SELDON_SERVER_HOST" },
      { op: "remove", path: "/spec/podSpec/containers/0/env/1" },
      { op: "test", path: "/spec/podSpec/hostNetwork", value: true },
      { op: "remove", path: "/spec/podSpec/hostNetwork" },
      { op: "test", path: "/spec/podSpec/dnsPolicy", value: "ClusterFirstWithHostNet" },
      { op: "remove", path: "/spec/podSpec/dnsPolicy" },
    ]);
  });

  test("the same name twice in one list: the later goes first, so that places hold", () => {
    const pod = { spec: { containers: [{ name: "a", env: env("SELDON_SERVER_HOST", "SELDON_SERVER_HOST") }] } };
    const paths = workaroundsIn(pod).map(({ patch }) => patch[1]!.path);
    expect(paths).toEqual(["/spec/containers/0/env/1", "/spec/containers/0/env/0"]);
  });

  test.each([
    ["hostNetwork off", { spec: { podSpec: { hostNetwork: false } } }],
    ["a DNS policy alone", { spec: { podSpec: { dnsPolicy: "ClusterFirstWithHostNet" } } }],
    ["variables that are read", { spec: { podSpec: { containers: [{ env: env("MLSERVER_HOST") }] } } }],
    ["a container of that name", { spec: { podSpec: { containers: [{ name: "SELDON_SERVER_HOST", image: "i" }] } } }],
    ["what others say in a status", { status: { hostNetwork: true } }],
  ])("none: %s", (_, object) => expect(workaroundsIn(object)).toEqual([]));

  test("a key with a slash or a tilde in the pointer", () => {
    const [found] = workaroundsIn({ spec: { "a/b~c": { hostNetwork: true } } });
    expect(found!.patch[0]!.path).toBe("/spec/a~1b~0c/hostNetwork");
  });

  test.each([
    [true, { ingress: [{}] }],
    [true, { egress: [{ to: [], ports: [] }] }],
    [true, { ingress: [{ from: [{ podSelector: {} }] }, {}] }],
    [false, { ingress: [] }],
    [false, {}],
    [false, { ingress: [{ from: [{ podSelector: {} }] }] }],
    [false, { egress: [{ ports: [{ port: 53 }] }] }],
  ])("opens everything: %s for %j", (opens, spec) => expect(opensEverything({ spec })).toBe(opens));

  test("one step an object, policies last", () => {
    const named = (kind: string, name: string) => ({ apiVersion: "v1", kind, namespace: "n", name });
    const host: Workaround = { kind: "hostNetwork", field: "spec.hostNetwork", patch: [{ op: "remove", path: "/a" }] };
    const other: Workaround = { ...host, field: "spec.b", patch: [{ op: "remove", path: "/b" }] };
    const steps = removalSteps([
      { object: named("Server", "a"), declared: true, workaround: host },
      { object: named("Server", "a"), declared: true, workaround: other },
      { object: named("NetworkPolicy", "p"), declared: false, workaround: ALLOW_ALL },
    ]);
    expect(steps.map(({ object, patch }) => [object.name, patch.map(({ path }) => path)])).toEqual([
      ["a", ["/a", "/b"]],
      ["p", []],
    ]);
  });
});

describe("fields that the provider takes from kubectl and drops", () => {
  const owned = (field: string, manager: string): OwnedField => ({ field, value: 1, manager });
  const object = {
    apiVersion: "v1",
    kind: "Server",
    name: "s",
    body: { metadata: { labels: { ours: "x" } }, spec: { replicas: 1 } },
    withheld: [],
  };
  const dropped = (...fields: OwnedField[]) => droppedFields(object, fields).map(({ field }) => field);

  test.each([
    ["by any kubectl", [owned("spec.a", "kubectl-edit"), owned("spec.b", "kubectl")], ["spec.a", "spec.b"]],
    ["by who wrote before the first apply", [owned("spec.a", "before-first-apply")], ["spec.a"]],
    ["once, whoever wrote it too", [owned("spec.a", "kubectl-edit"), owned("spec.a", "kubectl-patch")], ["spec.a"]],
    ["not what is declared", [owned("spec.replicas", "kubectl"), owned("metadata.labels.ours", "kubectl")], []],
    ["not what another manager holds as well", [owned("spec.a", "kubectl"), owned("spec.a", "helm")], []],
    ["not what others wrote", [owned("spec.a", "helm"), owned("spec.b", "manager")], []],
    ["not what is gone", [{ ...owned("spec.a", "kubectl"), value: undefined }], []],
    [
      "not kubectl's own notes",
      [owned("metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]", "kubectl")],
      [],
    ],
  ])("%s", (_, fields, expected) => expect(dropped(...fields)).toEqual(expected));
});

test.each([
  ["v1", "Secret", "data.password", true],
  ["v1", "Secret", "metadata.labels.a", false],
  ["v1", "ConfigMap", "data[dashboard.json]", true],
  ["apps/v1", "Deployment", "spec", true],
  ["apps/v1", "Deployment", "spec.replicas", false],
  ["rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef.name", true],
  ["networking.k8s.io/v1", "NetworkPolicy", "spec.ingress", false],
  ["mlops.seldon.io/v1alpha1", "Secret", "data", false],
])("a difference in %s %s %s replaces the object: %s", (apiVersion, kind, field, expected) => {
  expect(replaces(apiVersion, kind, field)).toBe(expected);
});

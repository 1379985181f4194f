/** The parts that only compute: fields, ownership, classes, what may be shown, the allow list. */
import fc from "fast-check";
import { AllowList } from "../../../../checks/drift/objects/allow-list";
import { CLASS_TABLE, classOf, type Origin } from "../../../../checks/drift/objects/classes";
import { differences, missingFrom, namedFields } from "../../../../checks/drift/objects/difference";
import { isWithin, outwards } from "../../../../checks/drift/objects/field-path";
import { ownedFields, ownership } from "../../../../checks/drift/objects/managed-fields";
import { objectsOf } from "../../../../checks/drift/objects/release-record";
import { show } from "../../../../checks/drift/objects/show";
import { fieldsOf } from "../../support/live-cluster";

const tree = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,5}$/),
  fc.letrec((tie) => ({
    value: fc.oneof(fc.integer(), fc.string(), fc.array(tie("value"), { maxLength: 3 }), tie("tree")),
    tree: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie("value"), { maxKeys: 3 }),
  })).value,
  { maxKeys: 4 },
);

describe("differences", () => {
  const live = {
    metadata: { name: "a", uid: "1", resourceVersion: "5", labels: { "app.kubernetes.io/name": "x", team: "b" } },
    spec: {
      replicas: 3,
      args: ["a", "b"],
      containers: [
        { name: "agent", image: "agent:1", env: [{ name: "A", value: "1" }] },
        { name: "mlserver", image: "mlserver:1" },
      ],
      ingress: [{ ports: [{ port: 9000 }] }],
    },
    status: { ready: 1 },
  };

  it("finds none in the same object, whatever the server keeps for itself", () => {
    const later = { ...live, metadata: { ...live.metadata, resourceVersion: "6", managedFields: [] }, status: {} };
    expect(differences(live, later)).toEqual([]);
  });

  it("names fields, items of lists by their names, and both sides", () => {
    const declared = {
      metadata: { name: "a", labels: { "app.kubernetes.io/name": "y" } },
      spec: {
        replicas: 1,
        args: ["b", "a"],
        containers: [
          { name: "mlserver", image: "mlserver:1" },
          { name: "agent", image: "agent:2", env: [{ name: "A", value: "1" }] },
        ],
        ingress: [{ ports: [{ port: 9001 }] }],
      },
    };
    expect(differences(live, declared)).toEqual([
      { field: "metadata.labels[app.kubernetes.io/name]", live: "x", declared: "y" },
      { field: "metadata.labels.team", live: "b", declared: undefined },
      { field: "spec.args", live: ["a", "b"], declared: ["b", "a"] },
      { field: "spec.containers[agent].image", live: "agent:1", declared: "agent:2" },
      { field: "spec.ingress[0].ports[0].port", live: 9000, declared: 9001 },
      { field: "spec.replicas", live: 3, declared: 1 },
    ]);
  });

  it("tells an item more, and one less", () => {
    const one = { spec: { env: [{ name: "A" }] } };
    const two = { spec: { env: [{ name: "A" }, { name: "B" }] } };
    expect(differences(one, two)).toEqual([{ field: "spec.env[B]", live: undefined, declared: { name: "B" } }]);
    expect(differences(two, one)).toEqual([{ field: "spec.env[B]", live: { name: "B" }, declared: undefined }]);
  });

  it("tells every label by itself, also where one side has none, so that each has its class", () => {
    const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
    const expected = [
      { field: "metadata.labels[pod-security.kubernetes.io/enforce]", live: undefined, declared: "privileged" },
    ];
    expect(differences({ metadata: {} }, { metadata: { labels } })).toEqual(expected);
    expect(differences({ metadata: {} }, { metadata: {} })).toEqual([]);
  });

  it("finds none in any value compared with itself, and both ways the same fields", () => {
    fc.assert(
      fc.property(tree, tree, (left, right) => {
        expect(differences(left, structuredClone(left))).toEqual([]);
        const fields = (found: { field: string }[]): string[] => found.map(({ field }) => field).sort();
        expect(fields(differences(left, right))).toEqual(fields(differences(right, left)));
      }),
    );
  });

  it("leaves out what the declaration does not name, where only its text is at hand", () => {
    expect(missingFrom(live, { spec: { replicas: 3, containers: [{ name: "agent" }, { name: "mlserver" }] } })).toEqual(
      [],
    );
    expect(missingFrom(live, { spec: { replicas: 1, args: ["a"] } })).toEqual([
      { field: "spec.replicas", live: 3, declared: 1 },
      { field: "spec.args", live: ["a", "b"], declared: ["a"] },
    ]);
  });

  it("names the fields of a declaration down to items with names", () => {
    expect(namedFields({ spec: { podSelector: {}, containers: [{ name: "a", image: "b" }], args: ["x"] } })).toEqual([
      "spec.containers[a].name",
      "spec.containers[a].image",
      "spec.args",
    ]);
  });
});

describe("ownedFields", () => {
  const object = {
    metadata: {
      labels: { a: "1" },
      finalizers: ["f"],
      managedFields: [
        {
          manager: "pulumi-kubernetes-1",
          operation: "Apply",
          fieldsV1: { "f:spec": { "f:containers": { 'k:{"name":"agent"}': { ".": {}, "f:image": {} } } } },
        },
        {
          manager: "kubectl",
          operation: "Update",
          subresource: "scale",
          time: "2026-11-22T16:00:00Z",
          fieldsV1: { "f:spec": { "f:replicas": {} } },
        },
        { manager: "operator", subresource: "status", fieldsV1: { "f:metadata": { "f:labels": { "f:a": {} } } } },
        {
          manager: "manager",
          fieldsV1: {
            "f:metadata": { "f:finalizers": { ".": {}, 'v:"f"': {} } },
            "f:status": { "f:ready": {} },
            "f:spec": { "f:ports": { 'k:{"containerPort":80,"protocol":"TCP"}': { "f:hostPort": {} } } },
          },
        },
      ],
    },
    spec: {
      replicas: 3,
      containers: [{ name: "agent", image: "x" }],
      ports: [{ containerPort: 80, protocol: "TCP", hostPort: 81 }],
    },
  };

  it("reads fields, items by key, values of sets; never what was written to status", () => {
    expect(ownedFields(object)).toEqual([
      { field: "spec.containers[agent].image", value: "x", manager: "pulumi-kubernetes-1", time: undefined },
      { field: "spec.replicas", value: 3, manager: "kubectl", time: "2026-11-22T16:00:00Z" },
      { field: "metadata.finalizers[f]", value: "f", manager: "manager", time: undefined },
      { field: "spec.ports[containerPort=80,protocol=TCP].hostPort", value: 81, manager: "manager", time: undefined },
    ]);
  });

  it("finds the owner of a field, of a part of it, and of the whole", () => {
    const owners = ownership(ownedFields(object));
    const managers = (field: string): string[] => owners.touching(field).map(({ manager }) => manager);
    expect(managers("spec.containers[agent].image.tag")).toEqual(["pulumi-kubernetes-1"]);
    expect(managers("spec.containers[agent]")).toEqual(["pulumi-kubernetes-1"]);
    expect(managers("spec.replicas")).toEqual(["kubectl"]);
    expect(managers("spec.replica")).toEqual([]);
    expect(isWithin("spec.a[b]", "spec.a")).toBe(true);
    expect(isWithin("spec.ab", "spec.a")).toBe(false);
    expect(outwards("metadata.labels[app.kubernetes.io/name].x")).toEqual([
      "metadata",
      "metadata.labels",
      "metadata.labels[app.kubernetes.io/name]",
      "metadata.labels[app.kubernetes.io/name].x",
    ]);
  });

  it("agrees with differences about how a field is written", () => {
    const value = { spec: { containers: [{ name: "agent", image: "x" }], "a/b": { c: 1 } } };
    const owned = ownedFields({
      ...value,
      metadata: { managedFields: [{ manager: "m", fieldsV1: fieldsOf(value) }] },
    });
    expect(owned.map(({ field }) => field)).toEqual(namedFields(value));
  });
});

describe("classOf", () => {
  it.each<[string, string, Origin, string, string | undefined, string]>([
    ["a policy's rule", "NetworkPolicy", "changed", "spec.ingress[0].from", undefined, "policy"],
    ["a policy that is gone", "NetworkPolicy", "missing", "", undefined, "policy"],
    ["a policy beside the stack", "GlobalNetworkPolicy", "undeclared", "", undefined, "policy"],
    ["rights", "ClusterRole", "changed", "rules", undefined, "policy"],
    [
      "the Pod Security level",
      "Namespace",
      "added",
      "metadata.labels[pod-security.kubernetes.io/enforce]",
      "kubectl-label",
      "policy",
    ],
    ["an image", "Deployment", "changed", "spec.template.spec.containers[manager].image", undefined, "version"],
    ["the version of a chart", "Release", "changed", "chart.version", undefined, "version"],
    ["a label with the version", "Deployment", "changed", "metadata.labels[helm.sh/chart]", undefined, "version"],
    ["a CRD", "CustomResourceDefinition", "changed", "spec.versions[v1].schema", undefined, "version"],
    ["a CRD that is gone", "CustomResourceDefinition", "missing", "", undefined, "version"],
    ["replicas", "Server", "changed", "spec.replicas", "manager", "configuration"],
    ["a server beside the stack", "Server", "undeclared", "", undefined, "configuration"],
    ["a field that a person added", "Installation", "added", "spec.registry", "kubectl-edit", "configuration"],
    ["a default that its operator wrote", "Installation", "added", "spec.cni.type", "operator", "noise"],
    ["the same by an operator of others", "Deployment", "added", "spec.paused", "operator", "configuration"],
    ["a change by an operator", "Installation", "changed", "spec.variant", "operator", "configuration"],
    ["a note of a tool", "Namespace", "added", "metadata.annotations[example.com/a]", "tool", "noise"],
    ["a declared note", "Namespace", "changed", "metadata.annotations[example.com/a]", "tool", "configuration"],
    ["a right value in others' hands", "NetworkPolicy", "held", "spec.policyTypes", "kubectl-edit", "noise"],
    ["a finalizer", "Model", "added", "metadata.finalizers[x]", "somebody", "noise"],
    [
      "an authority",
      "CustomResourceDefinition",
      "changed",
      "spec.conversion.webhook.clientConfig.caBundle",
      "x",
      "noise",
    ],
  ])("%s", (_, kind, origin, field, manager, expected) => {
    expect(classOf({ kind, origin, field, manager }).class).toBe(expected);
  });

  it("has a reason for every row, and a last row for everything", () => {
    expect(CLASS_TABLE.filter(({ why }) => why.length < 10)).toEqual([]);
    expect(Object.keys(CLASS_TABLE.at(-1)!)).toEqual(["class", "why"]);
  });
});

describe("show", () => {
  it.each<[string, unknown, string, string]>([
    ["absent", undefined, "spec.a", "Server"],
    ["3", 3, "spec.replicas", "Server"],
    ['"https://[hidden]@host/x"', "https://user:word@host/x", "spec.url", "Server"],
    ["[hidden]", "c2VjcmV0", "data.release", "Secret"],
    ["[hidden]", "x", "spec.containers[a].env[KAFKA_PASSWORD].value", "Server"],
    ["[hidden]", "x", "values.controller.token", "Release"],
    ["a text of 3 lines", "a\nb\nc", "data[config.yaml]", "ConfigMap"],
    [
      '[{"name":"DB_PASSWORD","value":"[hidden]"},{"name":"HTTP_PROXY","value":"http://[hidden]@p:1"}]',
      [
        { name: "DB_PASSWORD", value: "hunter2" },
        { name: "HTTP_PROXY", value: "http://me:hunter2@p:1" },
      ],
      "spec.env",
      "Server",
    ],
  ])("shows %s", (expected, value, field, kind) => expect(show(value, field, kind)).toBe(expected));

  it("cuts what nobody reads", () => {
    const text = show("x".repeat(500), "spec.a", "Server");
    expect(text.length).toBeLessThan(140);
    expect(text).toMatch(/\.\.\. \(502 characters\)$/);
  });
});

describe("objectsOf", () => {
  it("reads a manifest as Helm does: YAML 1.1 without dates", () => {
    const manifest = [
      "---",
      "# Source: chart/templates/a.yaml",
      "kind: A",
      "mode: 0420",
      "flag: on",
      "date: 2026-11-22",
      "time: 1:30",
      "---",
      "# nothing",
      "---",
      "kind: List",
      "items: [{kind: B}, {kind: C}]",
    ].join("\n");
    expect(objectsOf(manifest)).toEqual([
      { kind: "A", mode: 0o420, flag: true, date: "2026-11-22", time: "1:30" },
      { kind: "B" },
      { kind: "C" },
    ]);
    expect(objectsOf("")).toEqual([]);
    expect(() => objectsOf("a: [")).toThrow();
  });
});

describe("AllowList", () => {
  const reason = "the team's own model";
  const where = { kind: "Model", namespace: "seldon", name: "team-a", field: "" };

  it.each<[string, object, boolean]>([
    ["the very object", { kind: "Model", namespace: "seldon", name: "team-a" }, true],
    ["any name by a pattern", { kind: "Model", name: "team-*" }, true],
    ["any name", { kind: "Model", name: "*" }, true],
    ["another kind", { kind: "Server", name: "*" }, false],
    ["another namespace", { kind: "Model", namespace: "other", name: "*" }, false],
    ["a name that only contains it", { kind: "Model", name: "team" }, false],
    ["a field of it only", { kind: "Model", name: "team-a", field: "spec" }, false],
  ])("an entry for %s", (_, entry, expected) => {
    const list = new AllowList([{ reason, ...entry } as never]);
    expect(list.find(where) !== undefined).toBe(expected);
    expect(list.unused).toHaveLength(expected ? 0 : 1);
  });

  it("an entry for a field accepts what is inside it, and not its neighbours", () => {
    const list = new AllowList([{ kind: "Model", name: "team-a", field: "spec.replicas", reason }]);
    expect(list.find({ ...where, field: "spec.replicas" })).toBeDefined();
    expect(list.find({ ...where, field: "spec.replicasMax" })).toBeUndefined();
  });

  it("a dot in a name is a dot", () => {
    const list = new AllowList([{ kind: "Model", name: "a.b", reason }]);
    expect(list.find({ ...where, name: "axb" })).toBeUndefined();
  });
});

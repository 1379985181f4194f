/** Objects of Calico's own kinds: what is in them, and that the CRDs of both lines take them. */
import { enforcing } from "../../../checks/cli/policies";
import { parseSelector } from "../../../checks/policy/evaluate/calico-selector";
import { REASONS_ANNOTATION } from "../../../components/network-policies/builders";
import { globalNetworkPolicy, tier } from "../../../components/network-policies/calico/objects";
import { allOf, has, is, isNoneOf, labelled } from "../../../components/network-policies/calico/selectors";
import { declaredPolicies } from "../../../components/network-policies/declared";
import { CALICO_VERSIONS } from "../../../config/compatibility";
import { crdSchema, describeWithUpstream, violations } from "../../support/crd-schema";
import { seldonStack } from "../../support/seldon-stack";

const SETS = [{ name: "s3", hosts: ["s3.example.com", "s3-cn.example.com"], cidrs: ["198.51.100.0/24"] }];

const stack = (policies: Record<string, unknown>) =>
  seldonStack({
    seldon: { tenants: [{ namespace: "risk-ml" }] },
    policies: {
      takenOver: ["risk-ml"],
      storage: { sets: SETS, ports: [443] },
      tiers: { platform: {}, security: { owners: ["network-security"] }, application: { order: 500 } },
      clusterDefaultDeny: { enforce: false, exempt: ["cert-manager"] },
      ...policies,
    },
  });

const objects = (policies: Record<string, unknown> = {}) => {
  const { before, calico, last } = declaredPolicies(stack(policies));
  return [...before, ...calico, ...last];
};
const named = (name: string, policies = {}) => objects(policies).find(({ metadata }) => metadata.name === name)!;

describe("selectors", () => {
  test("are written in Calico's language", () => {
    expect(allOf(has("a.b/c"), is("d", "e"))).toBe("has(a.b/c) && d == 'e'");
    expect(isNoneOf("a", ["b", "c"])).toBe("a not in { 'b', 'c' }");
    expect(labelled({ app: "web", tier: "x" })).toBe("app == 'web' && tier == 'x'");
    expect(parseSelector(isNoneOf("a", ["b"]))({ a: "c" })).toBe(true);
  });

  test.each<[string, () => string, string]>([
    ["a value that leaves its quotes", () => is("a", "x' || all() || a == '"), "is no label's value"],
    ["a key with a blank", () => has("a b"), "is no label's key"],
    ["nothing to leave out", () => isNoneOf("a", []), "got no values"],
    ["nothing at all", () => labelled({}), "got no parts"],
  ])("%s is refused", (_, make, message) => expect(make).toThrow(message));
});

describe("builders refuse", () => {
  const sound = { tier: "t", name: "n", order: 1, selector: "all()", types: ["Ingress"] as const, reasons: ["why"] };
  test.each<[string, object, string]>([
    ["no selector", { selector: "" }, "t.n: got no selector"],
    ["rules of a direction that is not named", { egress: [{ action: "Deny" }] }, "egress rules need the type Egress"],
    [
      "ports without a protocol",
      { ingress: [{ action: "Allow", destination: { ports: [1] } }] },
      "ports need a protocol",
    ],
    ["a rule that allows everybody", { ingress: [{ action: "Allow" }] }, "allows everybody"],
    ["no reason", { reasons: [] }, "got no reason"],
  ])("%s", (_, wrong, message) => {
    expect(() => globalNetworkPolicy({ ...sound, ...wrong })).toThrow(message);
    expect(globalNetworkPolicy(sound).metadata.name).toBe("t.n");
  });
});

describe("tiers", () => {
  test("pass on what they do not decide, platform before security before application", () => {
    const tiers = objects().filter(({ kind }) => kind === "Tier");
    expect(tiers.map(({ metadata, spec }) => [metadata.name, spec])).toEqual([
      ["platform", { order: 200, defaultAction: "Pass" }],
      ["security", { order: 300, defaultAction: "Pass" }],
      ["application", { order: 500, defaultAction: "Pass" }],
    ]);
    expect(tier("x", 1, ["why"]).spec).toEqual({ order: 1, defaultAction: "Pass" });
  });

  test("carry their tier in name, field and label, so that 3.31 and 3.32 read the same", () => {
    const tiered = objects().filter(({ spec }) => "tier" in spec);
    expect(tiered.length).toBeGreaterThan(2);
    for (const { metadata, spec } of tiered) {
      const { tier } = spec as { tier: string };
      expect([metadata.name.split(".")[0], metadata.labels["projectcalico.org/tier"]]).toEqual([tier, tier]);
    }
  });

  test("are written by their owners alone, under the made-up resource of the tier", () => {
    const { rbac } = declaredPolicies(stack({}));
    expect(rbac).toEqual([
      {
        kind: "ClusterRole",
        metadata: expect.objectContaining({ name: "seldon-k3s-tier-security" }) as unknown,
        rules: [
          { apiGroups: ["projectcalico.org"], resources: ["tiers"], resourceNames: ["security"], verbs: ["get"] },
          expect.objectContaining({ resourceNames: ["security.*"] }),
        ],
      },
      expect.objectContaining({
        kind: "ClusterRoleBinding",
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "network-security" }],
      }),
    ]);
  });
});

test("every object of every kind says why it is there", () => {
  const { policies, rbac } = declaredPolicies(stack({}));
  const all = [
    ...objects(),
    ...objects({ enforce: true }),
    ...policies,
    ...rbac,
    ...enforcing(stack({})).declared.policies,
  ];
  const kinds = new Set(all.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual([
    "ClusterRole",
    "ClusterRoleBinding",
    "GlobalNetworkPolicy",
    "GlobalNetworkSet",
    "NetworkPolicy",
    "StagedGlobalNetworkPolicy",
    "StagedKubernetesNetworkPolicy",
    "StagedNetworkPolicy",
    "Tier",
  ]);
  for (const { kind, metadata } of all) {
    expect([kind, metadata.name, metadata.annotations[REASONS_ANNOTATION]]).toEqual([
      kind,
      metadata.name,
      expect.stringMatching(/\w{3}/),
    ]);
  }
});

test("a set says whose addresses it holds, and its policy opens the storage's ports to it", () => {
  expect(named("seldon-storage-s3")).toMatchObject({
    kind: "GlobalNetworkSet",
    metadata: { labels: { "seldon-k3s/storage": "s3" } },
    spec: { nets: ["198.51.100.0/24"] },
  });
  expect(named("seldon-storage-s3").metadata.annotations[REASONS_ANNOTATION]).toContain(
    "s3.example.com, s3-cn.example.com",
  );
  expect(named("default.allow-server-storage").spec).toMatchObject({
    selector: "app.kubernetes.io/name == 'seldon-server'",
    types: ["Egress"],
    egress: [
      {
        action: "Allow",
        protocol: "TCP",
        destination: { namespaceSelector: "global()", selector: "seldon-k3s/storage == 's3'", ports: [443] },
      },
    ],
  });
  // Named storage is all the storage there is: the Internet is not open beside it.
  const { policies } = declaredPolicies(stack({}));
  expect(JSON.stringify(policies)).not.toContain("0.0.0.0/0");
});

test("the cluster's default deny leaves out the system, the exempt and our own namespaces", () => {
  const { selector } = named("default.cluster-default-deny").spec as { selector: string };
  const about = (namespace?: string) =>
    parseSelector(selector)(namespace === undefined ? {} : { "projectcalico.org/namespace": namespace });
  const open = ["kube-system", "calico-system", "tigera-operator", "cert-manager", "financial-ml", "risk-ml"];
  expect(open.map(about)).toEqual(open.map(() => false));
  expect([about("shop"), about("default"), about()]).toEqual([true, true, false]);
});

describeWithUpstream("the CRDs of Calico", () => {
  const PLURALS: Readonly<Record<string, string>> = {
    Tier: "tiers",
    NetworkPolicy: "networkpolicies",
    GlobalNetworkPolicy: "globalnetworkpolicies",
    GlobalNetworkSet: "globalnetworksets",
    StagedNetworkPolicy: "stagednetworkpolicies",
    StagedGlobalNetworkPolicy: "stagedglobalnetworkpolicies",
    StagedKubernetesNetworkPolicy: "stagedkubernetesnetworkpolicies",
  };

  test.each(CALICO_VERSIONS)(
    "of %s take every object, and refuse a field that does not exist in each kind",
    (version) => {
      const all = [...objects(), ...objects({ enforce: true, clusterDefaultDeny: { enforce: true } })];
      const seen = new Set<string>();
      for (const object of all) {
        const schema = crdSchema(`calico-v${version}`, `${PLURALS[object.kind]}.crd.projectcalico.org`, "v1");
        expect([object.kind, object.metadata.name, violations(schema, object)]).toEqual([
          object.kind,
          object.metadata.name,
          [],
        ]);
        expect(violations(schema, { ...object, spec: { ...object.spec, selektor: "x" } })).toEqual([
          "spec.selektor: field not declared in schema",
        ]);
        seen.add(object.kind);
      }
      expect([...seen].sort()).toEqual(Object.keys(PLURALS).sort());
    },
  );
});

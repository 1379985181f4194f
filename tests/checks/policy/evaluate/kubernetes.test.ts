/** Kubernetes' NetworkPolicies against what the API documentation (networking.k8s.io/v1) says of each field. */
import { Evaluator } from "../../../../checks/policy/evaluate/evaluate";
import type { AddressEnd, End, PodEnd, Protocol, World } from "../../../../checks/policy/evaluate/model";
import type { LabelSelector } from "../../../../checks/cluster/objects";
import type { NetworkPolicy } from "../../../../checks/evidence/objects";

const pod = (namespace: string, labels: Record<string, string>, more: Partial<PodEnd> = {}): PodEnd => ({
  kind: "pod",
  namespace,
  labels,
  ports: [],
  ...more,
});

const web = pod("shop", { app: "web" }, { ip: "10.42.0.10", node: "n1" });
const db = pod("shop", { app: "db" }, { ip: "10.42.0.11", ports: [{ name: "sql", containerPort: 5432 }] });
const other = pod("other", { app: "web" }, { ip: "10.42.1.10" });
const plain = pod("other", {}, { ip: "10.42.1.11" });
const outside: AddressEnd = { kind: "address", ip: "203.0.113.9" };
const NAMESPACES = { shop: { team: "a" }, other: { team: "b" } };

function policy(spec: NonNullable<NetworkPolicy["spec"]>, namespace = "shop"): NetworkPolicy {
  return { metadata: { name: "p", namespace }, spec };
}

const world = (...policies: NetworkPolicy[]): World => ({ namespaces: NAMESPACES, policies });

function ask(policies: NetworkPolicy[], from: End, to: End, port = 80, protocol: Protocol = "TCP"): string {
  return new Evaluator(world(...policies)).verdict(from, to, port, protocol).allowed;
}

const DENY = policy({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });

describe("isolation", () => {
  test("a pod that no policy selects is open both ways", () => {
    expect(ask([], other, web)).toBe("yes");
    expect(ask([policy({ podSelector: { matchLabels: { app: "db" } } })], other, web)).toBe("yes");
  });

  test("an empty podSelector selects every pod of the policy's namespace, and none of another", () => {
    expect(ask([policy({ podSelector: {} })], other, web)).toBe("no");
    expect(ask([policy({ podSelector: {} })], other, db)).toBe("no");
    expect(ask([policy({ podSelector: {} })], web, other)).toBe("yes");
  });

  test("is by direction: a policy for ingress leaves egress open, and the other way round", () => {
    const ingress = policy({ podSelector: {}, policyTypes: ["Ingress"] });
    const egress = policy({ podSelector: {}, policyTypes: ["Egress"] });
    expect(ask([ingress], web, other)).toBe("yes");
    expect(ask([ingress], other, web)).toBe("no");
    expect(ask([egress], web, other)).toBe("no");
    expect(ask([egress], other, web)).toBe("yes");
  });

  test("policyTypes absent: Ingress always, Egress only where there are egress rules", () => {
    expect(ask([policy({ podSelector: {} })], web, outside)).toBe("yes");
    const withEgress = policy({ podSelector: {}, egress: [{ to: [{ podSelector: {} }] }] });
    expect(ask([withEgress], web, outside)).toBe("no");
    expect(ask([withEgress], other, web)).toBe("no");
    // An empty list of egress rules is such a field too.
    expect(ask([policy({ podSelector: {}, egress: [] })], web, outside)).toBe("no");
  });

  test("policyTypes decides, not the rules: egress rules of a policy for Ingress only have no effect", () => {
    const spec = { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}], egress: [] };
    expect(ask([policy(spec)], web, outside)).toBe("yes");
  });

  test("needs both ends: the caller's egress and the callee's ingress", () => {
    const into = policy({ podSelector: { matchLabels: { app: "db" } }, ingress: [{}] });
    expect(ask([DENY, into], web, db)).toBe("no");
    const out = policy({ podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Egress"], egress: [{}] });
    expect(ask([DENY, into, out], web, db)).toBe("yes");
    expect(ask([DENY, out], web, db)).toBe("no");
  });

  test("policies add up, in any order: one that opens is enough", () => {
    const open = policy({ podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] });
    expect(ask([DENY, open], other, web)).toBe("yes");
    expect(ask([open, DENY], other, web)).toBe("yes");
  });

  test("never between a pod and itself, nor from the pod's own node", () => {
    expect(ask([DENY], web, web)).toBe("yes");
    expect(ask([DENY], { kind: "address", ip: "192.0.2.11", node: "n1" }, web)).toBe("yes");
    expect(ask([DENY], { kind: "address", ip: "192.0.2.12", node: "n2" }, web)).toBe("no");
    const onHost = pod("other", {}, { hostNetwork: true, ip: "192.0.2.11", node: "n1" });
    expect(ask([DENY], onHost, web)).toBe("yes");
    expect(ask([DENY], { ...onHost, node: "n2" }, web)).toBe("no");
  });

  test("is not for pods on their node's network, whose labels no rule knows either", () => {
    const host = pod("shop", { app: "db" }, { hostNetwork: true, ip: "192.0.2.12", node: "n2" });
    expect(ask([DENY], other, host)).toBe("yes");
    const byLabel = policy({
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ from: [{ podSelector: {} }] }],
    });
    expect(ask([byLabel], host, web)).toBe("no");
    const byRange = policy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "192.0.2.0/24" } }] }] });
    expect(ask([byRange], host, web)).toBe("yes");
  });
});

describe("peers", () => {
  const from = (...peers: NonNullable<NonNullable<NonNullable<NetworkPolicy["spec"]>["ingress"]>[number]["from"]>) => [
    policy({ podSelector: { matchLabels: { app: "db" } }, ingress: [{ from: peers }] }),
  ];

  test.each<[string, NetworkPolicy[], End[], End[]]>([
    ["absent: everybody", [policy({ podSelector: {}, ingress: [{}] })], [web, other, plain, outside], []],
    ["an empty list: everybody", from(), [web, other, plain, outside], []],
    ["an empty pod selector: every pod of the same namespace", from({ podSelector: {} }), [web], [other, outside]],
    [
      "a pod selector: such pods of the same namespace",
      from({ podSelector: { matchLabels: { app: "web" } } }),
      [web],
      [other],
    ],
    ["an empty namespace selector: every pod", from({ namespaceSelector: {} }), [web, other, plain], [outside]],
    [
      "a namespace selector by a label of the namespace",
      from({ namespaceSelector: { matchLabels: { team: "b" } } }),
      [other, plain],
      [web],
    ],
    [
      "a namespace selector by the label with its name, which the API server puts there",
      from({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "other" } } }),
      [other, plain],
      [web],
    ],
    [
      "both selectors in one peer: such pods AND of such namespaces",
      from({ namespaceSelector: { matchLabels: { team: "b" } }, podSelector: { matchLabels: { app: "web" } } }),
      [other],
      [web, plain],
    ],
    [
      "both selectors as two peers: OR",
      from({ namespaceSelector: { matchLabels: { team: "b" } } }, { podSelector: { matchLabels: { app: "web" } } }),
      [web, other, plain],
      [outside],
    ],
    ["a range", from({ ipBlock: { cidr: "203.0.113.0/24" } }), [outside], [other]],
    [
      "a range less its exceptions",
      from({ ipBlock: { cidr: "203.0.0.0/16", except: ["203.0.113.8/29"] } }),
      [],
      [outside],
    ],
    ["a range that holds a pod's own address", from({ ipBlock: { cidr: "10.42.1.0/24" } }), [other, plain], [web]],
    ["everything by range", from({ ipBlock: { cidr: "0.0.0.0/0" } }), [web, other, outside], []],
  ])("%s", (_, policies, open, closed) => {
    for (const caller of open) expect([caller, ask(policies, caller, db)]).toEqual([caller, "yes"]);
    for (const caller of closed) expect([caller, ask(policies, caller, db)]).toEqual([caller, "no"]);
  });

  test.each<[string, string, string[] | undefined, boolean, boolean]>([
    ["In", "In", ["web"], true, false],
    ["NotIn, which is true without the label", "NotIn", ["web"], false, true],
    ["Exists", "Exists", undefined, true, false],
    ["DoesNotExist", "DoesNotExist", undefined, false, true],
  ])("matchExpressions %s", (_, operator, values, labelled, unlabelled) => {
    const expression = { key: "app", operator, ...(values === undefined ? {} : { values }) };
    const policies = from({ namespaceSelector: {}, podSelector: { matchExpressions: [expression] } });
    expect(ask(policies, other, db)).toBe(labelled ? "yes" : "no");
    expect(ask(policies, plain, db)).toBe(unlabelled ? "yes" : "no");
  });

  test("a range says nothing about a pod whose address nobody knows yet", () => {
    const { ip: _, ...young } = other;
    expect(ask(from({ ipBlock: { cidr: "10.42.0.0/16" } }), young, db)).toBe("unknown");
    // Where another rule decides, it does not matter.
    expect(ask(from({ ipBlock: { cidr: "10.42.0.0/16" } }, { namespaceSelector: {} }), young, db)).toBe("yes");
  });
});

describe("ports", () => {
  const on = (...ports: object[]) => [policy({ podSelector: { matchLabels: { app: "db" } }, ingress: [{ ports }] })];

  test.each<[string, NetworkPolicy[], [number, Protocol, string][]]>([
    [
      "none: every port of every protocol",
      on(),
      [
        [1, "TCP", "yes"],
        [1, "UDP", "yes"],
        [1, "SCTP", "yes"],
      ],
    ],
    [
      "a number: TCP unless told",
      on({ port: 80 }),
      [
        [80, "TCP", "yes"],
        [81, "TCP", "no"],
        [80, "UDP", "no"],
      ],
    ],
    [
      "a number and a protocol",
      on({ port: 80, protocol: "UDP" }),
      [
        [80, "UDP", "yes"],
        [80, "TCP", "no"],
      ],
    ],
    [
      "a protocol alone: all its ports",
      on({ protocol: "UDP" }),
      [
        [9, "UDP", "yes"],
        [9, "TCP", "no"],
      ],
    ],
    [
      "endPort: the range with both its ends",
      on({ port: 8000, endPort: 8002 }),
      [
        [7999, "TCP", "no"],
        [8000, "TCP", "yes"],
        [8002, "TCP", "yes"],
        [8003, "TCP", "no"],
      ],
    ],
    [
      "a name: that port of the target pod",
      on({ port: "sql" }),
      [
        [5432, "TCP", "yes"],
        [5433, "TCP", "no"],
      ],
    ],
    ["a name by another protocol", on({ port: "sql", protocol: "UDP" }), [[5432, "UDP", "no"]]],
    ["a name that the target does not have", on({ port: "http" }), [[80, "TCP", "no"]]],
    [
      "several: any of them",
      on({ port: 80 }, { port: 443 }),
      [
        [443, "TCP", "yes"],
        [8080, "TCP", "no"],
      ],
    ],
  ])("%s", (_, policies, expected) => {
    for (const [port, protocol, allowed] of expected) {
      expect([port, protocol, ask(policies, other, db, port, protocol)]).toEqual([port, protocol, allowed]);
    }
  });

  test("a name in an egress rule is the target's too, and an address has none", () => {
    const out = [policy({ podSelector: {}, policyTypes: ["Egress"], egress: [{ ports: [{ port: "sql" }] }] })];
    expect(ask(out, web, db, 5432)).toBe("yes");
    expect(ask(out, web, outside, 5432)).toBe("no");
  });

  test("a name cannot be decided where the target's ports are not known", () => {
    const { ports: _, ...unknown } = db;
    expect(ask(on({ port: "sql" }), other, unknown, 5432)).toBe("unknown");
  });

  test("a rule's peers and ports belong together", () => {
    const rules = [
      { from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 1 }] },
      { from: [{ namespaceSelector: { matchLabels: { team: "b" } } }], ports: [{ port: 2 }] },
    ];
    const policies = [policy({ podSelector: { matchLabels: { app: "db" } }, ingress: rules })];
    expect([ask(policies, web, db, 1), ask(policies, web, db, 2)]).toEqual(["yes", "no"]);
    expect([ask(policies, other, db, 1), ask(policies, other, db, 2)]).toEqual(["no", "yes"]);
  });
});

test("a verdict names the rules that decide, and their policies", () => {
  const open = { ...policy({ podSelector: {}, ingress: [{ ports: [{ port: 1 }] }, { ports: [{ port: 80 }] }] }) };
  const named = { ...open, metadata: { name: "open", namespace: "shop" } };
  const evaluator = new Evaluator(world(named, DENY));
  expect(evaluator.verdict(other, web, 80)).toEqual({
    allowed: "yes",
    by: "NetworkPolicy shop/open ingress[1]",
    policies: ["NetworkPolicy shop/open"],
  });
  expect(evaluator.verdict(other, web, 81)).toEqual({
    allowed: "no",
    by: "nothing opens it in: NetworkPolicy shop/open, NetworkPolicy shop/p",
    policies: ["NetworkPolicy shop/open", "NetworkPolicy shop/p"],
  });
  expect(evaluator.verdict(other, plain, 81)).toEqual({ allowed: "yes", by: "no policy is about it", policies: [] });
});

test("of a namespace that nobody told about, its name alone is known", () => {
  const far = pod("far", {}, { ip: "10.42.2.10" });
  const from = (namespaceSelector: LabelSelector) =>
    ask([policy({ podSelector: {}, ingress: [{ from: [{ namespaceSelector }] }] })], far, db);
  const byName = "kubernetes.io/metadata.name";
  expect(from({ matchLabels: { team: "a" } })).toBe("unknown");
  expect(from({ matchExpressions: [{ key: "team", operator: "DoesNotExist" }] })).toBe("unknown");
  expect(from({ matchLabels: { [byName]: "far" } })).toBe("yes");
  expect(from({ matchExpressions: [{ key: byName, operator: "NotIn", values: ["far"] }] })).toBe("no");
  expect(from({})).toBe("yes");
});

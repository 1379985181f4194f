/** Calico's own kinds: selectors, tiers, order, actions, sets. Words and cases follow Calico 3.31 and 3.32. */
import { parseSelector } from "../../../../checks/policy/evaluate/calico-selector";
import { Evaluator } from "../../../../checks/policy/evaluate/evaluate";
import type {
  AddressEnd,
  CalicoPolicy,
  CalicoPolicySpec,
  End,
  PodEnd,
  Tier,
  World,
} from "../../../../checks/policy/evaluate/model";

describe("selectors", () => {
  test.each<[string, Record<string, string>[], Record<string, string>[]]>([
    ["", [{}, { a: "b" }], []],
    ["all()", [{}, { a: "b" }], []],
    ['a == "b"', [{ a: "b" }, { a: "b", c: "d" }], [{}, { a: "c" }]],
    ["a == 'b' && c == 'd'", [{ a: "b", c: "d" }], [{ a: "b" }, {}]],
    ["a == 'b' || c == 'd'", [{ a: "b" }, { c: "d" }], [{}, { a: "c" }]],
    // And binds before or.
    ["a == 'x' || a == 'y' && b == 'z'", [{ a: "x" }, { a: "y", b: "z" }], [{ a: "y" }]],
    ["(a == 'x' || a == 'y') && b == 'z'", [{ a: "x", b: "z" }], [{ a: "x" }]],
    ["a != 'b'", [{}, { a: "c" }], [{ a: "b" }]],
    ["a in { 'b', \"c\" }", [{ a: "b" }, { a: "c" }], [{}, { a: "d" }]],
    ["a not in {'b'}", [{}, { a: "c" }], [{ a: "b" }]],
    ["!a in {'b'}", [{ a: "c" }, {}], [{ a: "b" }]],
    ["a contains 'b'", [{ a: "abc" }], [{ a: "c" }, {}]],
    ["a starts with 'b'", [{ a: "bc" }], [{ a: "cb" }, {}]],
    ["a startswith 'b'", [{ a: "bc" }], [{ a: "cb" }]],
    ["a ends with 'b'", [{ a: "cb" }], [{ a: "bc" }, {}]],
    ["has(a)", [{ a: "" }], [{}]],
    ["!has(a)", [{}], [{ a: "b" }]],
    ["!! has(a.b/c-d)", [{ "a.b/c-d": "x" }], [{}]],
    ["!(has(a) || has(b))", [{}], [{ a: "1" }, { b: "1" }]],
    ["all == 'x'", [{ all: "x" }], [{}]],
  ])("%s", (expression, yes, no) => {
    for (const labels of yes) expect([labels, parseSelector(expression)(labels)]).toEqual([labels, true]);
    for (const labels of no) expect([labels, parseSelector(expression)(labels)]).toEqual([labels, false]);
  });

  test.each([
    "b == b",
    "'b' == a",
    "b",
    "a b",
    "!",
    "a == 'b' &",
    "a in 'b'",
    "(",
    "(a == 'b'",
    "()",
    "%",
    "any()",
    "'x",
  ])("%s is refused, with the expression in the message", (expression) => {
    expect(() => parseSelector(expression)).toThrow(`selector ${JSON.stringify(expression)}:`);
  });
});

const pod = (namespace: string, labels: Record<string, string>, ip: string): PodEnd => ({
  kind: "pod",
  namespace,
  labels,
  ip,
  ports: [{ name: "http", containerPort: 80 }],
});
const web = pod("shop", { app: "web" }, "10.42.0.10");
const db = pod("shop", { app: "db" }, "10.42.0.11");
const other = pod("other", { app: "web" }, "10.42.1.10");
const outside: AddressEnd = { kind: "address", ip: "203.0.113.9" };

const global = (name: string, spec: CalicoPolicySpec): CalicoPolicy => ({ metadata: { name }, spec });
const inShop = (name: string, spec: CalicoPolicySpec): CalicoPolicy => ({
  metadata: { name, namespace: "shop" },
  spec,
});
const tier = (name: string, order: number, defaultAction = "Deny"): Tier => ({
  metadata: { name },
  spec: { order, defaultAction },
});
const evaluator = (more: Partial<World>) =>
  new Evaluator({ namespaces: { shop: { team: "a" }, other: {} }, policies: [], ...more });
const ask = (more: Partial<World>, from: End, to: End, port = 80) => evaluator(more).verdict(from, to, port).allowed;
const calico = (...calicoPolicies: CalicoPolicy[]) => ({ calicoPolicies });

describe("policies", () => {
  test("without rules deny what they select, in the directions that they name", () => {
    const deny = global("default.deny", { selector: "app == 'web'", types: ["Egress"] });
    expect(ask(calico(deny), web, db)).toBe("no");
    expect(ask(calico(deny), other, db)).toBe("no");
    expect(ask(calico(deny), db, web)).toBe("yes");
  });

  test("types absent: Ingress, or what the rules are", () => {
    expect(ask(calico(global("p", { selector: "all()" })), web, outside)).toBe("yes");
    expect(ask(calico(global("p", { selector: "all()" })), outside, web)).toBe("no");
    const egress = global("p", { selector: "all()", egress: [{ action: "Deny" }] });
    expect(ask(calico(egress), web, outside)).toBe("no");
    expect(ask(calico(egress), outside, web)).toBe("yes");
    const both = global("p", { selector: "all()", egress: [{ action: "Deny" }], ingress: [{ action: "Deny" }] });
    expect(ask(calico(both), outside, web)).toBe("no");
  });

  test("a namespaced policy is about its namespace, and so are its selectors", () => {
    const policy = inShop("default.p", {
      selector: "all()",
      ingress: [{ action: "Allow", source: { selector: "app == 'web'" } }],
    });
    expect(ask(calico(policy), web, db)).toBe("yes");
    expect(ask(calico(policy), other, db)).toBe("no");
    expect(ask(calico(policy), db, other)).toBe("yes");
    const everywhere = inShop("default.p", {
      selector: "all()",
      ingress: [{ action: "Allow", source: { namespaceSelector: "all()", selector: "app == 'web'" } }],
    });
    expect(ask(calico(everywhere), other, db)).toBe("yes");
  });

  test("a namespace selector takes labels of namespaces, and their names", () => {
    const by = (namespaceSelector: string) =>
      calico(global("p", { selector: "app == 'db'", ingress: [{ action: "Allow", source: { namespaceSelector } }] }));
    expect(ask(by("team == 'a'"), web, db)).toBe("yes");
    expect(ask(by("team == 'a'"), other, db)).toBe("no");
    expect(ask(by("projectcalico.org/name == 'other'"), other, db)).toBe("yes");
    expect(ask(by("kubernetes.io/metadata.name == 'other'"), other, db)).toBe("yes");
    expect(ask(by("all()"), outside, db)).toBe("no");
    // Of a namespace that nobody told about, its name alone is known.
    const far = pod("far", {}, "10.42.2.10");
    expect(ask(by("team == 'a'"), far, db)).toBe("unknown");
    expect(ask(by("!has(team)"), far, db)).toBe("unknown");
    expect(ask(by("projectcalico.org/name == 'far'"), far, db)).toBe("yes");
    expect(ask(by("kubernetes.io/metadata.name == 'shop'"), far, db)).toBe("no");
    expect(ask(by("all()"), far, db)).toBe("yes");
    expect(ask(calico(global("p", { namespaceSelector: "team == 'a'", types: ["Egress"] })), far, db)).toBe("unknown");
    expect(ask(by("global()"), web, db)).toBe("no");
  });

  test("`not in` alone is true of what has no namespace; with `has` it is about pods only", () => {
    const selector = parseSelector("has(projectcalico.org/namespace) && projectcalico.org/namespace not in { 'shop' }");
    expect([selector({}), selector({ "projectcalico.org/namespace": "other" })]).toEqual([false, true]);
    const policy = calico(
      global("default.d", {
        selector: "has(projectcalico.org/namespace) && projectcalico.org/namespace not in { 'shop' }",
        types: ["Ingress"],
      }),
    );
    expect(ask(policy, web, other)).toBe("no");
    expect(ask(policy, other, web)).toBe("yes");
  });

  test("the first rule that matches decides; Log decides nothing", () => {
    const rules = [
      { action: "Log" },
      { action: "Deny", protocol: "TCP", destination: { ports: ["1:79", "81:90"] } },
      { action: "Allow" },
    ];
    const policy = calico(global("p", { selector: "app == 'db'", ingress: rules }));
    expect([79, 80, 81, 90, 91].map((port) => ask(policy, web, db, port))).toEqual(["no", "yes", "no", "no", "yes"]);
  });

  test("order decides between policies of a tier, nothing comes last, names decide between equals", () => {
    const deny = (name: string, order?: number) =>
      global(name, {
        selector: "app == 'db'",
        ...(order === undefined ? {} : { order }),
        ingress: [{ action: "Deny" }],
      });
    const allow = (name: string, order?: number) =>
      global(name, {
        selector: "app == 'db'",
        ...(order === undefined ? {} : { order }),
        ingress: [{ action: "Allow" }],
      });
    expect(ask(calico(deny("a", 2), allow("b", 1)), web, db)).toBe("yes");
    expect(ask(calico(deny("a"), allow("b", 1e9)), web, db)).toBe("yes");
    expect(ask(calico(deny("a", 1), allow("b", 1)), web, db)).toBe("no");
    expect(ask(calico(allow("a"), deny("b")), web, db)).toBe("yes");
  });

  test.each<[string, object, "yes" | "no"]>([
    ["a protocol by name", { protocol: "TCP" }, "yes"],
    ["a protocol by number", { protocol: 6 }, "yes"],
    ["another protocol", { protocol: "UDP" }, "no"],
    ["not that protocol", { notProtocol: "TCP" }, "no"],
    ["a port by the target's name", { protocol: "TCP", destination: { ports: ["http"] } }, "yes"],
    ["not that port", { protocol: "TCP", destination: { notPorts: [80] } }, "no"],
    ["nets", { source: { nets: ["10.42.0.0/24"] } }, "yes"],
    ["nets less others", { source: { nets: ["10.42.0.0/16"], notNets: ["10.42.0.8/29"] } }, "no"],
    ["not that selector", { source: { notSelector: "app == 'web'" } }, "no"],
    ["ICMP", { protocol: "ICMP", icmp: { type: 8 } }, "no"],
  ])("a rule by %s", (_, rule, allowed) => {
    const policy = global("p", { selector: "app == 'db'", ingress: [{ action: "Allow", ...rule }] });
    expect(ask(calico(policy), web, db)).toBe(allowed);
  });

  test.each<[string, object]>([
    ["services", { destination: { services: { name: "db" } } }],
    ["service accounts", { source: { serviceAccounts: { names: ["x"] } } }],
    ["HTTP", { http: { methods: ["GET"] } }],
    ["source ports", { protocol: "TCP", source: { ports: [1] } }],
  ])("a rule by %s is not decided, unless all comes to the same", (_, rule) => {
    const policy = (action: string) => global("p", { selector: "app == 'db'", ingress: [{ action, ...rule }] });
    expect(ask(calico(policy("Allow")), web, db)).toBe("unknown");
    expect(ask(calico(policy("Deny")), web, db)).toBe("no");
  });

  test("an action that does not exist is refused", () => {
    const wrong = global("p", { selector: "all()", ingress: [{ action: "Permit" }] });
    expect(() => evaluator(calico(wrong))).toThrow('GlobalNetworkPolicy p ingress[0]: got action "Permit"');
  });

  test("what is about hosts before or beside the ordinary way says nothing about pods", () => {
    expect(ask(calico(global("p", { selector: "all()", preDNAT: true, types: ["Ingress"] })), web, db)).toBe("yes");
    expect(ask(calico(global("p", { selector: "all()", doNotTrack: true, types: ["Ingress"] })), web, db)).toBe("yes");
  });
});

describe("sets of addresses", () => {
  const sets = [
    { metadata: { name: "s3", labels: { storage: "s3" } }, spec: { nets: ["203.0.113.0/24"] } },
    { metadata: { name: "own", namespace: "shop", labels: { storage: "own" } }, spec: { nets: ["198.51.100.7/32"] } },
  ];
  const out = (destination: object) => ({
    ...calico(
      inShop("default.p", { selector: "all()", types: ["Egress"], egress: [{ action: "Allow", destination }] }),
    ),
    networkSets: sets,
  });
  const own: AddressEnd = { kind: "address", ip: "198.51.100.7" };

  test("are meant by their labels: a cluster's by global(), a namespace's own without", () => {
    expect(ask(out({ namespaceSelector: "global()", selector: "storage == 's3'" }), web, outside)).toBe("yes");
    expect(ask(out({ namespaceSelector: "global()", selector: "storage == 's3'" }), web, own)).toBe("no");
    expect(ask(out({ selector: "storage == 's3'" }), web, outside)).toBe("no");
    expect(ask(out({ selector: "storage == 'own'" }), web, own)).toBe("yes");
  });

  test("an address in no set is selected by nothing", () => {
    expect(ask(out({ selector: "all()" }), web, { kind: "address", ip: "192.0.2.1" })).toBe("no");
  });
});

describe("tiers", () => {
  const kubernetes = (spec: object) => ({ metadata: { name: "k", namespace: "shop" }, spec });
  const open = kubernetes({ podSelector: {}, ingress: [{}] });
  const deny = (name: string) =>
    global(`${name}.deny`, { tier: name, selector: "app == 'db'", ingress: [{ action: "Deny" }] });

  test("are asked in order, and before Kubernetes' policies", () => {
    const world = { tiers: [tier("security", 300, "Pass")], policies: [open], calicoPolicies: [deny("security")] };
    expect(ask(world, web, db)).toBe("no");
    const before = global("platform.allow", { tier: "platform", selector: "all()", ingress: [{ action: "Allow" }] });
    const platform = { ...world, calicoPolicies: [deny("security"), before] };
    expect(ask({ ...platform, tiers: [tier("security", 300), tier("platform", 200)] }, web, db)).toBe("yes");
    expect(ask({ ...platform, tiers: [tier("security", 300), tier("platform", 400)] }, web, db)).toBe("no");
  });

  test("default action Deny ends what no rule decides, Pass goes on; a tier that is not about the pod is passed over", () => {
    const some = global("security.some", { tier: "security", selector: "app == 'db'", types: ["Ingress"] });
    const world = { policies: [open], calicoPolicies: [some] };
    expect(ask({ ...world, tiers: [tier("security", 300, "Deny")] }, web, db)).toBe("no");
    expect(ask({ ...world, tiers: [tier("security", 300, "Pass")] }, web, db)).toBe("yes");
    expect(ask({ ...world, tiers: [tier("security", 300, "Deny")] }, other, web)).toBe("yes");
  });

  test("action Pass leaves the rest of its tier out, and at the end of all tiers means open", () => {
    const pass = global("security.a", {
      tier: "security",
      order: 1,
      selector: "app == 'db'",
      ingress: [{ action: "Pass" }],
    });
    const never = global("security.b", {
      tier: "security",
      order: 2,
      selector: "app == 'db'",
      ingress: [{ action: "Deny" }],
    });
    const tiers = [tier("security", 300, "Deny")];
    expect(ask({ tiers, calicoPolicies: [never, pass], policies: [open] }, web, db)).toBe("yes");
    const closed = kubernetes({ podSelector: {}, policyTypes: ["Ingress"] });
    expect(ask({ tiers, calicoPolicies: [never, pass], policies: [closed] }, web, db)).toBe("no");
    expect(evaluator({ tiers, calicoPolicies: [pass] }).verdict(web, db, 80)).toMatchObject({
      allowed: "yes",
      by: "GlobalNetworkPolicy security.a ingress[0]",
    });
  });

  test("a deny without rules in the tier default closes only what no Kubernetes policy opens, whatever its order", () => {
    for (const order of [1, 2000]) {
      const last = global("default.deny", { tier: "default", order, selector: "all()", types: ["Ingress", "Egress"] });
      const out = kubernetes({ podSelector: {}, policyTypes: ["Egress"], egress: [{}] });
      expect(ask({ policies: [open, out], calicoPolicies: [last] }, web, db)).toBe("yes");
      expect(ask({ policies: [open], calicoPolicies: [last] }, web, db)).toBe("no");
      expect(ask({ calicoPolicies: [last] }, web, other)).toBe("no");
    }
  });

  test("a name with a tier's prefix stands for the tier where the field is missing (3.31)", () => {
    const old = global("security.p", { selector: "app == 'db'", types: ["Ingress"] });
    expect(ask({ tiers: [tier("security", 300, "Pass")], calicoPolicies: [old] }, web, db)).toBe("yes");
    expect(ask({ tiers: [], calicoPolicies: [old] }, web, db)).toBe("no");
  });
});

import { type Connection, policyVerdict } from "../../../checks/diagnosis/policy";
import type { NetworkPolicy } from "../../../checks/evidence/objects";
import { declaredPolicies, NS } from "../support/diagnosis-objects";

const SERVER = { kind: "pod" as const, namespace: NS, labels: { "app.kubernetes.io/name": "seldon-server" } };
const SCHEDULER = { kind: "pod" as const, namespace: NS, labels: { "app.kubernetes.io/name": "seldon-scheduler" } };
const ENVOY = { kind: "pod" as const, namespace: NS, labels: { "app.kubernetes.io/name": "seldon-envoy" } };

describe("the stack's own policies", () => {
  const policies = declaredPolicies() as readonly NetworkPolicy[];
  it.each([
    ["agent to scheduler", { from: SERVER, to: SCHEDULER, port: 9005 }, "yes"],
    ["agent to the scheduler's control plane", { from: SERVER, to: SCHEDULER, port: 9004 }, "no"],
    ["Envoy to MLServer itself", { from: ENVOY, to: SERVER, port: 9500 }, "no"],
    ["Envoy to the agent's proxy", { from: ENVOY, to: SERVER, port: 9501 }, "yes"],
    [
      "agent to the API server",
      { from: SERVER, to: { kind: "address" as const, ip: "192.0.2.11" }, port: 6443 },
      "yes",
    ],
    [
      "agent to another address on 6443",
      { from: SERVER, to: { kind: "address" as const, ip: "198.51.100.1" }, port: 6443 },
      "no",
    ],
    [
      "storage, but not by a pod's address",
      { from: SERVER, to: { kind: "address" as const, ip: "203.0.113.9" }, port: 443 },
      "yes",
    ],
    [
      "agent to cluster DNS",
      {
        from: SERVER,
        to: { kind: "pod" as const, namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
        port: 53,
        protocol: "UDP" as const,
      },
      "yes",
    ],
    [
      "a stranger to the scheduler",
      { from: { kind: "pod" as const, namespace: "other", labels: {} }, to: SCHEDULER, port: 9005 },
      "no",
    ],
  ])("%s: %s", (_, connection, expected) => expect(policyVerdict(policies, connection).allowed).toBe(expected));
});

describe("policies of others", () => {
  const policy = (spec: NetworkPolicy["spec"]): NetworkPolicy[] => [{ metadata: { name: "p", namespace: NS }, spec }];
  const reach = (spec: NetworkPolicy["spec"]) =>
    policyVerdict(policy(spec), { from: SERVER, to: SCHEDULER, port: 9005 });
  it.each<[string, NetworkPolicy["spec"], string]>([
    ["one that selects nobody of these", { podSelector: { matchLabels: { a: "b" } } }, "yes"],
    ["one that closes", { podSelector: {}, policyTypes: ["Ingress"] }, "no"],
    ["one that opens all", { podSelector: {}, ingress: [{}] }, "yes"],
    [
      "one that opens a range of ports",
      { podSelector: {}, ingress: [{ ports: [{ port: 9000, endPort: 9010 }] }] },
      "yes",
    ],
    ["one that opens UDP only", { podSelector: {}, ingress: [{ ports: [{ port: 9005, protocol: "UDP" }] }] }, "no"],
    ["a port by its name", { podSelector: {}, ingress: [{ ports: [{ port: "agent" }] }] }, "unknown"],
    [
      "labels of a namespace",
      { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "ml" } } }] }] },
      "unknown",
    ],
    ["egress rules without policyTypes", { podSelector: {}, ingress: [{}], egress: [] }, "no"],
  ])("%s", (_, spec, expected) => expect(reach(spec).allowed).toBe(expected));

  it.each<[string, Partial<Connection>, NetworkPolicy["spec"], string]>([
    [
      "an agent on its node's network: no policy is about it, and for others it is the node",
      { from: { ...SERVER, hostNetwork: true, ip: "192.0.2.12" } },
      { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }], egress: [] },
      "no",
    ],
    [
      "the same to a scheduler on its own node, which nothing keeps it from",
      { from: { ...SERVER, hostNetwork: true, node: "n1" }, to: { ...SCHEDULER, node: "n1" } },
      { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      "yes",
    ],
    [
      "a range of addresses, of a pod that has none yet",
      {},
      { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] },
      "unknown",
    ],
    [
      "a range of IPv6 addresses",
      { to: { kind: "address", ip: "2001:db8::7" } },
      { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "2001:db8::/64" } }] }] },
      "yes",
    ],
    [
      "a port by its name, to an address, which has no names",
      { to: { kind: "address", ip: "192.0.2.11" } },
      { podSelector: {}, policyTypes: ["Egress"], egress: [{ ports: [{ port: "https" }] }] },
      "no",
    ],
  ])("%s", (_, ends, spec, expected) => {
    const connection = { from: SERVER, to: SCHEDULER, port: 9005, ...ends };
    expect(policyVerdict(policy(spec), connection).allowed).toBe(expected);
  });

  it("names who opens, and where nobody closes", () => {
    expect(reach({ podSelector: {}, ingress: [{}] }).why).toBe(
      "no NetworkPolicy closes the way out of namespace financial-ml; NetworkPolicy p opens the way into namespace financial-ml",
    );
    expect(reach({ podSelector: {}, ingress: [{ ports: [{ port: "agent" }] }] }).why).toBe(
      "NetworkPolicy p may open the way into namespace financial-ml",
    );
  });

  it("names who closes", () => {
    expect(reach({ podSelector: {}, policyTypes: ["Ingress"] }).why).toBe(
      "no NetworkPolicy opens port 9005 into namespace financial-ml; closed by p",
    );
  });
});

/** Who would be cut off, by evaluating policies over pods. */
import type { NetworkPolicy } from "../../../checks/evidence/objects";
import type { PodEnd } from "../../../checks/policy/evaluate/model";
import { cutOff } from "../../../tools/adopt/cut";

const pod = (namespace: string, app: string, port: number, more: Partial<PodEnd> = {}): PodEnd => ({
  kind: "pod",
  namespace,
  labels: { app },
  ports: [{ containerPort: port }],
  ...more,
});
const policy = (name: string, spec: object, namespace = "ml"): NetworkPolicy => ({
  metadata: { name, namespace },
  spec,
});

const deny = policy("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
const allowServer = policy("allow-server", {
  podSelector: { matchLabels: { app: "server" } },
  policyTypes: ["Ingress", "Egress"],
  ingress: [{ from: [{ podSelector: { matchLabels: { app: "proxy" } } }], ports: [{ port: 9000, protocol: "TCP" }] }],
});
const allowProxy = policy("allow-proxy", {
  podSelector: { matchLabels: { app: "proxy" } },
  policyTypes: ["Ingress", "Egress"],
  egress: [{ to: [{ podSelector: { matchLabels: { app: "server" } } }] }],
});
const openAll = policy("allow-all", { podSelector: {}, ingress: [{}], egress: [{}] });
const enforced = [deny, allowServer, allowProxy];

const server = pod("ml", "server", 9000);
const proxy = pod("ml", "proxy", 8000);
const cut = (pods: readonly PodEnd[], live: readonly NetworkPolicy[] = []) =>
  cutOff({ pods, namespaces: { ml: {}, other: {} }, live, enforced, taken: ["ml"] });

test("a pod without a row, callers that lose a port, and ways out that close", () => {
  expect(cut([server, proxy, pod("ml", "ui", 80), pod("other", "job", 7000)])).toEqual([
    "ml/ui: no row of the flow table is about it; it would reach the DNS and nothing else, and nobody it",
    "ml/server, TCP 9000: closed to ml/ui, other/job",
    "ml/proxy, TCP 8000: closed to ml/server, ml/ui, other/job",
    "ml/server: no way to other/job, TCP 7000",
    "ml/proxy: no way to other/job, TCP 7000",
  ]);
});

test("an allow-all hides nothing: it goes, and the list says what then", () => {
  expect(cut([server, proxy], [openAll])).toEqual(["ml/proxy, TCP 8000: closed to ml/server"]);
});

test("what is closed already, by policies of others or of the stack, is not told again", () => {
  expect(cut([server, proxy, pod("other", "job", 7000)], enforced)).toEqual([]);
});

test("pods that policies cannot tell apart are one, whatever their controller labelled them", () => {
  const replica = (hash: string) =>
    pod("other", "job", 7000, { labels: { app: "job", "pod-template-hash": hash }, ports: [] });
  expect(cut([server, proxy, replica("a"), replica("b")])).toContain("ml/server, TCP 9000: closed to other/job");
});

test("pods on their node's network are nobody's to close; many callers are counted", () => {
  const many = Array.from({ length: 8 }, (_, index) => pod("other", `job-${index}`, 7000, { ports: [] }));
  const lines = cut([server, proxy, pod("ml", "host", 80, { hostNetwork: true }), ...many]);
  expect(lines.some((line) => line.startsWith("ml/host"))).toBe(false);
  expect(lines[0]).toMatch(/^ml\/server, TCP 9000: closed to .* and \d more$/);
});

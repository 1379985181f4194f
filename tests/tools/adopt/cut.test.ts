/** Who would be cut off, from the pods and policies of a cluster to the lines of the report. */
import type { NetworkPolicy } from "../../../checks/evidence/objects";
import type { PodEnd } from "../../../checks/policy/evaluate/model";
import { changesOf } from "../../../checks/policy/existing/cuts";
import type { Workload } from "../../../checks/policy/existing/world";
import { cutLines } from "../../../tools/adopt/cut";
import { opensEverything } from "../../../tools/adopt/workarounds";

const workload = (namespace: string, name: string, port: number, more: Partial<PodEnd> = {}): Workload => ({
  name: `${namespace}/Deployment ${name}`,
  namespace,
  end: { kind: "pod", namespace, labels: { app: name }, ports: [{ containerPort: port }], ...more },
});
const policy = (name: string, spec: NetworkPolicy["spec"], namespace = "ml"): NetworkPolicy => ({
  metadata: { name, namespace },
  spec,
});

const SERVER = { "app.kubernetes.io/name": "seldon-server" };
const ENVOY = { "app.kubernetes.io/name": "seldon-envoy" };
const enforced = [
  policy("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
  policy("allow-server", {
    podSelector: { matchLabels: SERVER },
    ingress: [{ from: [{ podSelector: { matchLabels: ENVOY } }], ports: [{ port: 9500 }] }],
  }),
  policy("allow-envoy", {
    podSelector: { matchLabels: ENVOY },
    policyTypes: ["Egress"],
    egress: [{ to: [{ podSelector: { matchLabels: SERVER } }] }],
  }),
];
const openAll = policy("allow-all", { podSelector: {}, ingress: [{}], egress: [{}] });

const server = workload("ml", "server", 9500, { labels: SERVER });
const envoy = workload("ml", "envoy", 9000, { labels: ENVOY });
const job = workload("other", "job", 7000);

function cut(workloads: readonly Workload[], live: readonly NetworkPolicy[] = [], taken = ["ml"]): string[] {
  const namespaces = { ml: {}, other: {}, tenant: {} };
  const snapshot = { workloads, nodes: [], world: { namespaces, policies: live }, staged: [] };
  const changes = changesOf(snapshot, { namespaces, policies: enforced }, ["ml", "tenant"], (one) =>
    opensEverything({ spec: one.spec }),
  );
  return cutLines(snapshot, changes, taken);
}

const UI =
  "ml/Deployment ui: no row of the flow table is about it; it would reach the DNS and nothing else, and nobody it";
const WAYS_OUT = ["server", "envoy"].map((name) => `ml/Deployment ${name}: no way to outside the cluster, TCP 80, 443`);

test("a pod without a row, callers that lose a port, and ways out that close", () => {
  const lines = cut([server, envoy, workload("ml", "ui", 80), job]);
  expect(lines[0]).toBe(UI);
  const into = lines.filter((line) => line.includes("closed to"));
  expect(into.map((line) => line.replace(/TCP [\d, ]*/, ""))).toEqual([
    "ml/Deployment server, : closed to ml/Deployment ui, other/Deployment job",
    "ml/Deployment envoy, : closed to ml/Deployment ui, other/Deployment job",
  ]);
  expect(into[0]).toMatch(/TCP .*\b9500\b/);
  expect(lines.slice(1 + into.length).sort()).toEqual(
    [
      ...WAYS_OUT,
      "ml/Deployment server: no way to other/Deployment job, TCP 7000",
      "ml/Deployment envoy: no way to other/Deployment job, TCP 7000",
    ].sort(),
  );
});

test("between components the flow table is the whole truth: what it closes nobody used", () => {
  expect(cut([server, envoy])).toEqual(WAYS_OUT);
});

test("an allow-all hides nothing: it goes, and the list says what then", () => {
  expect(cut([server, envoy, job], [openAll])).toEqual(cut([server, envoy, job]));
  expect(cut([server, envoy, job], [openAll])).not.toEqual([]);
});

test("what is closed already, by policies of others or of the stack, is not told again", () => {
  expect(cut([server, envoy, job], enforced)).toEqual([]);
});

test("namespaces in which the policies act already are not told of", () => {
  const tenant = workload("tenant", "ui", 80);
  expect(cut([server, envoy, tenant], [], ["tenant"]).filter((line) => line.startsWith("ml/"))).toEqual([]);
});

test("ports of other protocols count", () => {
  const syslog = workload("other", "syslog", 514, { ports: [{ containerPort: 514, protocol: "UDP" }] });
  expect(cut([server, syslog])).toContain("ml/Deployment server: no way to other/Deployment syslog, UDP 514");
});

test("a pod on its node's network is nobody's to close, but those who lose the way to it are told; many callers are counted", () => {
  const many = Array.from({ length: 8 }, (_, index) => workload("other", `job-${index}`, 7000, { ports: [] }));
  const lines = cut([server, envoy, workload("ml", "host", 80, { hostNetwork: true }), ...many]);
  expect(lines.filter((line) => line.startsWith("ml/Deployment host"))).toEqual([
    "ml/Deployment host, TCP 80: closed to ml/Deployment envoy, ml/Deployment server",
  ]);
  expect(lines.find((line) => line.startsWith("ml/Deployment server, "))).toMatch(/: closed to .* and 4 more$/);
});

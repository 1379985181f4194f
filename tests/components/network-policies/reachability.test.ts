/** The generated policies against the flow table: every pair of pods, every port, both protocols. */
import { ownNamespaces, policyContext } from "../../../components/network-policies/context";
import type { PolicyConfig, PolicyContext } from "../../../components/network-policies/context";
import { POD_LABELS } from "../../../components/network-policies/endpoints";
import type { Endpoint } from "../../../components/network-policies/endpoints";
import type { Flow } from "../../../components/network-policies/flow";
import { FLOWS } from "../../../components/network-policies/flows";
import { PORTS, UNAUTHENTICATED_PORTS } from "../../../components/network-policies/ports";
import { renderPolicies } from "../../../components/network-policies/render";
import { reachable, sitesOf, truthTable } from "../../../components/network-policies/truth-table";
import type { Site } from "../../../components/network-policies/truth-table";
import { allows } from "../../support/policy-evaluator";
import type { Host } from "../../support/policy-evaluator";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

/** Somebody in the test's world: where it is, and what the table calls it (nothing for a stranger). */
interface Actor {
  readonly name: string;
  readonly host: Host;
  readonly site?: Site;
}

const pod = (namespace: string, labels: Record<string, string>, ip: string): Host => ({
  kind: "pod",
  namespace,
  labels,
  ip,
});
const TRAEFIK = { "app.kubernetes.io/name": "traefik" };

/** Our pods, one of each kind in each namespace, and the world around them. */
function actors(context: PolicyContext): Actor[] {
  const ours = ownNamespaces(context).flatMap((namespace, index) =>
    sitesOf(context, namespace).map((site, place) => ({
      name: `${namespace}/${site.endpoint}`,
      host: pod(namespace, { ...POD_LABELS[site.endpoint], extra: "label" }, `10.42.${index + 1}.${place + 10}`),
      site,
    })),
  );
  const strangers = ownNamespaces(context).map((namespace, index) => ({
    name: `${namespace}/stranger`,
    host: pod(namespace, { app: "stranger" }, `10.42.${index + 1}.200`),
  }));
  const around: Actor[] = [
    { name: "traefik", host: pod("kube-system", TRAEFIK, "10.42.9.1"), site: { endpoint: "client" } },
    { name: "traefik elsewhere", host: pod("default", TRAEFIK, "10.42.9.2") },
    { name: "kube-system pod", host: pod("kube-system", { app: "other" }, "10.42.9.3") },
    { name: "coredns", host: pod("kube-system", { "k8s-app": "kube-dns" }, "10.42.9.4"), site: { endpoint: "dns" } },
    { name: "dns label elsewhere", host: pod("default", { "k8s-app": "kube-dns" }, "10.42.9.5") },
    {
      name: "monitoring",
      host: pod("monitoring", {}, "10.42.9.6"),
      ...(context.monitoringNamespace === undefined ? {} : { site: { endpoint: "prometheus" } }),
    },
    {
      name: "broker",
      host: pod("kafka", { "strimzi.io/cluster": "seldon" }, "10.42.9.7"),
      ...(context.kafka.namespace === undefined ? {} : { site: { endpoint: "kafka" } }),
    },
    {
      name: "collector",
      host: pod("observability", {}, "10.42.9.8"),
      ...(context.collector.namespace === undefined ? {} : { site: { endpoint: "collector" } }),
    },
    { name: "default pod", host: pod("default", {}, "10.42.9.9") },
    { name: "operator label elsewhere", host: pod("default", POD_LABELS.operator, "10.42.9.10") },
    { name: "scheduler label elsewhere", host: pod("default", POD_LABELS.scheduler, "10.42.9.11") },
    { name: "node", host: { kind: "address", ip: "192.0.2.11" }, site: { endpoint: "apiserver" } },
    { name: "storage", host: { kind: "address", ip: "203.0.113.9" }, site: { endpoint: "storage" } },
    { name: "service address", host: { kind: "address", ip: "10.43.0.1" } },
    { name: "pod address nobody has", host: { kind: "address", ip: "10.42.77.7" } },
  ];
  return [...ours, ...strangers, ...around];
}

/** Every number that any row names, and some that none does. */
function everyPort(context: PolicyContext): number[] {
  const groups = Object.values(PORTS) as readonly Readonly<Record<string, number>>[];
  const configured = Object.values(context.ports).flat();
  const named = groups.flatMap((group) => Object.values(group));
  return [...new Set([...named, ...configured, 22, 80, 443, 8080, 10250])].sort((left, right) => left - right);
}

/** What the table says, with `any` standing for every pod of our namespaces, strangers too. */
function expected(context: PolicyContext, from: Actor, to: Actor, port: number, protocol: "TCP" | "UDP"): boolean {
  const inOurs = (host: Host) => host.kind === "pod" && ownNamespaces(context).includes(host.namespace);
  if (!inOurs(from.host) && !inOurs(to.host)) return true;
  if (inOurs(from.host) && to.site?.endpoint === "dns" && port === PORTS.kubernetes.dns) return true;
  if (from.site === undefined || to.site === undefined) return false;
  return reachable(context, from.site, to.site, port, protocol) !== undefined;
}

const CONFIGS: Record<string, PolicyConfig> = {
  "models profile": seldonStack(),
  "models profile with monitoring, tracing and triton": seldonStack({
    seldon: {
      tracing: { endpoint: "otel.observability:4317", namespace: "observability" },
      servers: [{ name: "triton", config: "triton" }],
    },
    policies: { monitoringNamespace: "monitoring" },
  }),
  "pipelines profile": seldonStack({ seldon: PIPELINES, policies: { monitoringNamespace: "monitoring" } }),
  "two tenants": seldonStack({
    seldon: { tenants: [{ namespace: "tenant-a" }, { namespace: "tenant-b" }] },
    policies: { monitoringNamespace: "monitoring" },
  }),
  "two tenants, the operator in a namespace of its own": seldonStack({
    seldon: {
      ...PIPELINES,
      operatorNamespace: "seldon-system",
      tenants: [{ namespace: "tenant-a" }, { namespace: "tenant-b" }],
    },
    policies: { monitoringNamespace: "monitoring" },
  }),
  "one runtime, the operator in a namespace of its own": seldonStack({
    seldon: { operatorNamespace: "seldon-system" },
  }),
  "two tenants with pipelines, nobody may call": seldonStack({
    seldon: { ...PIPELINES, tenants: [{ namespace: "tenant-a" }, { namespace: "tenant-b" }] },
    policies: { clients: [] },
  }),
};

describe.each(Object.entries(CONFIGS))("the policies of a stack: %s", (_, config) => {
  const context = policyContext(config);
  const policies = renderPolicies(context);
  const everyone = actors(context);

  test("let through exactly what the flow table lists, for all pairs, ports and protocols", () => {
    const wrong: string[] = [];
    let allowed = 0;
    for (const from of everyone) {
      for (const to of everyone) {
        if (from === to) continue;
        for (const port of everyPort(context)) {
          for (const protocol of ["TCP", "UDP"] as const) {
            const got = allows(policies, { from: from.host, to: to.host, port, protocol });
            const want = expected(context, from, to, port, protocol);
            if (want) allowed += 1;
            if (got !== want) wrong.push(`${from.name} -> ${to.name} ${protocol} ${port}: got ${got}, want ${want}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(allowed).toBeGreaterThan(0);
  });

  test("leave no active row without effect", () => {
    const used = new Set(
      everyone.flatMap((from) =>
        everyone.flatMap((to) =>
          everyPort(context).flatMap((port) =>
            (["TCP", "UDP"] as const).flatMap((protocol) => {
              if (from.site === undefined || to.site === undefined) return [];
              return reachable(context, from.site, to.site, port, protocol) ?? [];
            }),
          ),
        ),
      ),
    );
    const inForce = FLOWS.filter((flow: Flow) =>
      (flow.when ?? []).every((condition) => context.conditions.has(condition)),
    );
    const kubelet = (flow: Flow) => flow.from.includes("kubelet");
    expect([...used].sort()).toEqual(
      inForce
        .filter((flow) => !kubelet(flow))
        .map((flow) => flow.id)
        .sort(),
    );
  });
});

const CLOSED_TO: readonly (readonly [keyof typeof UNAUTHENTICATED_PORTS, number, readonly Endpoint[]])[] = [
  ["scheduler", PORTS.scheduler.xds, ["envoy"]],
  ["scheduler", PORTS.scheduler.control, ["operator", "modelgateway", "pipelinegateway"]],
  ["scheduler", PORTS.scheduler.agent, ["server"]],
  ["scheduler", PORTS.scheduler.chainer, ["dataflow"]],
  ["server", PORTS.server.rclone, []],
  ["server", PORTS.server.debug, []],
  ["server", PORTS.server.drainer, []],
  ["server", PORTS.server.inferenceHttp, []],
  ["server", PORTS.server.inferenceGrpc, []],
  ["envoy", PORTS.envoy.mirror, []],
  ["envoy", PORTS.envoy.admin, []],
];

describe("ports without authentication", () => {
  const context = policyContext(
    seldonStack({
      seldon: { ...PIPELINES, tenants: [{ namespace: "tenant-a" }] },
      policies: { monitoringNamespace: "monitoring" },
    }),
  );
  const policies = renderPolicies(context);
  const everyone = actors(context);

  test("are all covered by this test", () => {
    const listed = CLOSED_TO.map(([component, port]) => `${component}:${port}`).sort();
    const all = Object.entries(UNAUTHENTICATED_PORTS).flatMap(([component, ports]) =>
      ports.map((port) => `${component}:${port}`),
    );
    expect(listed).toEqual(all.sort());
  });

  test.each(CLOSED_TO)("%s %i answers nobody but %j", (component, port, callers) => {
    const target = everyone.find((actor) => actor.name === `tenant-a/${component}`);
    if (target === undefined) throw new Error("no such pod in the test's world");
    const through = everyone.filter(
      (from) => from !== target && allows(policies, { from: from.host, to: target.host, port, protocol: "TCP" }),
    );
    const operatorHome = (caller: Endpoint) => (caller === "operator" ? "financial-ml" : "tenant-a");
    expect(through.map((actor) => actor.name).sort()).toEqual(
      callers.map((caller) => `${operatorHome(caller)}/${caller}`).sort(),
    );
  });
});

describe("tenants", () => {
  test("never reach each other, on any port, whatever the profile", () => {
    const context = policyContext(
      seldonStack({ seldon: { ...PIPELINES, tenants: [{ namespace: "tenant-a" }, { namespace: "tenant-b" }] } }),
    );
    const policies = renderPolicies(context);
    const everyone = actors(context);
    const of = (namespace: string) =>
      everyone.filter(({ host }) => host.kind === "pod" && host.namespace === namespace);
    const crossing = of("tenant-a").flatMap((from) =>
      of("tenant-b").flatMap((to) =>
        everyPort(context).filter(
          (port) =>
            allows(policies, { from: from.host, to: to.host, port, protocol: "TCP" }) ||
            allows(policies, { from: to.host, to: from.host, port, protocol: "TCP" }),
        ),
      ),
    );
    expect(of("tenant-a")).toHaveLength(8);
    expect(crossing).toEqual([]);
  });
});

describe("the truth table", () => {
  test("lists what is allowed before what is denied, and nothing twice", () => {
    const context = policyContext(seldonStack({ seldon: { tenants: [{ namespace: "tenant-a" }] } }));
    const lines = truthTable(context);
    const firstDeny = lines.findIndex((line) => line.flow === undefined);
    expect(lines.slice(0, firstDeny).every((line) => line.flow !== undefined)).toBe(true);
    expect(lines.slice(firstDeny).every((line) => line.flow === undefined)).toBe(true);
    expect(new Set(lines.map((line) => JSON.stringify([line.from, line.to, line.port]))).size).toBe(lines.length);
    // operator to 2 schedulers; in each namespace server and envoy to scheduler, envoy to server (2 ports), server to envoy.
    expect(firstDeny).toBe(2 + 2 * 5);
  });
});

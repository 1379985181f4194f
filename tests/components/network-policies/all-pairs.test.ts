/** Twenty tenants: every pair of pods on every port, policies of all kinds against the flow table, none missing, none extra. */
import { Evaluator, type Way } from "../../../checks/policy/evaluate/evaluate";
import type { End, Protocol } from "../../../checks/policy/evaluate/model";
import {
  componentsIn,
  ownNamespaces,
  policyContext,
  type PolicyContext,
} from "../../../components/network-policies/context";
import { declaredPolicies } from "../../../components/network-policies/declared";
import { COMPONENTS, POD_LABELS } from "../../../components/network-policies/endpoints";
import { PORTS, UNAUTHENTICATED_PORTS } from "../../../components/network-policies/ports";
import { reachable, type Site } from "../../../components/network-policies/truth-table";
import { worldOf } from "../../support/policy-evaluator";
import { PIPELINES, seldonStack } from "../../support/seldon-stack";

interface Actor {
  readonly name: string;
  readonly end: End;
  /** What the table calls it; nothing for outsiders, whom no row may let in. */
  readonly site?: Site;
}

const TENANTS = Array.from({ length: 20 }, (_, index) => ({ namespace: `tenant-${index + 1}` }));
const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP"];

/** Every container port of Seldon's, those of the platform and some that nobody has. */
const ALL_PORTS = [
  ...new Set([
    ...(Object.values(PORTS) as Readonly<Record<string, number>>[]).flatMap((group) => Object.values(group)),
    ...[22, 80, 443, 4317, 8080, 9093, 10250],
  ]),
];

let addresses = 0;
function pod(namespace: string, labels: Readonly<Record<string, string>>, name: string, site?: Site): Actor {
  addresses += 1;
  const ip = `10.42.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
  return {
    name: `${namespace}/${name}`,
    end: { kind: "pod", namespace, labels, ip, ports: [] },
    ...(site && { site }),
  };
}

function everybody(context: PolicyContext): Actor[] {
  addresses = 0;
  const ours = ownNamespaces(context).flatMap((namespace) => [
    ...componentsIn(context, namespace).map((endpoint) =>
      pod(namespace, { ...POD_LABELS[endpoint], "pod-template-hash": "5d9" }, endpoint, { endpoint, namespace }),
    ),
    pod(namespace, {}, "unlabelled"),
    pod(namespace, { "app.kubernetes.io/name": "grafana" }, "foreign label"),
  ]);
  const lookalikes = COMPONENTS.map((component) => pod("outsiders", POD_LABELS[component], `looks like ${component}`));
  const { storageService: minio } = context;
  const around = [
    pod("outsiders", {}, "unlabelled"),
    pod("kube-system", { "app.kubernetes.io/name": "traefik" }, "traefik", { endpoint: "client" }),
    pod("outsiders", { "app.kubernetes.io/name": "traefik" }, "looks like traefik"),
    pod("kube-system", { "k8s-app": "kube-dns" }, "coredns", { endpoint: "dns" }),
    pod("outsiders", { "k8s-app": "kube-dns" }, "looks like coredns"),
    pod("kube-system", {}, "unlabelled"),
    pod("monitoring", {}, "prometheus", context.monitoringNamespace ? { endpoint: "prometheus" } : undefined),
    pod("kafka", {}, "broker", context.kafka.namespace ? { endpoint: "kafka" } : undefined),
    pod("minio", { app: "minio" }, "minio", minio ? { endpoint: "storage" } : undefined),
    pod("minio", { app: "console" }, "console"),
  ];
  const address = (name: string, ip: string, site?: Site): Actor => ({
    name,
    end: { kind: "address", ip },
    ...(site && { site }),
  });
  const open = context.storageCidrs.length > 0;
  return [
    ...ours,
    ...lookalikes,
    ...around,
    address("a node", "192.0.2.11", { endpoint: "apiserver" }),
    address("storage by range or set", "198.51.100.9", { endpoint: "storage" }),
    address("elsewhere", "203.0.113.9", open ? { endpoint: "storage" } : undefined),
    address("a Service", "10.43.0.1"),
    address("a pod's address that nobody has", "10.42.77.7"),
  ];
}

/** The table's answer, asked once for each kind of pair. */
function expectations(context: PolicyContext): (from: Actor, to: Actor) => ReadonlySet<string> | "all" {
  const known = new Map<string, ReadonlySet<string>>();
  const ours = new Set(ownNamespaces(context));
  const isOurs = ({ end }: Actor) => end.kind === "pod" && ours.has(end.namespace);
  const dns = new Set(PROTOCOLS.map((protocol) => `${PORTS.kubernetes.dns} ${protocol}`));
  return (from, to) => {
    if (!isOurs(from) && !isOurs(to)) return "all";
    // `any` of the table is every pod of our namespaces, labelled or not.
    if (to.site?.endpoint === "dns" && isOurs(from)) return dns;
    if (from.site === undefined || to.site === undefined) return new Set();
    const isSame = from.site.namespace === to.site.namespace;
    const key = `${from.site.endpoint} ${to.site.endpoint} ${isSame}`;
    const rows =
      known.get(key) ??
      new Set(
        ALL_PORTS.flatMap((port) =>
          PROTOCOLS.flatMap((protocol) =>
            protocol !== "SCTP" && reachable(context, from.site!, to.site!, port, protocol) !== undefined
              ? [`${port} ${protocol}`]
              : [],
          ),
        ),
      );
    known.set(key, rows);
    return rows;
  };
}

const SETS = [{ name: "s3", hosts: ["s3.example.com"], cidrs: ["198.51.100.0/24"] }];
const EVERYTHING = {
  seldon: { ...PIPELINES, tenants: TENANTS, tls: { controlPlane: true } },
  policies: {
    monitoringNamespace: "monitoring",
    storage: { service: { namespace: "minio", podLabels: { app: "minio" } }, sets: SETS, ports: [9000, 443] },
    tiers: { platform: {}, security: {}, application: {} },
  },
};

const STACKS = {
  "models profile": seldonStack({ seldon: { tenants: TENANTS } }),
  "pipelines, monitoring": seldonStack({
    seldon: { ...PIPELINES, tenants: TENANTS },
    policies: { monitoringNamespace: "monitoring" },
  }),
  "pipelines, monitoring, TLS, tiers, storage by Service and by set": seldonStack(EVERYTHING),
  "an operator in a namespace of its own": seldonStack({
    seldon: { tenants: TENANTS, operatorNamespace: "operators" },
  }),
};

describe.each(Object.entries(STACKS))("policies of twenty tenants: %s", (_, config) => {
  const context = policyContext(config);
  const evaluator = new Evaluator(worldOf(declaredPolicies(config)));
  const actors = everybody(context);

  test("let through exactly what the flow table lists", () => {
    const expected = expectations(context);
    const wrong: string[] = [];
    let asked = 0;
    let allowed = 0;
    for (const from of actors) {
      for (const to of actors) {
        if (from === to) continue;
        const way = evaluator.way(from.end, to.end);
        const rows = expected(from, to);
        for (const port of ALL_PORTS) {
          for (const protocol of PROTOCOLS) {
            asked += 1;
            const want = rows === "all" || rows.has(`${port} ${protocol}`) ? "yes" : "no";
            const got = way(port, protocol).allowed;
            if (want === "yes") allowed += 1;
            if (got !== want) wrong.push(`${from.name} -> ${to.name} ${protocol} ${port}: got ${got}, want ${want}`);
          }
        }
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(asked).toBe(actors.length * (actors.length - 1) * ALL_PORTS.length * PROTOCOLS.length);
    expect(allowed).toBeGreaterThan(TENANTS.length * 5);
  });

  test("leave the ports without authentication to the callers of the table", () => {
    const callersOf = (to: Actor, port: number): string[] =>
      actors.filter((from) => from !== to && opens(evaluator.way(from.end, to.end), port)).map(({ name }) => name);
    const tls = context.conditions.has("controlPlaneTls");
    for (const [component, ports] of Object.entries(UNAUTHENTICATED_PORTS)) {
      for (const to of actors.filter(({ site }) => site?.endpoint === component)) {
        for (const port of ports) {
          const home = to.site!.namespace!;
          const pipelines = context.conditions.has("pipelines");
          const table: Readonly<Record<number, readonly string[]>> = {
            [PORTS.scheduler.xds]: [`${home}/envoy`],
            [PORTS.scheduler.control]: tls
              ? []
              : [
                  `${context.operatorNamespace}/operator`,
                  ...(pipelines ? [`${home}/modelgateway`, `${home}/pipelinegateway`] : []),
                ],
            [PORTS.scheduler.agent]: tls ? [] : [`${home}/server`],
            [PORTS.scheduler.chainer]: pipelines ? [`${home}/dataflow`] : [],
          };
          const want = component === "scheduler" ? table[port]! : [];
          expect([to.name, port, callersOf(to, port).sort()]).toEqual([to.name, port, [...want].sort()]);
        }
      }
    }
  });
});

const opens = (way: Way, port: number): boolean => way(port).allowed !== "no" || way(port, "UDP").allowed !== "no";

describe("a deny in the tier of a security team", () => {
  test("closes what Kubernetes' policies open, but not names", () => {
    const config = seldonStack(EVERYTHING);
    const world = worldOf(declaredPolicies(config));
    const quarantine = {
      metadata: { name: "security.quarantine" },
      spec: {
        tier: "security",
        order: 1,
        selector: "app.kubernetes.io/name == 'seldon-server'",
        types: ["Ingress", "Egress"],
        ingress: [{ action: "Deny" }],
        egress: [{ action: "Deny" }],
      },
    };
    const evaluator = new Evaluator({ ...world, calicoPolicies: [...world.calicoPolicies!, quarantine] });
    const actors = everybody(policyContext(config));
    const named = (name: string) => actors.find((actor) => actor.name === name)!.end;
    const server = named("tenant-1/server");
    expect(evaluator.verdict(named("tenant-1/envoy"), server, PORTS.server.proxyHttp)).toMatchObject({
      allowed: "no",
      by: "GlobalNetworkPolicy security.quarantine ingress[0]",
    });
    expect(evaluator.verdict(server, named("tenant-1/scheduler"), PORTS.scheduler.agentTls).allowed).toBe("no");
    expect(evaluator.verdict(server, named("kube-system/coredns"), 53, "UDP").allowed).toBe("yes");
    expect(evaluator.verdict(named("tenant-1/envoy"), named("tenant-1/scheduler"), PORTS.scheduler.xds).allowed).toBe(
      "yes",
    );
  });
});

describe("a default deny of the cluster", () => {
  const more = (clusterDefaultDeny: Record<string, unknown>) =>
    seldonStack({ policies: { clusterDefaultDeny }, seldon: { tenants: TENANTS.slice(0, 2) } });
  const shop = pod("shop", {}, "web").end;
  const other = pod("other", {}, "db").end;
  const dns = pod("kube-system", { "k8s-app": "kube-dns" }, "coredns").end;
  const metrics = pod("kube-system", {}, "metrics-server").end;
  const exempt = pod("cert-manager", {}, "webhook").end;
  const node: End = { kind: "address", ip: "192.0.2.11" };
  const outside: End = { kind: "address", ip: "203.0.113.9" };
  const ask = (config: ReturnType<typeof seldonStack>, from: End, to: End, port = 80) =>
    new Evaluator(worldOf(declaredPolicies(config))).verdict(from, to, port).allowed;

  test("changes nothing while it is staged", () => {
    expect(ask(more({}), shop, other)).toBe("yes");
    expect(declaredPolicies(more({})).last.map(({ kind }) => kind)).toEqual(["StagedGlobalNetworkPolicy"]);
  });

  test("closes pods of other namespaces once it acts; system namespaces, names and nodes stay", () => {
    const config = more({ enforce: true, exempt: ["cert-manager"] });
    expect(declaredPolicies(config).last.map(({ kind }) => kind)).toEqual(["GlobalNetworkPolicy"]);
    expect(ask(config, shop, other)).toBe("no");
    expect(ask(config, shop, outside)).toBe("no");
    expect(ask(config, outside, shop)).toBe("no");
    expect(ask(config, shop, dns, 53)).toBe("yes");
    expect(ask(config, shop, dns, 80)).toBe("no");
    expect(ask(config, node, shop, 10250)).toBe("yes");
    expect(ask(config, metrics, outside)).toBe("yes");
    expect(ask(config, outside, metrics)).toBe("yes");
    expect(ask(config, exempt, outside)).toBe("yes");
    expect(ask(config, outside, node)).toBe("yes");
  });

  test("leaves our own namespaces to their own policies, which know no ranges of nodes", () => {
    const config = more({ enforce: true });
    const context = policyContext(config);
    const evaluator = new Evaluator(worldOf(declaredPolicies(config)));
    const scheduler = everybody(context).find(({ name }) => name === "tenant-1/scheduler")!.end;
    expect(evaluator.verdict(node, scheduler, PORTS.scheduler.control).allowed).toBe("no");
  });
});

describe("policies that do not act", () => {
  const taken = (more: Record<string, unknown>, cni?: string) => {
    const config = seldonStack({ seldon: { tenants: [{ namespace: "risk-ml" }] }, policies: more });
    return declaredPolicies(cni === undefined ? config : { ...config, cni: { ...config.cni, provider: "flannel" } });
  };
  const kinds = ({ policies, calico }: ReturnType<typeof taken>) => ({
    act: [...new Set(policies.map(({ metadata }) => metadata.namespace))],
    staged: [...new Set(calico.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`))],
  });

  test.each<[string, Record<string, unknown>, string | undefined, ReturnType<typeof kinds>]>([
    ["by default all act", {}, undefined, { act: ["financial-ml", "risk-ml"], staged: [] }],
    [
      "a namespace that was taken over is staged",
      { takenOver: ["financial-ml"] },
      undefined,
      { act: ["risk-ml"], staged: ["StagedKubernetesNetworkPolicy financial-ml"] },
    ],
    [
      "enforce overrules",
      { takenOver: ["financial-ml"], enforce: true },
      undefined,
      { act: ["financial-ml", "risk-ml"], staged: [] },
    ],
    [
      "or lets none act",
      { enforce: false },
      undefined,
      { act: [], staged: ["StagedKubernetesNetworkPolicy financial-ml", "StagedKubernetesNetworkPolicy risk-ml"] },
    ],
    ["on Flannel they are absent", { takenOver: ["financial-ml"] }, "flannel", { act: ["risk-ml"], staged: [] }],
  ])("%s", (_, policies, cni, expected) => {
    expect(kinds(taken(policies, cni))).toEqual(expected);
  });
});

/** `npm run policies`, from a stack file and a cluster to its exit code. */
import { Readable } from "node:stream";
import { runCommand } from "../../../checks/cli/commands";
import { enforcing } from "../../../checks/cli/policies";
import { changesOf, showChange } from "../../../checks/policy/existing/cuts";
import { ownWorld, workloadsOf } from "../../../checks/policy/existing/world";
import { REASONS_ANNOTATION } from "../../../components/network-policies/builders";
import type { Pod } from "../../../checks/cluster/objects";
import { NS, OPERATOR_NS, UID } from "../support/diagnosis-objects";
import { type StackFile, worldStackFile } from "../support/stack-file";
import { FakeApi } from "../support/fake-api";
import { seldonStack } from "../../support/seldon-stack";

const CALICO = "/apis/crd.projectcalico.org/v1";
let addresses = 0;

function pod(namespace: string, name: string, labels: Record<string, string>, more: Partial<Pod["spec"]> = {}): Pod {
  addresses += 1;
  const hash = "5d9c";
  return {
    metadata: {
      name: `${name}-${hash}-x1`,
      namespace,
      labels: { ...labels, "pod-template-hash": hash },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${name}-${hash}`, uid: "1", controller: true },
      ],
    },
    spec: { nodeName: "n1", containers: [{ name: "c", ports: [{ containerPort: 8080 }] }], ...more },
    status: { phase: "Running", podIP: `10.42.0.${addresses}` },
  };
}

const component = (name: string) => ({ "app.kubernetes.io/name": `seldon-${name}` });
const PODS = [
  pod(NS, "seldon-scheduler", component("scheduler")),
  pod(NS, "seldon-envoy", component("envoy")),
  pod(NS, "mlserver", component("server")),
  pod(OPERATOR_NS, "operator", { "control-plane": "v2-controller-manager" }),
];
const SHOP = pod("shop", "web", { app: "web" });
const TRAEFIK = pod("kube-system", "traefik", { "app.kubernetes.io/name": "traefik" });
const policy = (name: string, spec: object, namespace = NS) => ({ metadata: { name, namespace }, spec });
const ALLOW_ALL = policy("allow-all", {
  podSelector: {},
  policyTypes: ["Ingress", "Egress"],
  ingress: [{}],
  egress: [{}],
});

let api: FakeApi;
let stack: StackFile;
beforeEach(async () => {
  api = await FakeApi.start();
  stack = worldStackFile();
  api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: UID } });
  api.object("/version", { gitVersion: "v1.33.8+k3s1" });
  api.list("/api/v1/namespaces", []);
  api.list("/api/v1/nodes", []);
  api.list("/apis/networking.k8s.io/v1/networkpolicies", []);
});
afterEach(async () => {
  await api.close();
  stack.remove();
});

async function run(...more: string[]) {
  let [stdout, stderr] = ["", ""];
  const code = await runCommand(
    ["policies", "test", "--config-file", stack.path, "--kubeconfig", api.kubeconfig, ...more],
    {
      stdin: Readable.from([]),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      env: {},
      signal: new AbortController().signal,
    },
  );
  return { code, stdout, stderr };
}

interface Json {
  readonly checks: readonly {
    readonly id: string;
    readonly findings: readonly { target: string; verdict: string; actual: string; evidence: string[] }[];
  }[];
}

async function findings() {
  const { code, stdout } = await run("--json");
  const { checks } = JSON.parse(stdout) as Json;
  return { code, rows: checks.flatMap(({ id, findings }) => findings.map((one) => ({ check: id, ...one }))) };
}

const enforced = (config = seldonStack({ seldon: { namespace: OPERATOR_NS, tenants: [{ namespace: NS }] } })) =>
  enforcing(config).declared.policies;

describe("where the policies act already", () => {
  test("nothing changes: exit code 0", async () => {
    api.list("/api/v1/pods", [...PODS, SHOP, TRAEFIK]);
    api.list("/apis/networking.k8s.io/v1/networkpolicies", enforced());
    const { code, rows } = await findings();
    expect(rows.filter(({ verdict }) => verdict === "FAIL")).toEqual([]);
    expect(code).toBe(0);
  });
});

describe("where nothing is closed yet", () => {
  test("names every workload that loses a way, and from whom: exit code 1", async () => {
    api.list("/api/v1/pods", [...PODS, SHOP, TRAEFIK, pod(NS, "notebook", { app: "jupyter" })]);
    const { code, rows } = await findings();
    const cuts = rows.filter(({ check }) => check === "enforcement-cuts");
    expect(cuts.map(({ target, verdict }) => [target, verdict])).toEqual(
      [
        `${NS}/Deployment mlserver`,
        `${NS}/Deployment notebook`,
        `${NS}/Deployment seldon-envoy`,
        `${NS}/Deployment seldon-scheduler`,
        `${OPERATOR_NS}/Deployment operator`,
      ]
        .sort()
        .map((target) => [target, "FAIL"]),
    );
    const of = (name: string) => cuts.find(({ target }) => target.endsWith(name))!;
    expect(of("notebook").actual).toContain("the flow table does not know it");
    expect(of("seldon-scheduler").evidence).toContain(
      `shop/Deployment web -> ${NS}/Deployment seldon-scheduler, TCP 8080, 9002, 9004, 9005, 9008, 9044, 9055, 9999`,
    );
    // What the table opens is not cut: 9000 for Traefik, 9002 for Envoy.
    expect(of("seldon-envoy").evidence).toContain(
      `kube-system/Deployment traefik -> ${NS}/Deployment seldon-envoy, TCP 8080, 9001, 9003, 9901`,
    );
    // Between components the table decides, and that is no loss.
    expect(cuts.flatMap(({ evidence }) => evidence).filter((line) => /seldon-envoy -> .*mlserver/.test(line))).toEqual(
      [],
    );
    expect(of("seldon-scheduler").evidence).toContain(
      `${NS}/Deployment seldon-scheduler -> outside the cluster, TCP 80, 443`,
    );
    expect(code).toBe(1);
  });

  test("the text says so too, with what mends it", async () => {
    api.list("/api/v1/pods", [...PODS, SHOP]);
    const { stdout } = await run();
    expect(stdout).toContain("enforcement-cuts");
    expect(stdout).toContain("policies.clients");
    expect(stdout).toContain("exit code 1");
  });
});

describe("policies of others", () => {
  test("one that opens everything keeps open what the flow table closes, and is named with its release", async () => {
    const release = {
      ...ALLOW_ALL,
      metadata: { ...ALLOW_ALL.metadata, annotations: { "meta.helm.sh/release-name": "old" } },
    };
    api.list("/api/v1/pods", [...PODS, SHOP]);
    api.list("/apis/networking.k8s.io/v1/networkpolicies", [...enforced(), release]);
    const { code, rows } = await findings();
    const [found] = rows.filter(({ check }) => check === "existing-policies");
    expect(found).toMatchObject({ target: `NetworkPolicy ${NS}/allow-all`, verdict: "FAIL" });
    expect(found!.actual).toMatch(
      /^is about 3 workloads \(.*\) \(Helm release old\); \d+ ways are not as the flow table says/,
    );
    expect(found!.evidence).toContain(
      `stays open: shop/Deployment web -> ${NS}/Deployment mlserver, TCP 5572, 7777, 8002, 8080, 8082, 9000, 9001, 9006, 9007, 9008, 9500, 9501`,
    );
    expect(code).toBe(1);
  });

  test("one that is about others' pods changes nothing for ours", async () => {
    api.list("/api/v1/pods", [...PODS, SHOP]);
    const theirs = policy("theirs", { podSelector: {}, ingress: [{}] }, "shop");
    api.list("/apis/networking.k8s.io/v1/networkpolicies", [...enforced(), theirs]);
    const { rows } = await findings();
    const [found] = rows.filter(({ check }) => check === "existing-policies");
    expect(found).toMatchObject({ target: "NetworkPolicy shop/theirs", verdict: "PASS" });
    expect(found!.actual).toBe("is about 1 workloads (shop/Deployment web); beside the flow table it changes nothing");
  });

  test("one of Calico's in an earlier tier closes a row of the table", async () => {
    api.list("/api/v1/pods", [...PODS, SHOP]);
    api.list("/apis/networking.k8s.io/v1/networkpolicies", enforced());
    api.list(`${CALICO}/tiers`, [{ metadata: { name: "security" }, spec: { order: 300, defaultAction: "Pass" } }]);
    const spec = {
      tier: "security",
      order: 1,
      selector: "app.kubernetes.io/name == 'seldon-scheduler'",
      types: ["Ingress"],
      ingress: [{ action: "Deny" }],
    };
    api.list(`${CALICO}/globalnetworkpolicies`, [{ metadata: { name: "security.no-scheduler" }, spec }]);
    const { code, rows } = await findings();
    const [found] = rows.filter(({ check }) => check === "existing-policies");
    expect(found).toMatchObject({ target: "GlobalNetworkPolicy security.no-scheduler", verdict: "FAIL" });
    expect(found!.evidence).toContain(
      `is closed: ${NS}/Deployment mlserver -> ${NS}/Deployment seldon-scheduler, TCP 9005`,
    );
    expect(code).toBe(1);
  });

  test("one that is staged is listed, and decides nothing", async () => {
    api.list("/api/v1/pods", PODS);
    api.list("/apis/networking.k8s.io/v1/networkpolicies", enforced());
    api.list(`${CALICO}/stagedglobalnetworkpolicies`, [
      { metadata: { name: "default.d" }, spec: { selector: "all()" } },
    ]);
    const { code, rows } = await findings();
    expect(rows.filter(({ check }) => check === "existing-policies")).toMatchObject([
      { target: "StagedGlobalNetworkPolicy default.d", verdict: "PASS" },
    ]);
    expect(code).toBe(0);
  });

  test("one that cannot be read is said, with exit code 2", async () => {
    api.list("/api/v1/pods", PODS);
    api.list(`${CALICO}/globalnetworkpolicies`, [{ metadata: { name: "g" }, spec: { selector: "app = 'x'" } }]);
    const { code, stdout } = await run();
    expect(stdout).toContain("a policy of the cluster cannot be read: selector");
    expect(code).toBe(2);
  });
});

test("another cluster is not looked at", async () => {
  api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: "another" } });
  const { code } = await run();
  expect(code).toBe(2);
  expect(api.requests.some((request) => request.includes("/pods"))).toBe(false);
});

describe("what changes for whom", () => {
  test("pods of one workload count once, finished ones and those of the host's network not at all", () => {
    const two = pod("shop", "web", { app: "web" });
    const done: Pod = { ...pod("shop", "job", {}), status: { phase: "Succeeded" } };
    expect(workloadsOf([SHOP, two, done]).map(({ name }) => name)).toEqual(["shop/Deployment web"]);
    const onHost = pod("shop", "agent", {}, { hostNetwork: true });
    expect(workloadsOf([onHost])[0]!.end.hostNetwork).toBe(true);
  });

  test("a caller that becomes a client of the stack keeps its way", () => {
    const changes = (clients: object[]) => {
      const config = seldonStack({ seldon: { namespace: NS }, policies: { clients } });
      const { declared, namespaces } = enforcing(config);
      const world = { namespaces: {}, policies: [] };
      const snapshot = { workloads: workloadsOf([...PODS, SHOP]), nodes: [], world, staged: [] };
      return changesOf(snapshot, ownWorld(declared, world), namespaces)
        .filter(({ from, to }) => from === "shop/Deployment web" && to.endsWith("seldon-envoy"))
        .map(showChange);
    };
    const ports = (text: string) => [`shop/Deployment web -> ${NS}/Deployment seldon-envoy, TCP ${text}`];
    expect(changes([])).toEqual(ports("8080, 9000, 9001, 9003, 9901"));
    expect(changes([{ namespace: "shop" }])).toEqual(ports("8080, 9001, 9003, 9901"));
  });

  test("what is staged today is compared as if it acted, and every object says why it is there", () => {
    const config = seldonStack({ policies: { takenOver: ["financial-ml"] } });
    const { declared } = enforcing(config);
    expect(declared.policies.length).toBeGreaterThan(0);
    for (const { metadata } of declared.policies) expect(metadata.annotations[REASONS_ANNOTATION]).toMatch(/\w/);
  });
});

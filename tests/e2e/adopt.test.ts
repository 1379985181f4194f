/** Taking over a cluster that people made by hand, against a real API server: what is found, and what stands in the way. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import type { ImportFile } from "../../tools/adopt/import-file";
import { evaluateStack } from "../../tools/plan/evaluate";
import { runAdopt } from "../../tools/adopt/command";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { type Said, saidBy } from "../support/command-io";
import {
  BY_KUBECTL,
  type GrownCluster,
  MODELS,
  NAMESPACE,
  POLICIES,
  SERVERS,
  STACK,
  startGrownCluster,
} from "./support/grown-cluster";

jest.setTimeout(300_000);

let cluster: GrownCluster;

beforeAll(async () => {
  cluster = await startGrownCluster(true);
});

afterAll(() => cluster?.stop());

interface Report {
  readonly exitCode: number;
  readonly found: readonly {
    readonly kind: string;
    readonly id: string;
    readonly standing: string;
    readonly changes: readonly { readonly field: string; readonly live: string; readonly declared: string }[];
    readonly leftAlone?: readonly string[];
  }[];
  readonly outside: readonly { readonly kind: string; readonly name: string }[];
  readonly otherReleases: readonly { readonly name: string }[];
  readonly obstacles: readonly { readonly what: string; readonly why: string; readonly fix: string }[];
  readonly workarounds: readonly { readonly kind: string; readonly workaround: string; readonly field: string }[];
  readonly cut: readonly string[];
  readonly notes: readonly string[];
  readonly gaps: readonly string[];
  readonly importFiles?: readonly string[];
}

const adopt = (file: string, ...more: string[]): Promise<Said> =>
  saidBy(runAdopt, [STACK, "--config-file", file, "--out", cluster.run.file("import"), ...more]);

async function look(overrides: Readonly<Record<string, object>> = {}): Promise<Report> {
  const { stdout, stderr } = await adopt(cluster.stackFile(overrides), "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Report;
}

const objects = async (path: string): Promise<readonly KubernetesObject[]> => cluster.client.list(path);

/** Everything that a look could have changed; statuses are the simulation's. */
async function versions(): Promise<unknown> {
  const paths = ["/api/v1/namespaces", SERVERS, MODELS, POLICIES, "/api/v1/secrets"];
  const lists = await Promise.all(paths.map(objects));
  return lists.flat().map(({ metadata }) => {
    const { name, generation, resourceVersion, labels, annotations } = metadata as Record<string, unknown>;
    return { name, version: generation ?? resourceVersion, labels, annotations };
  });
}

const changesOf = (report: Report, kind: string, id: string): readonly string[] =>
  report.found
    .find((one) => one.kind === kind && one.id === id)!
    .changes.map(({ field, live, declared }) => `${field}: ${live} -> ${declared}`);

test("names what is taken over, what changes field by field, and what stays outside; writes nothing to the cluster", async () => {
  const before = await versions();
  const report = await look();
  expect(report.exitCode).toBe(0);
  expect(report.obstacles).toEqual([]);
  expect(report.gaps).toEqual([]);
  expect(report.found.filter(({ standing }) => standing === "adopt").map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    `Release ${NAMESPACE}/seldon-core-v2-crds`,
    `Release ${NAMESPACE}/seldon-core-v2-setup`,
    `Release ${NAMESPACE}/seldon-core-v2-runtime`,
    `Namespace ${NAMESPACE}`,
    `Server ${NAMESPACE}/mlserver`,
    `Model ${NAMESPACE}/test-model-simple`,
  ]);
  expect(changesOf(report, "Namespace", NAMESPACE)).toEqual([
    'metadata.labels[app.kubernetes.io/managed-by]: absent -> "seldon-k3s"',
    'metadata.labels[pod-security.kubernetes.io/audit]: absent -> "privileged"',
    'metadata.labels[pod-security.kubernetes.io/warn]: absent -> "privileged"',
  ]);
  const server = report.found.find(({ id }) => id === `${NAMESPACE}/mlserver`)!;
  expect(changesOf(report, "Server", server.id)).toEqual([
    'metadata.labels[app.kubernetes.io/managed-by]: absent -> "seldon-k3s"',
    'metadata.labels.team: "fraud" -> dropped',
  ]);
  expect(server.leftAlone).toContain("spec.podSpec.hostNetwork");
  expect(changesOf(report, "Model", `${NAMESPACE}/test-model-simple`)).toContain('spec.memory: "50Ki" -> "100Ki"');
  const runtime = changesOf(report, "Release", `${NAMESPACE}/seldon-core-v2-runtime`);
  expect(runtime).toContain("values.hodometer.replicas: 1 -> 0");
  expect(runtime).toContain("values.apiToken: [hidden] -> absent");
  expect(JSON.stringify(report)).not.toContain("word-of-the-team");
  expect(report.outside.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "NetworkPolicy allow-all",
    "Model fraud-model",
  ]);
  expect(report.workarounds.map(({ kind, workaround, field }) => `${kind} ${workaround} ${field}`)).toEqual([
    "Server SELDON_SERVER_HOST spec.podSpec.containers[mlserver].env[SELDON_SERVER_HOST]",
    "Server hostNetwork spec.podSpec.hostNetwork",
    "NetworkPolicy allow-all ",
  ]);
  expect(await versions()).toEqual(before);
});

test("the import files hold the components, the provider and the exact ids; a second run writes the same", async () => {
  const read = (files: readonly string[] = []): ImportFile[] =>
    files.map((file) => JSON.parse(readFileSync(file, "utf8")) as ImportFile);
  const [components, resources] = read((await look()).importFiles);
  expect(components!.resources.map(({ type, name }) => `${type} ${name}`)).toEqual([
    "seldon-k3s:index:ClusterAccess cluster",
    "seldon-k3s:index:SeldonNamespaces namespaces",
    "seldon-k3s:index:SeldonCore seldon",
  ]);
  expect(resources!.nameTable?.["seldon"]).toBe(`urn:pulumi:${STACK}::seldon-k3s::seldon-k3s:index:SeldonCore::seldon`);
  expect(resources!.resources.map(({ name, id, parent }) => `${name} ${id ?? "-"} in ${parent ?? "-"}`)).toEqual([
    "cluster-provider - in cluster",
    `namespaces-${NAMESPACE} ${NAMESPACE} in namespaces`,
    `seldon-crds ${NAMESPACE}/seldon-core-v2-crds in seldon`,
    `seldon-setup ${NAMESPACE}/seldon-core-v2-setup in seldon`,
    `seldon-runtime-${NAMESPACE} ${NAMESPACE}/seldon-core-v2-runtime in seldon`,
    `seldon-server-${NAMESPACE}-mlserver ${NAMESPACE}/mlserver in seldon`,
    `seldon-smoke-model ${NAMESPACE}/test-model-simple in seldon`,
  ]);
  expect(read((await look()).importFiles)).toEqual([components, resources]);
});

test("without cluster.takeOver, fields of other managers stand in the way, and what kubectl wrote of a podSpec would go", async () => {
  const report = await look({ cluster: { takeOver: false } });
  expect(report.exitCode).toBe(1);
  expect(report.obstacles.map(({ what, fix }) => `${what}: ${fix}`)).toEqual([
    `Server ${NAMESPACE}/mlserver: pulumi config set --path cluster.takeOver true -s ${STACK}`,
    `Model ${NAMESPACE}/test-model-simple: pulumi config set --path cluster.takeOver true -s ${STACK}`,
  ]);
  expect(changesOf(report, "Server", `${NAMESPACE}/mlserver`)).toContain("spec.podSpec.hostNetwork: true -> dropped");
});

test("a namespace that would be closed unasked stands in the way, with the list of who would be cut off", async () => {
  const pod = (namespace: string, name: string, labels: object, port: number): Promise<unknown> =>
    cluster.send("POST", `/api/v1/namespaces/${namespace}/pods`, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels },
      spec: { containers: [{ name: "c", image: "stand-in.invalid/c", ports: [{ containerPort: port }] }] },
    });
  await pod(NAMESPACE, "fraud-ui", { app: "fraud-ui" }, 8080);
  await pod(NAMESPACE, "envoy", { "app.kubernetes.io/name": "seldon-envoy" }, 9000);
  await pod("default", "reports", { app: "reports" }, 8080);
  const { obstacles, exitCode, cut } = await look({ policies: {} });
  expect(exitCode).toBe(1);
  expect(obstacles.map(({ what, fix }) => `${what}: ${fix.split(";")[0]}`)).toEqual([
    `Namespace ${NAMESPACE}: pulumi config set --path 'policies.takenOver[0]' ${NAMESPACE} -s ${STACK}`,
  ]);
  expect(cut).toContain(
    `${NAMESPACE}/Pod fraud-ui: no row of the flow table is about it; it would reach the DNS and nothing else, and nobody it`,
  );
  const envoy = cut.find((line) => /^\S+\/Pod envoy, TCP [\d, ]*\b9000\b.*: closed to /.test(line))!;
  expect(envoy).toContain("default/Pod reports");
  expect(envoy).toContain(`${NAMESPACE}/Pod fraud-ui`);
  expect(envoy).not.toContain("kube-system/traefik");
  // Named as taken over, it stays open, and the list is still given.
  const open = await look();
  expect(open).toMatchObject({ obstacles: [], cut });
});

test("a Pod Security level that refuses what a workaround makes stands in the way", async () => {
  const refusals = async (cluster: object): Promise<Report["obstacles"]> =>
    (await look({ seldon: {}, cluster })).obstacles.filter(({ why }) => why.includes("Pod Security"));
  // While the cluster is taken over the level is only reported.
  expect(await refusals({ takeOver: true })).toEqual([]);
  const obstacles = await refusals({ takeOver: false });
  expect(obstacles.map(({ what, why }) => `${what}: ${why}`)).toEqual([
    `Namespace ${NAMESPACE}: the first up enforces Pod Security baseline there, which refuses pods with hostNetwork at their next start: Server mlserver`,
  ]);
  expect(obstacles[0]!.fix).toContain(`pulumi config set --path seldon.podSecurity privileged -s ${STACK}`);
});

test("a release under another name, one that is stuck, and an object that is being deleted", async () => {
  const crds = "seldon-core-v2-crds";
  const label = async (status: string): Promise<void> => {
    const secret = `/api/v1/namespaces/${NAMESPACE}/secrets/sh.helm.release.v1.${crds}.v1`;
    const body = { metadata: { labels: { name: status } } };
    await cluster.send("PATCH", secret, body, "application/merge-patch+json");
  };
  const finalize = (finalizers: readonly string[]): Promise<unknown> =>
    cluster.send("PATCH", `${MODELS}/test-model-simple`, { metadata: { finalizers } }, "application/merge-patch+json");
  await label("renamed");
  await finalize(["seldon-k3s.test/wait"]);
  await cluster.send("DELETE", `${MODELS}/test-model-simple`);
  try {
    const report = await look();
    expect(report.exitCode).toBe(1);
    expect(report.otherReleases).toEqual([{ name: "renamed", namespace: NAMESPACE, status: "deployed" }]);
    const [leaving, taken] = report.obstacles;
    expect(leaving).toMatchObject({ what: `Model ${NAMESPACE}/test-model-simple` });
    expect(leaving!.why).toContain("it is being deleted");
    expect(taken!.what).toBe(`release ${NAMESPACE}/${crds}`);
    expect(taken!.why).toBe(
      `it does not exist, and CustomResourceDefinition models.mlops.seldon.io belongs to release ${NAMESPACE}/${crds}: Helm refuses to install over it`,
    );
    expect(taken!.fix).toContain(`meta.helm.sh/release-namespace=${NAMESPACE}`);
  } finally {
    await finalize([]);
    await label(crds);
    const { metadata: _, ...model } = (await objects(MODELS)).find(({ metadata }) => metadata.name === "fraud-model")!;
    const body = { ...model, metadata: { name: "test-model-simple", namespace: NAMESPACE } };
    await cluster.send("POST", MODELS + BY_KUBECTL, body);
  }
});

test("another cluster, none at all, and rights that are missing", async () => {
  const before = await versions();
  const other = await adopt(cluster.stackFile({ cluster: { uid: "00000000-0000-4000-8000-00000000dead" } }));
  expect(other.code).toBe(1);
  expect(other.stdout).toBe("");
  expect(other.stderr).toContain("this is another cluster");

  const nowhere = await adopt(cluster.stackFile(), "--kubeconfig", join(cluster.run.path, "no-such-file"));
  expect(nowhere.code).toBe(2);
  expect(nowhere.stderr).toMatch(/^error: .*no-such-file/);

  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "viewer", namespace: NAMESPACE } };
  const as = { fieldManager: "test", namespace: NAMESPACE };
  await cluster.client.apply(account, as);
  const binding: KubernetesObject = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "adopt-viewer" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name: "viewer", namespace: NAMESPACE }],
  };
  await cluster.client.apply(binding, as);
  const { status } = (await cluster.send("POST", `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/viewer/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {},
  })) as { status: { token: string } };
  const config = load(readFileSync(cluster.kubeconfig, "utf8")) as { users: { user: object }[] };
  config.users[0]!.user = { token: status.token };
  const file = join(cluster.run.folder("viewer"), "kubeconfig.yaml");
  writeFileSync(file, dump(config));
  const weak = await adopt(cluster.stackFile(), "--kubeconfig", file, "--json");
  const report = JSON.parse(weak.stdout) as Report;
  expect(weak.code).toBe(2);
  expect(report.importFiles).toBeUndefined();
  const user = `user "system:serviceaccount:${NAMESPACE}:viewer"`;
  expect(report.gaps.join("\n")).toContain(`Namespace ${NAMESPACE}: missing right: ${user} may not patch namespaces`);
  expect(report.gaps.join("\n")).toContain(`may not list secrets in namespace ${NAMESPACE}`);
  expect(weak.stdout).not.toContain(status.token);
  await cluster.client.remove(binding);
  await cluster.client.remove(account);
  expect(await versions()).toEqual(before);
});

interface Removal {
  readonly preview: boolean;
  readonly steps: readonly {
    readonly kind: string;
    readonly outcome: string;
    readonly why?: string;
    readonly takes: string[];
  }[];
}

const removal = async (file: string, ...more: string[]): Promise<Removal & { readonly code: number }> => {
  const { stdout, stderr, code } = await adopt(file, "--remove-workarounds", "--json", ...more);
  expect(stderr).toBe("");
  return { ...(JSON.parse(stdout) as Removal), code };
};

const steps = ({ steps: all }: Removal): string[] => all.map(({ kind, outcome }) => `${kind} ${outcome}`);

test("no workaround goes before what replaces it stands; the preview changes nothing, --yes takes them away", async () => {
  const before = await versions();
  // Calico is declared and not there.
  const early = await removal(cluster.stackFile({ policies: { enforce: true } }), "--yes");
  expect(steps(early)).toEqual(["Server refused", "NetworkPolicy refused"]);
  expect(early.code).toBe(1);
  expect(early.steps[0]!.why).toMatch(/^the pod network is not complete: /);
  expect(early.steps[1]!.why).toContain("NetworkPolicy financial-ml/default-deny");
  expect(await versions()).toEqual(before);

  const flannel = cluster.stackFile({ cni: { provider: "flannel" }, policies: { enforce: true } });
  const { resources } = await evaluateStack(STACK, flannel);
  const policies = resources.filter(({ type }) => type === "kubernetes:networking.k8s.io/v1:NetworkPolicy");
  for (const { inputs } of policies) {
    await cluster.client.apply(inputs as unknown as KubernetesObject, { fieldManager: "pulumi-kubernetes-0a1b2c3d" });
  }
  const stood = await versions();
  const preview = await removal(flannel);
  expect(steps(preview)).toEqual(["Server would", "NetworkPolicy would"]);
  expect(preview).toMatchObject({ code: 0, preview: true });
  expect(preview.steps[0]!.takes).toEqual([
    "spec.podSpec.containers[mlserver].env[SELDON_SERVER_HOST]",
    "spec.podSpec.hostNetwork",
  ]);
  expect(await versions()).toEqual(stood);

  const done = await removal(flannel, "--yes");
  expect(steps(done)).toEqual(["Server done", "NetworkPolicy done"]);
  const server = (await cluster.read<{ spec: { podSpec: object } }>(`${SERVERS}/mlserver`))!;
  expect(server.spec.podSpec).toEqual({
    containers: [
      {
        name: "mlserver",
        env: [{ name: "SELDON_LOG_LEVEL", value: "debug" }],
        resources: { requests: { cpu: "1", memory: "2Gi" }, limits: { memory: "2Gi" } },
      },
    ],
  });
  expect((await objects(POLICIES)).map(({ metadata }) => metadata.name)).not.toContain("allow-all");
  expect(await removal(flannel, "--yes")).toMatchObject({ code: 0, steps: [] });
});

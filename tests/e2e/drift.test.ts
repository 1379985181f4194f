/** Drift of cluster objects against a real API server: its defaults, its field managers, its rights. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { dump, load } from "js-yaml";
import { declaredStack } from "../../checks/cli/declared-source";
import { subjectOfStack } from "../../checks/cli/subject-source";
import { ClusterApi } from "../../checks/cluster/api";
import { CheckContext } from "../../checks/context";
import type { Declared } from "../../checks/drift/objects/declared";
import { ObjectDrift, objectDriftChecks } from "../../checks/drift/objects/objects";
import { manifestObject } from "../../checks/drift/objects/manifest-object";
import { runChecks } from "../../checks/engine";
import { LookError } from "../../checks/verdict";
import { Sender } from "../../checks/cluster/sender";
import type { KubernetesObject } from "../../sandbox/api/objects";
import { readDocumentFile } from "../../sandbox/simulation/documents";
import { startTestControlPlane, type TestControlPlane } from "./support/control-plane";
import { PROJECT } from "./support/sandbox-process";

jest.setTimeout(300_000);

const STACK = "sandbox";
const NAMESPACE = "financial-ml";
const PULUMI = "pulumi-kubernetes-0a1b2c3d";
const UPSTREAM = join(PROJECT, "../shared/upstream");
const STAND_INS = join(PROJECT, "sandbox/stand-ins/charts");

/** The real CRDs where they are at hand, else the sandbox's. Seldon's are a release, Calico's of 3.31 belong to none. */
const [CALICO_CRDS, SELDON_CRDS] = existsSync(UPSTREAM)
  ? [join(UPSTREAM, "calico-v3.31.7/crds.yaml"), join(UPSTREAM, "seldon-core-v2.10.2/crds.yaml")]
  : [join(STAND_INS, "tigera-operator/crds/crds.yaml"), join(STAND_INS, "seldon-core-v2-crds/templates/crds.yaml")];

const deployment = (image: string): KubernetesObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "seldon-v2-controller-manager", labels: { "helm.sh/chart": "setup-1" } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "manager" } },
    template: {
      metadata: { labels: { app: "manager" } },
      spec: {
        containers: [
          {
            name: "manager",
            image,
            ports: [{ containerPort: 8081 }],
            resources: { requests: { cpu: "1000m", memory: "1024Mi" } },
            env: [{ name: "LOG", value: "info" }],
          },
        ],
        volumes: [{ name: "v", secret: { secretName: "s", defaultMode: 0o420 } }],
      },
    },
  },
});
const role: KubernetesObject = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "agent-role" },
  rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }],
};
const secret: KubernetesObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "rclone" },
  stringData: { config: "anonymous-word" },
};

/** Objects of releases, by release. */
const CHARTED: Readonly<Record<string, () => readonly KubernetesObject[]>> = {
  "seldon-core-v2-crds": () => readDocumentFile(SELDON_CRDS),
  "seldon-core-v2-setup": () => [deployment("manager:1"), role, secret],
};
const BESIDE: KubernetesObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "debug-open", namespace: NAMESPACE },
  spec: { podSelector: {} },
};

let cluster: TestControlPlane;
let declared: Declared;
let sender: Sender;

beforeAll(async () => {
  cluster = await startTestControlPlane();
  sender = new Sender(ClusterApi.open(cluster.kubeconfig));
  const stack = await declaredStack(PROJECT, STACK);
  if (stack.declared instanceof LookError) throw stack.declared;
  declared = stack.declared;
});

afterAll(() => cluster?.stop());

const as = (manager: string) => ({ fieldManager: manager, namespace: NAMESPACE });

async function change(path: string, body: object, manager = "kubectl-edit"): Promise<void> {
  const request = { method: "PATCH", path: `${path}?fieldManager=${manager}`, body } as const;
  await sender.send({ ...request, type: "application/merge-patch+json" }, new AbortController().signal);
}

async function putRelease({ name, namespace, chart, values }: Declared["releases"][number]): Promise<void> {
  const [, chartName, version] = /^(.*)-([^-]+)$/.exec(chart)!;
  const objects = CHARTED[name]?.() ?? [];
  const json = {
    name,
    namespace,
    version: 1,
    info: { status: "deployed" },
    chart: { metadata: { name: chartName, version: `v${version}` } },
    config: values,
    manifest: objects.map((object) => `---\n${dump(object)}`).join(""),
  };
  for (const object of objects) {
    const { body } = manifestObject(object, { name, namespace });
    await cluster.client.apply(body as unknown as KubernetesObject, as("pulumi-resource-kubernetes"));
  }
  const release = gzipSync(JSON.stringify(json)).toString("base64");
  const labels = { owner: "helm", name, version: "1", status: "deployed" };
  await cluster.client.apply(
    {
      apiVersion: "v1",
      kind: "Secret",
      type: "helm.sh/release.v1",
      metadata: { name: `sh.helm.release.v1.${name}.v1`, namespace, labels },
      data: { release: Buffer.from(release).toString("base64") },
    },
    as("pulumi-resource-kubernetes"),
  );
}

/** The cluster as the stack declares it, whatever a test did to it. */
async function restore(): Promise<void> {
  await cluster.client.remove(BESIDE);
  const bodies = declared.objects.map(({ body }) => body as unknown as KubernetesObject);
  const namespaces = bodies.filter(({ kind }) => kind === "Namespace");
  for (const one of namespaces) await cluster.client.apply(one, as(PULUMI));
  for (const crd of readDocumentFile(CALICO_CRDS)) await cluster.client.apply(crd, as("helm"));
  for (const release of declared.releases) await putRelease(release);
  for (const one of bodies) await cluster.client.apply(one, as(PULUMI));
  const pool = { apiVersion: "crd.projectcalico.org/v1", kind: "IPPool", metadata: { name: "default-ipv4-ippool" } };
  await cluster.client.apply({ ...pool, spec: { cidr: "10.42.128.0/17" } }, as("operator"));
}

async function look(kubeconfig = cluster.kubeconfig) {
  const system = (await cluster.client.get("/api/v1/namespaces/kube-system")) as KubernetesObject;
  const subject = { ...subjectOfStack(PROJECT, STACK), kubeconfig, uid: system.metadata.uid ?? "" };
  const drift = new ObjectDrift(new CheckContext(subject), declared, []);
  const run = await runChecks(objectDriftChecks(drift));
  const findings = run.results.flatMap((result) => result.findings);
  const of = (check: string, target: string) =>
    findings.find((one) => one.check === check && one.target.includes(target))!;
  return { ...run, findings, of, differences: drift.ledger.differences };
}

const MODELS = `/apis/mlops.seldon.io/v1alpha1/namespaces/${NAMESPACE}`;

test("a cluster that is as declared is clean, and the dry runs leave no trace", async () => {
  await restore();
  const versions = async () => {
    const paths = [
      `${MODELS}/servers`,
      `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
      "/api/v1/secrets",
    ];
    const lists = await Promise.all(paths.map((path) => cluster.client.list(path)));
    return lists.flat().map(({ metadata }) => JSON.stringify(metadata));
  };
  const before = await versions();
  const { findings, exitCode, differences } = await look();
  expect(findings.filter(({ verdict }) => verdict !== "PASS")).toEqual([]);
  expect(differences.filter((one) => one.class !== "noise")).toEqual([]);
  const crds = findings.find(({ check, target }) => check === "helm-objects" && target.endsWith("seldon-core-v2-crds"));
  expect(crds?.actual).toBe(`${readDocumentFile(SELDON_CRDS).length} objects as in the manifest`);
  expect(exitCode).toBe(0);
  expect(await versions()).toEqual(before);
});

test("what others changed, added, deleted and made is named, with its class and its manager", async () => {
  await restore();
  await change(`${MODELS}/servers/mlserver`, { spec: { replicas: 3 } }, "kubectl-scale");
  await change(`${MODELS}/models/test-model-simple`, { spec: { dedicated: true } });
  const policies = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`;
  await change(`${policies}/allow-envoy`, { spec: { ingress: [{}] } });
  await cluster.client.send({ method: "DELETE", path: `${policies}/default-deny` });
  await cluster.client.apply(BESIDE, as("kubectl"));
  const deployments = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/seldon-v2-controller-manager`;
  const containers = [{ name: "manager", image: "manager:latest" }];
  const body = { spec: { template: { spec: { containers } } } };
  await sender.send(
    {
      method: "PATCH",
      path: `${deployments}?fieldManager=kubectl-set`,
      body,
      type: "application/strategic-merge-patch+json",
    },
    new AbortController().signal,
  );
  await change(`/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/roles/agent-role`, {
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
  await change(`/api/v1/namespaces/${NAMESPACE}/secrets/rclone`, { data: { config: "b3RoZXItd29yZA==" } });

  const run = await look();
  expect(run.exitCode).toBe(7);
  expect(run.of("declared-objects", "Server financial-ml").actual).toBe(
    "1 configuration: spec.replicas is 3, declared 1",
  );
  expect(run.of("declared-objects", "Server financial-ml").evidence[0]).toMatch(/\(kubectl-scale, 20\d\d-/);
  expect(run.of("declared-objects", "Model").actual).toBe("1 configuration: spec.dedicated was added by kubectl-edit");
  expect(run.of("declared-objects", "allow-envoy").actual).toMatch(/^\d policy: spec\.ingress/);
  expect(run.of("declared-objects", "default-deny").actual).toBe("1 policy: it is not there");
  expect(run.of("undeclared-objects", "NetworkPolicies").actual).toContain("NetworkPolicy financial-ml/debug-open");
  const objects = run.of("helm-objects", "seldon-core-v2-setup");
  expect(objects.actual).toMatch(/^\d policy, 1 version, 1 configuration: /);
  expect(objects.evidence.join("\n")).toMatch(
    /\[version\] Deployment financial-ml\/seldon-v2-controller-manager spec\.template\.spec\.containers\[manager\]\.image: live "manager:latest", declared "manager:1" \(kubectl-set/,
  );
  expect(objects.evidence.join("\n")).toMatch(
    /Secret financial-ml\/rclone data\.config: live \[hidden\], declared \[hidden\]/,
  );
  expect(JSON.stringify(run)).not.toMatch(/b3RoZXItd29yZA|YW5vbnltb3Vz|anonymous-word|other-word/);
});

test("a user who may only read some of it: verb and resource of what is missing", async () => {
  await restore();
  const account: KubernetesObject = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "viewer" } };
  await cluster.client.apply(account, as("test"));
  const binding: KubernetesObject = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "viewer" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name: "viewer", namespace: NAMESPACE }],
  };
  await cluster.client.apply(binding, as("test"));
  const { status } = await sender.send<{ status: { token: string } }>(
    {
      method: "POST",
      path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/viewer/token`,
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
    },
    new AbortController().signal,
  );
  const config = load(readFileSync(cluster.kubeconfig, "utf8")) as { users: { user: object }[] };
  config.users[0]!.user = { token: status.token };
  const file = join(cluster.run.folder("viewer"), "kubeconfig.yaml");
  writeFileSync(file, dump(config));

  const { of, totals, exitCode } = await look(file);
  const user = `user "system:serviceaccount:${NAMESPACE}:viewer"`;
  expect(of("declared-objects", "NetworkPolicy").actual).toBe(
    `missing right: ${user} may not patch networkpolicies.networking.k8s.io in namespace ${NAMESPACE}`,
  );
  expect(of("helm-releases", "seldon-core-v2-setup").actual).toBe(
    `missing right: ${user} may not list secrets in namespace ${NAMESPACE}`,
  );
  expect(of("undeclared-objects", "Servers").actual).toBe(
    `missing right: ${user} may not list servers.mlops.seldon.io in namespace ${NAMESPACE}`,
  );
  expect(totals.DRIFT).toBe(0);
  expect(exitCode).toBe(2);
});

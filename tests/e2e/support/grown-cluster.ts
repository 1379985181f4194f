/**
 * A cluster that people made by hand, the way teams have them before they take this stack: a namespace without labels,
 * Helm releases, Servers and Models by kubectl with the usual workarounds, a policy that opens everything.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { buildTools } from "../../../sandbox/build-tools";
import { prepareCharts } from "../../../sandbox/charts";
import { Progress } from "../../../sandbox/progress";
import { startSimulation } from "../../../sandbox/simulation";
import { ClusterApi } from "../../../checks/cluster/api";
import type { KubernetesObject } from "../../../sandbox/api/objects";
import { Sender } from "../../../checks/cluster/sender";
import { NETWORK, startTestControlPlane, type TestControlPlane } from "./control-plane";
import { PROJECT } from "./sandbox-process";

export const NAMESPACE = "financial-ml";
export const STACK = "grown";
const SELDON = `/apis/mlops.seldon.io/v1alpha1/namespaces/${NAMESPACE}`;
export const POLICIES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`;
export const SERVERS = `${SELDON}/servers`;
export const MODELS = `${SELDON}/models`;

/** Versions that the stack declares, and the release's versions before it. */
const CHARTS = [
  { chart: "tigera-operator", version: "3.31.7" },
  { chart: "seldon-core-v2-crds", version: "2.10.2" },
  { chart: "seldon-core-v2-setup", version: "2.10.2" },
  { chart: "seldon-core-v2-runtime", version: "2.10.2" },
] as const;

export interface GrownCluster extends TestControlPlane {
  /** Writes a stack file for it and gives its path. */
  readonly stackFile: (overrides?: Readonly<Record<string, object>>) => string;
  readonly helm: (...args: string[]) => string;
  readonly send: (method: "POST" | "PATCH" | "DELETE", path: string, body?: object, type?: string) => Promise<unknown>;
  readonly read: <T>(path: string) => Promise<T | undefined>;
}

const policy: KubernetesObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "allow-all", namespace: NAMESPACE },
  spec: { podSelector: {}, ingress: [{}], egress: [{}], policyTypes: ["Ingress", "Egress"] },
};

const model = (name: string): KubernetesObject => ({
  apiVersion: "mlops.seldon.io/v1alpha1",
  kind: "Model",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    storageUri: "gs://seldon-models/scv2/samples/mlserver_1.6.0/iris-sklearn",
    requirements: ["sklearn"],
    memory: "50Ki",
  },
});

const server: KubernetesObject = {
  apiVersion: "mlops.seldon.io/v1alpha1",
  kind: "Server",
  metadata: { name: "mlserver", namespace: NAMESPACE, labels: { team: "fraud" } },
  spec: {
    serverConfig: "mlserver",
    replicas: 1,
    podSpec: {
      hostNetwork: true,
      dnsPolicy: "ClusterFirstWithHostNet",
      containers: [
        {
          name: "mlserver",
          env: [
            { name: "SELDON_LOG_LEVEL", value: "debug" },
            { name: "SELDON_SERVER_HOST", value: "127.0.0.1" },
          ],
          resources: { requests: { cpu: "1", memory: "2Gi" }, limits: { memory: "2Gi" } },
        },
      ],
    },
  },
};

/** As kubectl writes: a POST under the name of its client-side apply. */
export const BY_KUBECTL = "?fieldManager=kubectl-client-side-apply";

/** @param simulated Whether nodes, pods and operators are simulated, which gates need. */
export async function startGrownCluster(simulated: boolean): Promise<GrownCluster> {
  const cluster = await startTestControlPlane();
  const { helm: built } = await buildTools({ wanted: ["helm"], progress: new Progress(() => undefined) });
  if (simulated) await startSimulation({ controlPlane: cluster, tools: cluster.tools, network: NETWORK, nodes: 2 });
  const sender = new Sender(ClusterApi.open(cluster.kubeconfig));
  const never = new AbortController().signal;
  const send = (method: "POST" | "PATCH" | "DELETE", path: string, body?: object, type?: string): Promise<unknown> =>
    sender.send({ method, path, body, ...(type === undefined ? {} : { type }) }, never);
  const read = async <T>(path: string): Promise<T | undefined> => (await cluster.client.get(path)) as T | undefined;

  const charts = cluster.run.file("charts");
  await prepareCharts({
    needed: CHARTS.map((one) => ({ ...one, repository: "https://charts.invalid" })),
    target: charts,
    given: null,
    project: PROJECT,
    pulled: charts,
    cache: charts,
    profile: "models",
    signal: never,
  });
  const home = cluster.run.folder("helm");
  const helm = (...args: string[]): string =>
    execFileSync(built!.path, [...args, "--kubeconfig", cluster.kubeconfig], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });

  await send("POST", "/api/v1/namespaces?fieldManager=kubectl-create", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: NAMESPACE },
  });
  const install = (name: string, ...more: string[]): string =>
    helm("install", name, join(charts, `${name}-2.10.2`), "-n", NAMESPACE, ...more);
  install("seldon-core-v2-crds");
  install("seldon-core-v2-setup", "--set", "services.defaultServiceType=LoadBalancer");
  install("seldon-core-v2-runtime", "--set", "hodometer.replicas=1,apiToken=word-of-the-team");
  await send("POST", SERVERS + BY_KUBECTL, server);
  for (const name of ["test-model-simple", "fraud-model"]) await send("POST", MODELS + BY_KUBECTL, model(name));
  await send("POST", POLICIES + BY_KUBECTL, policy);

  const stackFile = (overrides: Readonly<Record<string, object>> = {}): string => {
    const folder = cluster.run.folder("stack");
    const values: Record<string, object> = {
      cluster: {
        name: STACK,
        kubeconfigFile: cluster.kubeconfig,
        uid: cluster.uid,
        endpoint: cluster.server,
        takeOver: true,
        ...overrides["cluster"],
      },
      network: { nodeCidrs: ["192.0.2.0/24"] },
      charts: { folder: relative(PROJECT, charts) },
      validation: { enabled: false },
      policies: { takenOver: [NAMESPACE] },
      // Until hostNetwork is gone, which any other level refuses.
      seldon: { podSecurity: "privileged" },
      ...Object.fromEntries(Object.entries(overrides).filter(([key]) => key !== "cluster")),
    };
    const file = join(folder, `Pulumi.${STACK}.yaml`);
    mkdirSync(folder, { recursive: true });
    const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`seldon-k3s:${key}`, value]));
    writeFileSync(file, JSON.stringify({ config: { ...config, "seldon-k3s:protect": false } }));
    return file;
  };
  return { ...cluster, stackFile, helm, send, read };
}

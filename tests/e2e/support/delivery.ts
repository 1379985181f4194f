/** A repository, a cluster, a backend and a stand-in for GitHub, in which workflows run as they are committed. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { ClusterApi } from "../../../checks/cluster/api";
import { Sender } from "../../../checks/cluster/sender";
import { parseConfig } from "../../../config/parse";
import { readStackFile } from "../../../config/stack-file";
import { prepareCharts } from "../../../sandbox/charts";
import { readDocumentFile } from "../../../sandbox/simulation/documents";
import { startSimulation } from "../../../sandbox/simulation";
import { chartsOf } from "../../../tools/charts/pinned";
import type { Context } from "../../support/workflows/expressions";
import { GitHubServer } from "../../support/workflows/github-server";
import { Origin } from "../../support/workflows/origin";
import { type JobRun, pathOf, Runner } from "../../support/workflows/runner";
import { jobOf } from "../../support/workflows/workflow";
import { NETWORK, startTestControlPlane, type TestControlPlane } from "./control-plane";
import { PROJECT } from "./sandbox-process";

export type StackName = "staging" | "prod";

/** Marked, so that a test can look for them in everything that comes out. */
export const PLANTED = {
  token: "planted-github-token-0123456789abcdef",
  passphrase: "planted-passphrase-0123456789abcdef",
};

/** The stack file of a team whose cluster exists already: only objects inside it are managed. */
const stackFile = (stack: StackName, { uid, server }: TestControlPlane): string => `config:
  seldon-k3s:cluster:
    name: seldon-${stack}
    kubeconfigFile: kubeconfig-${stack}.yaml
    uid: ${uid}
    endpoint: ${server}
  seldon-k3s:network:
    nodeCidrs: [192.0.2.0/24]
`;

export interface Delivery {
  readonly cluster: TestControlPlane;
  readonly origin: Origin;
  readonly github: GitHubServer;
  readonly runner: Runner;
  /** Makes delivery/rbac/preview.yaml's role in the cluster. @returns a kubeconfig that has its rights alone. */
  readonly previewRole: () => Promise<string>;
  /** Runs a job of a workflow in a clean clone of a commit. */
  readonly job: (file: string, job: string, options?: JobOptions) => Promise<JobRun>;
  readonly stop: () => Promise<void>;
}

export interface JobOptions {
  /** @default the newest of main */
  readonly commit?: string;
  /** Instead of a clone of its own. */
  readonly clone?: string;
  readonly github?: Context;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly vars?: Readonly<Record<string, string>>;
  readonly onStart?: Parameters<Runner["run"]>[4];
}

/** @param stack Whose cluster it is; the others have their committed files. */
export async function startDelivery(stack: StackName): Promise<Delivery> {
  const cluster = await startTestControlPlane();
  await startSimulation({ controlPlane: cluster, tools: cluster.tools, network: NETWORK, nodes: 2 });
  const folder = mkdtempSync(join(tmpdir(), "delivery-test-"));
  const state = join(folder, "state");
  mkdirSync(state, { mode: 0o700 });
  const vars = { PULUMI_BACKEND_URL: `file://${state}` };
  const env = {
    PATH: pathOf(),
    // The plugins on PATH are used; none is fetched.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const origin = new Origin(PROJECT, folder, (work) => {
    writeFileSync(join(work, `Pulumi.${stack}.yaml`), stackFile(stack, cluster));
    initStack(work, stack, { ...env, ...vars, HOME: folder });
  });
  const charts = join(folder, "stand-in-charts");
  const file = readStackFile(origin.author, stack);
  const { config } = parseConfig(file.values, new Set(file.secretKeys));
  await prepareCharts({
    needed: chartsOf(config!),
    target: charts,
    given: null,
    project: PROJECT,
    pulled: charts,
    cache: charts,
    profile: config!.seldon.profile,
    signal: new AbortController().signal,
  });
  const github = await GitHubServer.start(PLANTED.token);
  const runner = new Runner({
    folder,
    env: { ...env, ...github.env },
    replaced: {
      "npm ci": origin.linkPackages,
      "npm run --silent charts -- --all": (clone) => cpSync(charts, join(clone, "charts"), { recursive: true }),
    },
  });
  const kubeconfig = readFileSync(cluster.kubeconfig, "utf8");
  const key = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "pkcs1", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;
  const secrets = {
    PULUMI_CONFIG_PASSPHRASE: PLANTED.passphrase,
    KUBECONFIG: kubeconfig,
    KUBECONFIG_PREVIEW: kubeconfig,
    SSH_PRIVATE_KEY: key,
    SSH_PRIVATE_KEY_DRIFT: key,
  };
  const previewRole = () => makePreviewRole(cluster);
  const job = (name: string, of: string, options: JobOptions = {}) => {
    const job = jobOf(PROJECT, name, of);
    const clone = options.clone ?? origin.clone(options.commit);
    const context = {
      vars: { ...vars, ...options.vars },
      secrets: { ...secrets, ...options.secrets },
      github: { token: PLANTED.token, ...options.github },
    };
    return runner.run(job, clone, context, job.strategy === undefined ? {} : { stack }, options.onStart);
  };
  const stop = async () => {
    await github.stop();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { cluster, origin, github, runner, previewRole, job, stop };
}

/** By hand, once, before the first run: the key of the passphrase goes into the stack file, which is committed. */
function initStack(work: string, stack: StackName, env: NodeJS.ProcessEnv): void {
  const { status, stderr } = spawnSync("pulumi", ["stack", "init", stack, "--non-interactive"], {
    cwd: work,
    encoding: "utf8",
    env: { ...env, PULUMI_CONFIG_PASSPHRASE: PLANTED.passphrase },
  });
  if (status !== 0) throw new Error(`pulumi stack init ended with ${status}: ${stderr}`);
}

/** Where objects of the role's kinds are made. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  ServiceAccount: "/api/v1/namespaces/(namespace)/serviceaccounts",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/(namespace)/rolebindings",
};

async function makePreviewRole({ kubeconfig }: TestControlPlane): Promise<string> {
  const sender = new Sender(ClusterApi.open(kubeconfig));
  const post = <T>(path: string, body: object) =>
    sender.send<T>({ method: "POST", path, body }, new AbortController().signal);
  for (const object of readDocumentFile(join(PROJECT, "delivery/rbac/preview.yaml"))) {
    const path = COLLECTIONS[object.kind] ?? "";
    await post(path.replace("(namespace)", object.metadata.namespace ?? ""), object);
  }
  const account = "/api/v1/namespaces/seldon-k3s-delivery/serviceaccounts/preview/token";
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const { status } = await post<{ status: { token: string } }>(account, request);
  const config = load(readFileSync(kubeconfig, "utf8")) as { users: { user: object }[] };
  config.users[0]!.user = { token: status.token };
  return dump(config);
}

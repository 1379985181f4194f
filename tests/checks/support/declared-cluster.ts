/** A small cluster that is as declared, for tests of drift; each test changes one thing. */
import { CheckContext } from "../../../checks/context";
import type { Declared, DeclaredObject, DeclaredRelease } from "../../../checks/drift/objects/declared";
import { ObjectDrift, objectDriftChecks } from "../../../checks/drift/objects/objects";
import { helmMetadata } from "../../../checks/drift/objects/manifest-object";
import { driftSummary } from "../../../checks/drift/objects/summary";
import { runChecks } from "../../../checks/engine";
import type { LookError } from "../../../checks/verdict";
import type { AllowedDrift } from "../../../config/schema";
import { LiveCluster, type LiveObject } from "./live-cluster";
import { UID } from "./seldon-cluster";

export const object = (body: LiveObject, more: Partial<DeclaredObject> = {}): DeclaredObject => ({
  apiVersion: body.apiVersion,
  kind: body.kind,
  name: body.metadata.name,
  namespace: body.metadata.namespace,
  body,
  withheld: [],
  ...more,
});

export const policy = (name: string, more: object = {}): LiveObject => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name, namespace: "seldon", labels: { "app.kubernetes.io/managed-by": "seldon-k3s" } },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ...more },
});
export const server = (replicas = 1, name = "mlserver"): LiveObject => ({
  apiVersion: "mlops.seldon.io/v1alpha1",
  kind: "Server",
  metadata: { name, namespace: "seldon" },
  spec: { serverConfig: "mlserver", replicas, podSpec: { containers: [{ name: "mlserver", image: "m:1" }] } },
});
export const manager = (image = "manager:2.10.2"): LiveObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "seldon-v2-controller-manager", namespace: "seldon" },
  spec: { template: { spec: { containers: [{ name: "manager", image }] } } },
});
export const pool = (cidr: string, name = "default-ipv4-ippool"): LiveObject => ({
  apiVersion: "crd.projectcalico.org/v1",
  kind: "IPPool",
  metadata: { name },
  spec: { cidr },
});
export const SETUP: DeclaredRelease = {
  name: "setup",
  namespace: "seldon",
  chart: "seldon-core-v2-setup-2.10.2",
  values: { a: { b: 1 } },
};
export const POLICY_PATH = "/apis/networking.k8s.io/v1/namespaces/seldon/networkpolicies/default-deny";
export const SERVER_PATH = "/apis/mlops.seldon.io/v1alpha1/namespaces/seldon/servers/mlserver";
export const MANAGER_PATH = "/apis/apps/v1/namespaces/seldon/deployments/seldon-v2-controller-manager";

export const DECLARED: Declared = { objects: [object(policy("default-deny")), object(server())], releases: [SETUP] };

/** A chart's object as Helm leaves it in the cluster. */
export const installed = (body: LiveObject): LiveObject => ({
  ...body,
  metadata: { ...body.metadata, ...helmMetadata(SETUP) },
});

class DeclaredCluster {
  private constructor(readonly live: LiveCluster) {}

  static async start(): Promise<DeclaredCluster> {
    const live = await LiveCluster.start();
    live.put(policy("default-deny"));
    live.put(server());
    live.put(pool("10.42.128.0/17"));
    live.put(installed(manager()), "pulumi-resource-kubernetes");
    // As a chart writes it: without the namespace, which the release gives.
    const { namespace: _, ...metadata } = manager().metadata;
    live.release("setup", { chart: SETUP.chart, values: SETUP.values, objects: [{ ...manager(), metadata }] });
    return new DeclaredCluster(live);
  }

  /** Runs all checks; `of` finds a finding by its check and a part of its target. */
  async look(declared: Declared | LookError = DECLARED, allow: readonly AllowedDrift[] = []) {
    const drift = new ObjectDrift(this.context(), declared, allow);
    const run = await runChecks(objectDriftChecks(drift));
    const findings = run.results.flatMap((result) => result.findings);
    const of = (check: string, target?: string) =>
      findings.find((one) => one.check === check && (target === undefined || one.target.includes(target)))!;
    return { ...run, findings, of, summary: driftSummary(drift.ledger, run) };
  }

  /** Every request that was no GET. */
  get writes(): string[] {
    return this.live.api.requests.filter((line) => !line.startsWith("GET "));
  }

  private context(): CheckContext {
    return new CheckContext({
      stack: "test",
      kubeconfig: this.live.api.kubeconfig,
      uid: UID,
      timeoutSeconds: 10,
      calico: { version: "3.31.7", pools: ["10.42.128.0/17"], apiServer: true },
      operatorNamespace: "seldon",
      namespaces: ["seldon"],
      workloads: [],
      servers: [],
      smokeModel: { namespace: "seldon", name: "m" },
    });
  }
}

/** A cluster of its own for every test of the block. */
export function eachDeclaredCluster() {
  let cluster: DeclaredCluster;
  beforeEach(async () => {
    cluster = await DeclaredCluster.start();
  });
  afterEach(() => cluster.live.api.close());
  const look: DeclaredCluster["look"] = (...args) => cluster.look(...args);
  return {
    /** What it serves, to be changed before it is looked at. */
    live: (): LiveCluster => cluster.live,
    /** Every request that was no GET. */
    writes: (): string[] => cluster.writes,
    look,
  };
}

/** A healthy little Seldon deployment on a fake API server; each test breaks one thing. */
import { CheckContext } from "../../../checks/context";
import type { Condition } from "../../../checks/cluster/objects";
import type { Subject } from "../../../checks/subject";
import { FakeApi } from "./fake-api";

export const UID = "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001";
export const NS = "financial-ml";
const SELDON = "/apis/mlops.seldon.io/v1alpha1";

export const condition = (type: string, status = "True", more: Partial<Condition> = {}): Condition => ({
  type,
  status,
  ...more,
});

export interface PodOptions {
  readonly node?: string;
  readonly phase?: string;
  readonly containers?: readonly unknown[];
  readonly labels?: Record<string, string>;
}

export function pod(
  name: string,
  { node = "node-1", phase = "Running", containers = [], labels = {} }: PodOptions = {},
) {
  const ready = condition("Ready", phase === "Running" && containers.length === 0 ? "True" : "False");
  return {
    metadata: { name, namespace: NS, labels },
    spec: { nodeName: node, containers: [{ name: name.startsWith("seldon-scheduler") ? "scheduler" : "main" }] },
    status: { phase, conditions: [ready], containerStatuses: containers },
  };
}

export class SeldonCluster {
  readonly paths = {
    system: "/api/v1/namespaces/kube-system",
    nodes: "/api/v1/nodes",
    pods: `/api/v1/namespaces/${NS}/pods`,
    model: `${SELDON}/namespaces/${NS}/models/test-model-simple`,
    models: `${SELDON}/namespaces/${NS}/models`,
    server: `${SELDON}/namespaces/${NS}/servers/mlserver`,
    runtimes: `${SELDON}/namespaces/${NS}/seldonruntimes`,
    log: `/api/v1/namespaces/${NS}/pods/seldon-scheduler-0/log`,
    events: `/api/v1/namespaces/${NS}/events`,
    slices: `/apis/discovery.k8s.io/v1/namespaces/${NS}/endpointslices`,
    service: `/api/v1/namespaces/${NS}/services/seldon-mesh`,
    scheduler: `/apis/apps/v1/namespaces/${NS}/statefulsets/seldon-scheduler`,
    envoy: `/apis/apps/v1/namespaces/${NS}/deployments/seldon-envoy`,
    mlserver: `/apis/apps/v1/namespaces/${NS}/statefulsets/mlserver`,
    operator: `/apis/apps/v1/namespaces/${NS}/deployments/seldon-v2-controller-manager`,
    tigera: (name: string) => `/apis/operator.tigera.io/v1/tigerastatuses/${name}`,
    installation: "/apis/operator.tigera.io/v1/installations/default",
    apiServer: "/apis/operator.tigera.io/v1/apiservers/default",
    ipPools: "/apis/crd.projectcalico.org/v1/ippools",
    clusterPortForwards: "/apis/kwok.x-k8s.io/v1alpha1/clusterportforwards",
    clusterLogs: "/apis/kwok.x-k8s.io/v1alpha1/clusterlogs",
  };

  private constructor(readonly api: FakeApi) {}

  static async start(): Promise<SeldonCluster> {
    const cluster = new SeldonCluster(await FakeApi.start());
    cluster.makeHealthy();
    return cluster;
  }

  get subject(): Subject {
    return {
      stack: "test",
      kubeconfig: this.api.kubeconfig,
      uid: UID,
      timeoutSeconds: 2,
      calico: { version: "3.31.7", pools: ["10.42.128.0/17"], apiServer: true },
      operatorNamespace: NS,
      namespaces: [NS],
      workloads: [
        { kind: "StatefulSet", name: "seldon-scheduler" },
        { kind: "Deployment", name: "seldon-envoy" },
      ],
      servers: [{ namespace: NS, name: "mlserver", config: "mlserver", replicas: 1 }],
      smokeModel: { namespace: NS, name: "test-model-simple" },
    };
  }

  context(subject: Partial<Subject> = {}, since?: Date): CheckContext {
    return new CheckContext({ ...this.subject, ...subject }, undefined, since);
  }

  /** Marks node-1 as simulated. */
  simulate(): void {
    this.api.list(this.paths.nodes, [{ metadata: { name: "node-1", annotations: { "kwok.x-k8s.io/node": "fake" } } }]);
  }

  workload(path: string, ready: number, replicas = 1): void {
    const generation = 1;
    const status = { observedGeneration: generation, replicas, readyReplicas: ready, updatedReplicas: replicas };
    this.api.object(path, { metadata: { name: path.split("/").at(-1), generation }, spec: { replicas }, status });
  }

  tigera(name: string, conditions: readonly Condition[]): void {
    this.api.object(this.paths.tigera(name), { metadata: { name }, status: { conditions } });
  }

  private makeHealthy(): void {
    const { api, paths } = this;
    const named = (name: string, ...conditions: Condition[]) => ({
      metadata: { name, generation: 1 },
      status: { conditions },
    });
    api.object(paths.system, { metadata: { name: "kube-system", uid: UID } });
    api.object("/version", { gitVersion: "v1.33.8+k3s1" });
    api.object(SELDON, { resources: [{ name: "models" }, { name: "servers" }, { name: "seldonruntimes" }] });
    api.list(paths.nodes, [{ metadata: { name: "node-1" } }]);
    const server = { "app.kubernetes.io/name": "seldon-server" };
    api.list(paths.pods, [pod("mlserver-0", { labels: server }), pod("seldon-scheduler-0"), pod("seldon-envoy-5d-x")]);
    api.list(paths.events, []);
    api.object(paths.model, named("test-model-simple", condition("Ready"), condition("ModelReady")));
    api.object(paths.server, named("mlserver", condition("Ready")));
    api.list(paths.runtimes, [named("seldon", condition("Ready"))]);
    api.replies.set(paths.log, { text: "" });
    api.object(paths.service, { metadata: { name: "seldon-mesh" }, spec: { ports: [{ name: "data", port: 80 }] } });
    const endpoints = [{ conditions: { ready: true }, targetRef: { kind: "Pod", name: "seldon-envoy-5d-x" } }];
    api.list(paths.slices, [
      {
        metadata: { name: "x" },
        ports: [
          { name: "stats", port: 9003 },
          { name: "data", port: 9000 },
        ],
        endpoints,
      },
    ]);
    for (const path of [paths.scheduler, paths.envoy, paths.mlserver, paths.operator]) this.workload(path, 1);
    for (const name of ["calico", "ippools", "apiserver"])
      this.tigera(name, [condition("Available"), condition("Degraded", "False")]);
    for (const path of [paths.installation, paths.apiServer])
      api.object(path, { metadata: { name: "default", generation: 1 } });
    api.list(paths.ipPools, [{ metadata: { name: "default-ipv4-ippool" }, spec: { cidr: "10.42.128.0/17" } }]);
  }
}

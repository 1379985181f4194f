/**
 * A healthy Seldon cluster of two nodes on a fake API server, with real processes behind the ports of its server pods.
 * A case breaks it in one way before it is published; what is then read goes through the whole diagnosis.
 */
import { CheckContext } from "../../../checks/context";
import { type Diagnosis, diagnose } from "../../../checks/diagnosis/diagnose";
import type { Evidence } from "../../../checks/evidence/evidence";
import { gather } from "../../../checks/evidence/gather";
import type {
  CalicoPolicy,
  Installation,
  IpPool,
  Model,
  NetworkPolicy,
  SeldonConfig,
  SeldonRuntime,
  Server,
  ServerConfig,
  Service,
  WirePod,
} from "../../../checks/evidence/objects";
import type { HostFacts } from "../../../checks/hosts/facts";
import type { Inspection } from "../../../checks/hosts/inspect";
import type { Conditioned, EndpointSlice, Event } from "../../../checks/cluster/objects";
import type { Machines, Subject } from "../../../checks/subject";
import { LookError } from "../../../checks/verdict";
import { FakeApi } from "./fake-api";
import { agentFacts, machinesOf, serverFacts } from "./machines";
import { AT, healthyObjects, NS, OPERATOR_NS, UID } from "./diagnosis-objects";
import type { Stands } from "./diagnosis-ports";

/** An object of the wire that a case may change. */
export type Writable<T> = T extends readonly (infer Item)[]
  ? Writable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Writable<T[Key]> }
    : T;

type WireNode = Writable<Conditioned & { spec?: { podCIDR?: string } }>;

export interface Objects {
  nodes: WireNode[];
  pods: Writable<WirePod>[];
  events: Writable<Event>[];
  services: Writable<Service>[];
  endpoints: Writable<EndpointSlice>[];
  policies: Writable<NetworkPolicy>[];
  servers: Writable<Server>[];
  serverConfigs: Writable<ServerConfig>[];
  models: Writable<Model>[];
  runtimes: Writable<SeldonRuntime>[];
  seldonConfigs: Writable<SeldonConfig>[];
  /** Undefined: the kinds are not known to the cluster. */
  calico?: {
    tigera: Writable<Conditioned>[];
    installations: Writable<Installation>[];
    pools: Writable<IpPool>[];
    globalPolicies: Writable<CalicoPolicy>[];
    policies: Writable<CalicoPolicy>[];
  };
}

/** What stands behind a port; `refused` is a port of this machine that nothing listens on. */
export type Behind = keyof Stands["ports"];

export const CALICO_DIR = "/etc/cni/net.d";
/** A machine that has left Flannel, with nothing of it behind. */
const SETTLED = {
  "containerd-conf-dir": CALICO_DIR,
  "cni-file": `${CALICO_DIR}/10-calico.conflist aa`,
  "containerd-bin-dir": "/opt/cni/bin",
  link: ["lo", "eth0", "cali12345", "vxlan.calico"],
  chain: ["filter cali-FORWARD"],
};
const OFF = {
  "/etc/rancher/k3s/config.yaml.d/91-policy.yaml": "disable-network-policy: true\nflannel-backend: none\n",
};

export class DiagnosisWorld {
  readonly objects: Objects = healthyObjects();
  /** By machine; undefined: the stack declares none. */
  machines: Map<string, { facts: HostFacts; hostPorts?: string }> | undefined;
  declared: Record<string, object> = { cni: { provider: "calico" } };
  clusterCidr: string | undefined = "10.42.0.0/16";
  private readonly logs = new Map<string, string>();

  private constructor(
    readonly api: FakeApi,
    private readonly stands: Stands,
  ) {}

  static async start(stands: Stands): Promise<DiagnosisWorld> {
    const world = new DiagnosisWorld(await FakeApi.start(), stands);
    for (const name of ["mlserver-0", "mlserver-1"]) {
      world.ports(name, { 9000: "live", 9500: "grpc", 5572: "rclone", 9008: "ready" });
    }
    return world;
  }

  pod(name: string): Writable<WirePod> {
    const found = this.objects.pods.find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`the world has no pod ${name}`);
    return found;
  }

  container(pod: string, name: string) {
    const found = this.pod(pod).spec!.containers.find((container) => container.name === name);
    const status = this.pod(pod).status!.containerStatuses!.find((one) => one.name === name);
    if (found === undefined || status === undefined) throw new Error(`pod ${pod} has no container ${name}`);
    return { spec: found, status };
  }

  /** Containers that are not ready, and so the pod. */
  unready(pod: string, ...containers: readonly string[]): void {
    for (const name of containers) {
      const { status } = this.container(pod, name);
      status.ready = false;
    }
    this.pod(pod).status!.conditions = [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False", reason: "ContainersNotReady" },
    ];
  }

  /** The server of a Model has no ready replica then. */
  unreadyModel(reason = "Failed to schedule model as no matching servers are available"): void {
    this.objects.models[0]!.status!.conditions = [
      { type: "ModelReady", status: "False", message: "ScheduleFailed", reason },
      { type: "Ready", status: "False", message: "ScheduleFailed", reason },
    ];
  }

  env(pod: string, container: string, values: Record<string, string | { fieldPath: string } | undefined>): void {
    const { spec } = this.container(pod, container);
    for (const [name, value] of Object.entries(values)) {
      spec.env = (spec.env ?? []).filter((one) => one.name !== name);
      if (value === undefined) continue;
      spec.env.push(typeof value === "string" ? { name, value } : { name, valueFrom: { fieldRef: value } });
    }
  }

  ports(pod: string, behind: Readonly<Record<number, Behind>>): void {
    for (const [port, what] of Object.entries(behind)) {
      this.api.forwards.set(`${NS}/${pod}:${port}`, this.stands.ports[what]);
    }
  }

  /** The log of a container; every line gets a time stamp, a second apart. */
  log(pod: string, container: string, lines: readonly string[], previous = false): void {
    const first = AT.getTime() - 1000 * (lines.length + 60);
    const text = lines.map((line, index) => `${new Date(first + 1000 * index).toISOString()} ${line}\n`).join("");
    this.logs.set(`${pod} ${container} ${previous}`, text);
  }

  event(pod: string, reason: string, message: string): void {
    this.objects.events.push({
      metadata: { name: `${pod}.${this.objects.events.length}`, namespace: NS },
      type: "Warning",
      reason,
      message,
      involvedObject: { kind: "Pod", name: pod },
    });
  }

  /** A second, so many seconds before the look. */
  static ago = (seconds: number): string => new Date(AT.getTime() - 1000 * seconds).toISOString();

  /** Declares the machines of the two nodes, as they are when Flannel has been left for good. */
  declareMachines(
    more: { s1?: Record<string, string | string[]>; a1?: Record<string, string | string[]> } = {},
    files: Readonly<Record<string, string>> = OFF,
  ): void {
    this.machines = new Map([
      ["s1", { facts: serverFacts({ ...SETTLED, ...more.s1 }, files) }],
      ["a1", { facts: agentFacts({ ...SETTLED, ...more.a1 }) }],
    ]);
  }

  get subject(): Subject {
    const declared: Machines | undefined = this.machines === undefined ? undefined : machinesOf(this.declared);
    return {
      stack: "test",
      kubeconfig: this.api.kubeconfig,
      uid: UID,
      timeoutSeconds: 2,
      calico: { version: "3.31.7", pools: ["10.42.128.0/17"], apiServer: true },
      operatorNamespace: OPERATOR_NS,
      namespaces: [NS],
      workloads: [{ kind: "StatefulSet", name: "seldon-scheduler" }],
      servers: [{ namespace: NS, name: "mlserver", config: "mlserver", replicas: 2 }],
      smokeModel: { namespace: NS, name: "iris" },
      ...(declared === undefined ? {} : { machines: declared }),
    };
  }

  context(): CheckContext {
    const context = new CheckContext(this.subject);
    const machine = (name: string) => {
      const found = this.machines?.get(name);
      if (found === undefined) throw new LookError(`${name}: no answer within 10 s`, { fix: "see that it is up" });
      return found;
    };
    const hosts = {
      targets: ["s1", "a1"].map((name) => ({ name })),
      look: (name: string): Promise<Inspection> =>
        Promise.resolve().then(() => ({ facts: machine(name).facts, clockOffset: 0, clockError: 0.1 })),
      asRoot: (name: string) =>
        Promise.resolve().then(() => ({ code: 0, stdout: machine(name).hostPorts ?? "", stderr: "" })),
      repeat: (name: string) => `ssh ${name} inspect`,
      close: () => undefined,
    };
    Object.defineProperty(context, "hosts", { value: hosts });
    return context;
  }

  /** Puts the objects behind the API, where the diagnosis finds them. */
  publish(): void {
    const { api, objects } = this;
    const seldon = "/apis/mlops.seldon.io/v1alpha1";
    api.object("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system", uid: UID } });
    api.object("/version", { gitVersion: "v1.33.8+k3s1" });
    api.list("/api/v1/nodes", objects.nodes);
    api.list("/api/v1/pods", objects.pods);
    for (const ns of [NS, OPERATOR_NS]) {
      const own = <T extends { metadata: { namespace?: string } }>(items: readonly T[]): T[] =>
        items.filter(({ metadata }) => metadata.namespace === ns);
      const lists: Record<string, readonly unknown[]> = {
        [`/api/v1/namespaces/${ns}/pods`]: own(objects.pods),
        [`/api/v1/namespaces/${ns}/events`]: own(objects.events),
        [`/api/v1/namespaces/${ns}/services`]: own(objects.services),
        [`/apis/discovery.k8s.io/v1/namespaces/${ns}/endpointslices`]: own(objects.endpoints),
        [`/apis/networking.k8s.io/v1/namespaces/${ns}/networkpolicies`]: own(objects.policies),
        [`${seldon}/namespaces/${ns}/servers`]: own(objects.servers),
        [`${seldon}/namespaces/${ns}/serverconfigs`]: own(objects.serverConfigs),
        [`${seldon}/namespaces/${ns}/models`]: own(objects.models),
        [`${seldon}/namespaces/${ns}/seldonruntimes`]: own(objects.runtimes),
        [`${seldon}/namespaces/${ns}/seldonconfigs`]: own(objects.seldonConfigs),
      };
      for (const [path, items] of Object.entries(lists)) api.list(path, items);
    }
    if (objects.calico !== undefined) {
      const { tigera, installations, pools, globalPolicies, policies } = objects.calico;
      api.list("/apis/operator.tigera.io/v1/tigerastatuses", tigera);
      api.list("/apis/operator.tigera.io/v1/installations", installations);
      api.list("/apis/crd.projectcalico.org/v1/ippools", pools);
      api.list("/apis/crd.projectcalico.org/v1/globalnetworkpolicies", globalPolicies);
      api.list("/apis/crd.projectcalico.org/v1/networkpolicies", policies);
    }
    for (const { metadata } of objects.pods) {
      api.replies.set(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/log`, (query) => ({
        text: this.logs.get(`${metadata.name} ${query.get("container")} ${query.get("previous") === "true"}`) ?? "",
      }));
    }
  }

  /** The whole way: objects and ports through the API, then the rules. */
  async diagnose(): Promise<{ evidence: Evidence; diagnosis: Diagnosis; milliseconds: number }> {
    this.publish();
    const started = performance.now();
    const options = { at: AT, ...(this.clusterCidr === undefined ? {} : { clusterCidr: this.clusterCidr }) };
    const evidence = await gather(this.context(), options, new AbortController().signal);
    const diagnosis = diagnose(evidence);
    return { evidence, diagnosis, milliseconds: performance.now() - started };
  }
}

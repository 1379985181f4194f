/**
 * A little cluster over the mini API server: nodes with a CNI each, workloads whose pods come back after a moment, and
 * probe pods whose clients report what the test's network does. Time is real and short.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cni } from "../../../config/schema";
import { kubeconfigText } from "../../checks/support/fake-api";
import { MiniApi, type Stored } from "./mini-api";

export const UID = "0b5c0e8a-6f0f-4a51-9a51-3a5f6a1f0001";
export const POOL = "10.42.128.0/17";

interface MiniNode {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  /** What new pods get their addresses from. */
  cni: Cni;
}

export interface Replica {
  readonly node: string;
  /** @default an address of the node's present CNI */
  readonly address?: string;
  readonly ready?: boolean;
}

export interface WorkloadOptions {
  readonly kind?: "Deployment" | "StatefulSet" | "DaemonSet" | "Job";
  readonly namespace?: string;
  readonly replicas: readonly Replica[];
  /** What the workload asks for. @default as many as there are */
  readonly wanted?: number;
  readonly hostPort?: number;
}

/** What a client sees of one task; undefined lets it succeed. */
export type Network = (task: {
  readonly node: string;
  readonly kind: string;
  readonly address: string;
  readonly port: number;
}) => string | undefined;

const NS = "/api/v1/namespaces";
const API_VERSION = {
  Deployment: "apps/v1",
  ReplicaSet: "apps/v1",
  StatefulSet: "apps/v1",
  DaemonSet: "apps/v1",
  Job: "batch/v1",
};

export class MiniCluster {
  readonly api = new MiniApi();
  readonly nodes = new Map<string, MiniNode>();
  network: Network = () => undefined;
  /** Milliseconds until a pod that was taken away is gone, and until a new one is Ready. */
  goneMs = 30;
  readyMs = 40;
  /** Where pods that are made anew go. @default the node of the pod that they replace, or of the fewest of their kind */
  rescheduleTo: string | undefined;
  /** Deployments follow their replicas. */
  scales = false;
  /** Pods of these workloads never become Ready again. */
  readonly broken = new Set<string>();
  /** Least number of Ready pods that each workload has had since it was watched. */
  readonly least = new Map<string, number>();
  private readonly folder = mkdtempSync(join(tmpdir(), "mini-cluster-"));
  private readonly timers = new Set<NodeJS.Timeout>();
  private addresses = 0;
  private names = 0;

  static async start(): Promise<MiniCluster> {
    const cluster = new MiniCluster();
    await cluster.api.start();
    cluster.api.put(NS, { metadata: { name: "kube-system", uid: UID } });
    cluster.api.put(`${NS}/kube-system/services`, { metadata: { name: "kube-dns" } });
    cluster.api.onCreate = (path, object) => cluster.created(path, object);
    cluster.api.onDelete = (path, object) => cluster.deleted(path, object);
    cluster.api.onChange = (_, object) => cluster.scaled(object);
    return cluster;
  }

  get kubeconfig(): string {
    const path = join(this.folder, "kubeconfig.yaml");
    writeFileSync(path, kubeconfigText(`http://127.0.0.1:${this.api.port}`));
    return path;
  }

  /** What every step is told: which cluster, and how long to wait. */
  subject<T extends object>(more: T) {
    return { stack: "test", kubeconfig: this.kubeconfig, uid: UID, timeoutSeconds: 5, ...more };
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    await this.api.stop();
    rmSync(this.folder, { recursive: true });
  }

  node(name: string, cni: Cni, ready = true): MiniNode {
    const index = this.nodes.size;
    const node: MiniNode = { name, address: `192.0.2.${11 + index}`, podCidr: `10.42.${index}.0/24`, cni };
    this.nodes.set(name, node);
    this.api.put("/api/v1/nodes", {
      metadata: { name },
      spec: { podCIDR: node.podCidr },
      status: {
        conditions: [{ type: "Ready", status: ready ? "True" : "False", message: "kubelet says so" }],
        addresses: [{ type: "InternalIP", address: node.address }],
      },
    });
    return node;
  }

  /** An address of a CNI on a node. */
  address(node: string, cni: Cni): string {
    this.addresses += 1;
    const { podCidr } = this.nodes.get(node)!;
    return cni === "calico" ? `10.42.128.${this.addresses}` : podCidr.replace("0/24", String(this.addresses));
  }

  /** A workload with its pods. A Deployment's pods belong to a ReplicaSet. */
  workload(name: string, options: WorkloadOptions): void {
    const { kind = "Deployment", namespace = "web", replicas, wanted = replicas.length } = options;
    const plural = kind === "Job" ? `/apis/batch/v1/namespaces/${namespace}/jobs` : this.apps(namespace, kind);
    const owner = this.api.put(plural, {
      metadata: { name },
      spec: { replicas: wanted, selector: { matchLabels: { app: name } } },
      status: { desiredNumberScheduled: wanted },
    });
    let controller = { kind: kind as string, name, uid: owner.metadata.uid };
    if (kind === "Deployment") {
      const set = this.api.put(this.apps(namespace, "ReplicaSet"), {
        metadata: { name: `${name}-5d`, ownerReferences: [reference("apps/v1", controller)] },
      });
      controller = { kind: "ReplicaSet", name: `${name}-5d`, uid: set.metadata.uid };
    }
    const version = API_VERSION[controller.kind as keyof typeof API_VERSION];
    for (const replica of replicas)
      this.pod(namespace, name, replica, [reference(version, controller)], options.hostPort);
    this.watch(name);
  }

  /** A pod without a controller. */
  bare(name: string, replica: Replica): void {
    this.pod("web", name, replica, []);
  }

  pods(app?: string): Stored[] {
    return this.api
      .list("/api/v1/pods")
      .filter(({ metadata }) => app === undefined || metadata.labels?.["app"] === app);
  }

  podsOn(node: string): Stored[] {
    return this.pods().filter(({ spec }) => spec?.["nodeName"] === node);
  }

  later(milliseconds: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      task();
    }, milliseconds);
    this.timers.add(timer);
  }

  /** Makes as many pods as a Deployment asks for, each on the node with the fewest, and tells its status. */
  scaled({ metadata, spec, status }: Stored): void {
    const wanted = Number(spec?.["replicas"]);
    if (!this.scales || metadata.namespace === undefined || Number.isNaN(wanted)) return;
    const pods = this.pods(metadata.name);
    for (const { metadata: pod } of pods.slice(wanted))
      this.api.objects.delete(`${NS}/${pod.namespace}/pods/${pod.name}`);
    for (let missing = wanted - pods.length; missing > 0; missing -= 1) {
      const owners = pods[0]!.metadata.ownerReferences ?? [];
      this.pod(metadata.namespace, metadata.name, { node: this.rescheduleTo ?? this.emptiest(metadata.name) }, owners);
    }
    Object.assign(status!, { replicas: wanted, updatedReplicas: wanted, readyReplicas: wanted });
  }

  private emptiest(app: string): string {
    const count = (node: string): number =>
      this.podsOn(node).filter(({ metadata }) => metadata.labels?.["app"] === app).length;
    return [...this.nodes.keys()].sort((a, b) => count(a) - count(b))[0]!;
  }

  private apps(namespace: string, kind: string): string {
    return `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
  }

  private pod(
    namespace: string,
    app: string,
    { node, address = this.address(node, this.nodes.get(node)!.cni), ready = true }: Replica,
    ownerReferences: readonly unknown[],
    hostPort?: number,
  ): Stored {
    this.names += 1;
    const ports = hostPort === undefined ? [] : [{ containerPort: 80, hostPort, protocol: "TCP" }];
    return this.api.put(`${NS}/${namespace}/pods`, {
      metadata: { name: `${app}-${this.names}`, labels: { app }, ownerReferences },
      spec: { nodeName: node, containers: [{ name: "main", ports }] },
      status: { phase: "Running", podIP: address, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    });
  }

  private watch(app: string): void {
    const ready = this.pods(app).filter(isServing).length;
    this.least.set(app, Math.min(this.least.get(app) ?? Infinity, ready));
  }

  /** A probe pod, or a namespace. */
  private created(path: string, object: Stored): void {
    if (path.startsWith(`${NS}/`) && path.split("/").length === 5) {
      this.api.put(`${path}/serviceaccounts`, { metadata: { name: "default" } });
      return;
    }
    if (!path.includes("/pods/")) return;
    const node = String(object.spec?.["nodeName"]);
    const address = this.address(node, this.nodes.get(node)?.cni ?? "flannel");
    this.later(this.readyMs, () => {
      const isClient = object.spec?.["restartPolicy"] === "Never";
      object.status = {
        phase: isClient ? "Succeeded" : "Running",
        podIP: address,
        conditions: [{ type: "Ready", status: isClient ? "False" : "True" }],
      };
      if (isClient) this.api.logs.set(path, this.report(object, node, address));
    });
  }

  /** What a client prints. */
  private report({ spec }: Stored, node: string, self: string): string {
    const [container] = spec?.["containers"] as { env: { name: string; value?: string }[] }[];
    const tasks = container!.env.find(({ name }) => name === "PROBE_TASKS")!.value!;
    const good: Record<string, string> = { source: self, large: "16384+16384", tls: "tls", tcp: "open" };
    const lines = tasks.split("\n").map((line) => {
      const [index = "", kind = "", address = "", port = "", expected = ""] = line.split(" ");
      const got = this.network({ node, kind, address, port: Number(port) });
      const fine = kind === "dns" ? expected : kind === "masked" ? this.nodes.get(node)!.address : good[kind];
      return `result ${index} ${got === undefined ? 1 : 8} ${got ?? fine}`;
    });
    return [`self ${self}`, "mtu 1450", ...lines, "end", ""].join("\n");
  }

  /** A pod ends after a moment; its controller makes another on the same node at once, Ready a moment later. */
  private deleted(path: string, object: Stored): void {
    const app = object.metadata.labels?.["app"];
    if (!path.includes("/pods/") || app === undefined) {
      // A namespace takes its objects along; a node does not.
      for (const key of [...this.api.objects.keys()]) if (key.startsWith(`${path}/`)) this.api.objects.delete(key);
      this.api.objects.delete(path);
      return;
    }
    this.watch(app);
    this.later(this.goneMs, () => this.api.objects.delete(path));
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0) return;
    const ports = (object.spec?.["containers"] as { ports: { hostPort?: number }[] }[])[0]!.ports;
    const node = this.rescheduleTo ?? String(object.spec?.["nodeName"]);
    const isDaemon = (owners[0] as { kind: string }).kind === "DaemonSet";
    const replace = (): void => {
      const next = this.pod(object.metadata.namespace!, app, { node, ready: false }, owners, ports[0]?.hostPort);
      if (this.broken.has(app)) return;
      this.later(this.readyMs, () => {
        next.status!["conditions"] = [{ type: "Ready", status: "True" }];
      });
    };
    if (isDaemon) this.later(this.goneMs, replace);
    else replace();
  }
}

const isServing = ({ metadata, status }: Stored): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status?.["conditions"] as { type: string; status: string }[]).some(
    (one) => one.type === "Ready" && one.status === "True",
  );

const reference = (apiVersion: string, owner: { kind: string; name: string; uid: string }): unknown => ({
  apiVersion,
  ...owner,
  controller: true,
});

/**
 * Two nodes on a fake API server on which probe pods run: each is a little HTTP server that answers for its connections
 * what the NetworkPolicies let through (tests/support/policy-evaluator.ts). A Service controller lists them as the real
 * one does: by label, ready or not.
 */
import { policyContext } from "../../../components/network-policies/context";
import type { NetworkPolicy } from "../../../components/network-policies/builders";
import { renderPolicies } from "../../../components/network-policies/render";
import type { CheckContext } from "../../../checks/context";
import { type Subject, subjectOf } from "../../../checks/subject";
import type { StackConfig } from "../../../config/schema";
import { allows, type Host } from "../../support/policy-evaluator";
import type { Reply } from "./fake-api";
import { NS, SeldonCluster } from "./seldon-cluster";
import { httpServer, type Standing } from "./servers";

type Labels = Record<string, string>;

/** A pod as the API server keeps it, as far as tests look. */
export interface StoredPod {
  readonly metadata: { name: string; namespace: string; labels: Labels; annotations?: Labels; uid?: string };
  readonly spec: Record<string, unknown> & {
    readonly nodeName: string;
    readonly containers: readonly {
      readonly name: string;
      readonly env?: readonly { name: string; value: string }[];
    }[];
  };
  status: Record<string, unknown> & { podIP?: string; phase: string };
}

/** What a connection comes to, in the words of the probe program. */
type Words = string;

const SERVICES: readonly { readonly name: string; readonly selector: Labels }[] = [
  { name: "seldon-mesh", selector: { "app.kubernetes.io/name": "seldon-envoy" } },
  { name: "seldon-scheduler", selector: { "app.kubernetes.io/name": "seldon-scheduler" } },
];
const API_SERVER: Host = { kind: "address", ip: "192.0.2.11" };
const DNS: Host = { kind: "pod", namespace: "kube-system", labels: { "k8s-app": "kube-dns" }, ip: "10.42.9.4" };

export class ProbeCluster {
  readonly pods = new Map<string, StoredPod>();
  readonly namespaces: Set<string>;
  policies: readonly NetworkPolicy[];
  readonly subject: Subject;
  /** Asked first for what a connection comes to; undefined leaves it to the policies. */
  network: (from: StoredPod, to: StoredPod | undefined, port: number) => Words | undefined = () => undefined;
  /** Answers a question instead of the probe program. */
  answer: (from: StoredPod) => string | undefined = () => undefined;
  /** Answers a creation instead of the API server. */
  refuse: (manifest: StoredPod) => Reply | undefined = () => undefined;
  /** Changes a pod when it was created: by default its kubelet has started and reached it. */
  onStart: (pod: StoredPod) => void = () => undefined;
  /** Every set of addresses that a Service sends requests to, whenever pods change. */
  readonly sentTo: string[] = [];
  private readonly standing: Promise<Standing>[] = [];
  private addresses = 10;

  private constructor(
    readonly cluster: SeldonCluster,
    config: StackConfig,
  ) {
    this.policies = renderPolicies(policyContext(config));
    this.subject = { ...subjectOf("test", config), ...pick(cluster.subject), timeoutSeconds: 60 };
    this.namespaces = new Set(["kube-system", "monitoring", ...this.subject.namespaces]);
  }

  static async start(config: StackConfig): Promise<ProbeCluster> {
    const made = new ProbeCluster(await SeldonCluster.start(), config);
    made.serve();
    return made;
  }

  get api() {
    return this.cluster.api;
  }

  context(subject: Partial<Subject> = {}): CheckContext {
    return this.cluster.context({ ...this.subject, ...subject });
  }

  /** Names of probe pods that exist. */
  get probes(): string[] {
    return [...this.pods.values()]
      .filter(({ metadata }) => metadata.labels["seldon-k3s/probe"] === "policy")
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  }

  /** Puts a pod of somebody else's on a node. */
  add(name: string, node: string, labels: Labels, more: Partial<StoredPod> = {}): StoredPod {
    const pod: StoredPod = {
      metadata: { name, namespace: NS, labels },
      spec: { nodeName: node, containers: [{ name: "main" }] },
      status: { phase: "Running", podIP: this.address(node), conditions: [{ type: "Ready", status: "True" }] },
      ...more,
    };
    this.pods.set(`${pod.metadata.namespace}/${name}`, pod);
    return pod;
  }

  nodes(...names: readonly string[]): void {
    const ready = { conditions: [{ type: "Ready", status: "True" }] };
    this.api.list(
      this.cluster.paths.nodes,
      names.map((name) => ({ metadata: { name }, status: ready })),
    );
  }

  async close(): Promise<void> {
    await Promise.all((await Promise.all(this.standing)).map((server) => server.close()));
    await this.api.close();
  }

  private address(node: string): string {
    this.addresses += 1;
    return `10.42.${node === "node-1" ? 1 : 2}.${this.addresses}`;
  }

  private serve(): void {
    const { api } = this;
    this.nodes("node-1", "node-2");
    const envoy = { "app.kubernetes.io/name": "seldon-envoy", "pod-template-hash": "5d" };
    this.add("mlserver-0", "node-1", { "app.kubernetes.io/name": "seldon-server" });
    this.add("seldon-scheduler-0", "node-1", { "app.kubernetes.io/name": "seldon-scheduler" });
    this.add("seldon-envoy-5d-x", "node-1", envoy);
    api.object("/api/v1/namespaces/default/services/kubernetes", {
      metadata: { name: "kubernetes" },
      spec: { clusterIP: "10.43.0.1", ports: [{ port: 443 }] },
    });
    api.object("/api/v1/namespaces/kube-system/services/kube-dns", { metadata: { name: "kube-dns" } });
    api.write = (method, path, sent) => (method === "POST" ? this.create(path, sent) : this.remove(path));
    // Whatever no fixture answers: objects of the namespaces, as they are at that moment.
    for (const path of [this.cluster.paths.pods, this.cluster.paths.slices]) api.replies.delete(path);
    api.fallback = (path, query) => this.read(path, query.get("labelSelector") ?? "");
  }

  private read(path: string, labelSelector: string): Reply | undefined {
    if (path === "/api/v1/namespaces") {
      const own = [...this.namespaces].filter((name) => name.startsWith("seldon-k3s-policy-"));
      return { json: { items: own.map((name) => ({ metadata: { name, labels: {} } })) } };
    }
    const [, namespace = "", rest = ""] =
      /^\/(?:api\/v1|apis\/discovery\.k8s\.io\/v1)\/namespaces\/([^/]+)\/?(.*)$/.exec(path) ?? [];
    if (namespace === "") return undefined;
    if (!this.namespaces.has(namespace) && rest !== "pods") return "missing object";
    switch (rest) {
      case "":
        return { json: { metadata: { name: namespace } } };
      case "serviceaccounts/default":
        return { json: { metadata: { name: "default" } } };
      case "services":
        return { json: { items: namespace === NS ? SERVICES.map((one) => this.service(one)) : [] } };
      case "endpointslices":
        return {
          json: { items: this.slices(namespace).filter(({ metadata }) => selects(labelSelector, metadata.labels)) },
        };
      case "pods":
        return {
          json: {
            items: this.inNamespace(namespace).filter(({ metadata }) => selects(labelSelector, metadata.labels)),
          },
        };
      default:
        return undefined;
    }
  }

  /** Whether the Services of the cluster say that readiness does not count. */
  publishNotReady = false;

  private service({ name, selector }: (typeof SERVICES)[number]) {
    return { metadata: { name, namespace: NS }, spec: { selector, publishNotReadyAddresses: this.publishNotReady } };
  }

  private inNamespace = (namespace: string): StoredPod[] =>
    [...this.pods.values()].filter(({ metadata }) => metadata.namespace === namespace);

  /** What the EndpointSlice controller of Kubernetes 1.33 writes: every selected pod with an address, ready or not. */
  slices(namespace: string) {
    if (namespace !== NS) return [];
    return SERVICES.map(({ name, selector }) => ({
      metadata: { name: `${name}-abcde`, namespace, labels: { "kubernetes.io/service-name": name } },
      ports: [{ name: "data", port: 9000 }],
      endpoints: this.inNamespace(namespace)
        .filter(({ metadata, status }) => status.podIP !== undefined && matches(selector, metadata.labels))
        .map((pod) => ({
          addresses: [pod.status.podIP],
          conditions: { ready: this.publishNotReady || isReady(pod) },
          targetRef: { kind: "Pod", name: pod.metadata.name },
        })),
    }));
  }

  /** Addresses that Services send requests to, by Service. */
  readyAddresses(): string {
    return JSON.stringify(
      this.slices(NS).map(({ metadata, endpoints }) => [
        metadata.name,
        endpoints.filter(({ conditions }) => conditions.ready).map(({ addresses }) => addresses[0]),
      ]),
    );
  }

  private create(path: string, sent: Record<string, unknown>): Reply | undefined {
    if (path === "/api/v1/namespaces") {
      this.namespaces.add((sent as unknown as StoredPod).metadata.name);
      return { json: sent, status: 201 };
    }
    const pod = sent as unknown as StoredPod;
    const refusal = this.refuse(pod);
    if (refusal !== undefined) return refusal;
    const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
    if (this.pods.has(key))
      return { json: { kind: "Status", reason: "AlreadyExists", message: "exists" }, status: 409 };
    pod.metadata.uid = `uid-${pod.metadata.name}`;
    pod.status = {
      phase: "Running",
      podIP: this.address(pod.spec.nodeName),
      // A kubelet that has reached all containers, and a gate that nobody has opened.
      conditions: [
        { type: "ContainersReady", status: "True" },
        { type: "Ready", status: pod.spec["readinessGates"] === undefined ? "True" : "False" },
      ],
    };
    this.onStart(pod);
    this.pods.set(key, pod);
    this.sentTo.push(this.readyAddresses());
    const server = httpServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => response.end(this.answer(pod) ?? this.answerOf(pod, body)));
    });
    this.standing.push(server);
    void server.then(({ port }) => this.api.forwards.set(`${key}:8480`, port));
    return { json: pod, status: 201 };
  }

  private remove(path: string): Reply | undefined {
    const [, namespace = "", name] = /^\/api\/v1\/namespaces\/([^/]+)(?:\/pods\/([^/]+))?$/.exec(path) ?? [];
    const found = name === undefined ? this.namespaces.delete(namespace) : this.pods.delete(`${namespace}/${name}`);
    if (name === undefined) {
      for (const key of this.pods.keys()) if (key.startsWith(`${namespace}/`)) this.pods.delete(key);
    }
    this.sentTo.push(this.readyAddresses());
    return found ? { json: {} } : "missing object";
  }

  /** The probe program's answer. */
  private answerOf(from: StoredPod, question: string): string {
    const lines = question
      .trim()
      .split("\n")
      .map((line) => {
        const [index, kind = "", address = "", port] = line.split(" ");
        return `result ${index} ${this.look(from, kind, address, Number(port))}`;
      });
    return `${lines.join("\n")}\nend\n`;
  }

  private look(from: StoredPod, kind: string, address: string, port: number): Words {
    const to = [...this.pods.values()].find(({ status }) => status.podIP === address);
    const told = this.network(from, to, port);
    if (told !== undefined) return told;
    const host = kind === "dns" ? DNS : to === undefined ? API_SERVER : hostOf(to);
    const connection = {
      from: hostOf(from),
      to: host,
      port: kind === "dns" ? 53 : to === undefined ? 6443 : port,
      protocol: kind === "dns" ? ("UDP" as const) : ("TCP" as const),
    };
    if (from !== to && !allows(this.policies, connection)) return "no answer within 2 s";
    if (kind === "dns") return "10.43.0.1";
    if (kind === "tcp") return "open";
    return from.status.podIP!;
  }
}

const pick = ({ kubeconfig, uid }: Subject): Partial<Subject> => ({ kubeconfig, uid });

const hostOf = ({ metadata, status }: StoredPod): Host => ({
  kind: "pod",
  namespace: metadata.namespace,
  labels: metadata.labels,
  ip: status.podIP!,
});

const isReady = ({ status }: StoredPod): boolean =>
  (status["conditions"] as { type: string; status: string }[]).some(
    ({ type, status: value }) => type === "Ready" && value === "True",
  );

const matches = (selector: Labels, labels: Labels): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

const selects = (selector: string, labels: Labels): boolean =>
  selector === "" || selector.split(",").every((part) => labels[part.split("=")[0]!] === part.split("=")[1]);

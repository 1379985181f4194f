/** Changes that would hurt a running cluster, and the layer that has to stop each before the cluster is touched. */
import type { RecordedResource } from "../../../inprocess/engine";
import { factsOf, SERVER_LINES, serverFacts } from "../../checks/support/machines";
import { flags, K3S, type Situation } from "../../checks/support/take-over";

/**
 * - `configuration`: the schema and its rules refuse the stack file; nothing is evaluated.
 * - `guardrail`: the file is sound, and a rule of policy-pack/ stops its plan.
 * - `preflight`: file and plan are sound, and what is found on the machines contradicts them.
 */
export type Layer = "configuration" | "guardrail" | "preflight";

/** What somebody does, and who stops it. */
export interface DangerousChange {
  /** The change, in the words of its author. */
  readonly change: string;
  /** What it would do to the cluster. */
  readonly would: string;
  readonly layer: Layer;
  /** Id of the rule, or a part of what the preflight says. */
  readonly by: string;
  /** Stack that is changed. @default "prod" */
  readonly stack?: string;
  /** Changes to the stack's values: dotted path to value. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** Changes to what the program declares, as an edit of its code would bring. */
  readonly edit?: (resources: readonly RecordedResource[]) => readonly RecordedResource[];
  /** Judged against the plan of the unchanged stack, as a pull request is. */
  readonly againstBase?: true;
  /** Machines that contradict the file. */
  readonly machines?: Situation;
}

type Inputs = Record<string, unknown>;

/** The plan with other inputs or options of one resource. */
const changed =
  (name: string, change: (resource: RecordedResource) => RecordedResource) =>
  (resources: readonly RecordedResource[]): readonly RecordedResource[] =>
    resources.map((resource) => (resource.name === name ? change(resource) : resource));

/** The plan with one object more. */
const added =
  (type: string, inputs: Inputs) =>
  (resources: readonly RecordedResource[]): readonly RecordedResource[] => {
    const like = resources.find(({ name }) => name === "namespaces-financial-ml")!;
    return [...resources, { ...like, type, name: "added", urn: `${like.urn}-added`, inputs, options: {} }];
  };

const pod = (component: string, podSpec: Inputs) => ({ "seldon.values": { runtime: { [component]: { podSpec } } } });

export const DANGEROUS_CHANGES: readonly DangerousChange[] = [
  {
    change: "publish the scheduler by its chart value",
    would: "open the control plane, which asks nobody who he is, on every node",
    layer: "configuration",
    by: "seldon.value-owned",
    set: { "seldon.values": { runtime: { scheduler: { serviceType: "LoadBalancer" } } } },
  },
  {
    change: "publish every Service by the chart's default",
    would: "open the control plane on every node",
    layer: "configuration",
    by: "seldon.value-owned",
    set: { "seldon.values": { setup: { services: { defaultServiceType: "LoadBalancer" } } } },
  },
  {
    change: "a pod network that overlaps the Services' network",
    would: "make addresses ambiguous, and Services unreachable at random",
    layer: "configuration",
    by: "network.pods-overlap-services",
    set: { "network.clusterCidr": "10.43.0.0/16" },
  },
  {
    change: "a Calico that was never tried with this K3s",
    would: "leave every node without a pod network where the versions do not fit",
    layer: "configuration",
    by: "versions.k3s-calico",
    set: { "calico.version": "3.32.1" },
  },
  {
    change: "leave the CNI that shall run",
    would: "take the pod network away from every node",
    layer: "configuration",
    by: "cni.leaving-provider",
    set: { "cni.leaving": "calico" },
  },
  {
    change: "two servers in place of three",
    would: "let etcd lose its majority with any one machine",
    layer: "configuration",
    by: "hosts.etcd-even",
    set: { "hosts.servers.2": undefined },
  },
  {
    change: "hostNetwork for the scheduler, against connection refused",
    would: "put the scheduler past every NetworkPolicy and on the node's ports",
    layer: "guardrail",
    by: "no-host-network",
    set: pod("scheduler", { hostNetwork: true }),
  },
  {
    change: "SELDON_SERVER_HOST for Envoy",
    would: "hide the cause of a refused connection behind a setting that nothing reads",
    layer: "guardrail",
    by: "no-old-workarounds",
    set: pod("envoy", { containers: [{ name: "envoy", env: [{ name: "SELDON_SERVER_HOST", value: "0.0.0.0" }] }] }),
  },
  {
    change: "a privileged scheduler, to look at packets",
    would: "give whoever reaches the scheduler its node, and on a server the cluster",
    layer: "guardrail",
    by: "no-privileged-containers",
    set: pod("scheduler", { containers: [{ name: "scheduler", securityContext: { privileged: true } }] }),
  },
  {
    change: "the newest image of the scheduler",
    would: "upgrade the control plane at the next restart of its pod",
    layer: "guardrail",
    by: "images-pinned",
    set: { "seldon.values": { setup: { scheduler: { image: { tag: "latest" } } } } },
  },
  {
    change: "an image without a tag for the probes",
    would: "run whatever the registry holds inside the cluster",
    layer: "guardrail",
    by: "images-pinned",
    set: { "validation.probeImage": "busybox" },
  },
  {
    change: "policies off, to see whether they are to blame",
    would: "delete every policy of a running cluster",
    layer: "guardrail",
    by: "default-deny",
    set: { "policies.enabled": false },
  },
  {
    change: "no protection in production",
    would: "let any update delete the namespaces and the CRDs with all models",
    layer: "guardrail",
    by: "protected-resources",
    set: { protect: false },
  },
  {
    change: "another name for the models' namespace",
    would: "delete the namespace with everything in it",
    layer: "guardrail",
    by: "protected-resources",
    set: { "seldon.namespace": "models" },
    againstBase: true,
  },
  {
    change: "flannel in place of calico, in one line",
    would: "delete Calico under the running pods",
    layer: "guardrail",
    by: "cni-change-acknowledged",
    set: { "cni.provider": "flannel" },
    againstBase: true,
  },
  {
    change: "a policy that lets everybody in, added to the program",
    would: "undo every other policy of the namespace",
    layer: "guardrail",
    by: "no-allow-all-policy",
    edit: added("kubernetes:networking.k8s.io/v1:NetworkPolicy", {
      metadata: { name: "debug", namespace: "financial-ml" },
      spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] },
    }),
  },
  {
    change: "a LoadBalancer in front of the scheduler, added to the program",
    would: "open the control plane on every node",
    layer: "guardrail",
    by: "no-public-control-plane",
    edit: added("kubernetes:core/v1:Service", {
      metadata: { name: "scheduler-outside", namespace: "financial-ml" },
      spec: { type: "LoadBalancer", selector: { "app.kubernetes.io/name": "seldon-scheduler" } },
    }),
  },
  {
    change: "retainOnDelete dropped from Seldon's CRDs",
    would: "delete every Model, Pipeline and Server with the release",
    layer: "guardrail",
    by: "crds-kept",
    edit: changed("seldon-crds", (resource) => ({
      ...resource,
      options: { ...resource.options, retainOnDelete: undefined },
    })),
  },
  {
    change: "a chart by its name, without a version",
    would: "install another chart than the one that was reviewed",
    layer: "guardrail",
    by: "charts-pinned",
    edit: changed("seldon-setup", (resource) => ({
      ...resource,
      inputs: { ...resource.inputs, chart: "seldon-charts/seldon-core-v2-setup" },
    })),
  },
  {
    change: "a model server without requests",
    would: "have it evicted first from a full node, and models with it",
    layer: "guardrail",
    by: "resource-requests",
    edit: changed("seldon-server-financial-ml-mlserver", (resource) => ({
      ...resource,
      inputs: { ...resource.inputs, spec: { podSpec: { containers: [{ name: "mlserver" }] } } },
    })),
  },
  {
    change: "calico declared for machines that run Flannel",
    would: "change the CNI of every node at its next restart, without the way over the nodes",
    layer: "preflight",
    by: "set cni.leaving: flannel for the way from flannel to calico",
    machines: { sections: { cni: { provider: "calico" } } },
  },
  {
    change: "another pod network than the cluster was made with",
    would: "leave pods and nodes with addresses that nobody routes",
    layer: "preflight",
    by: "set network.clusterCidr to 10.52.0.0/16",
    machines: { server: serverFacts(flags("--cluster-cidr=10.52.0.0/16")) },
  },
  {
    change: "encryption of Secrets, switched on in the file of a cluster that has none",
    would: "keep K3s from starting",
    layer: "preflight",
    by: "set k3s.secretsEncryption to false",
    machines: { sections: { k3s: { ...K3S, secretsEncryption: true } } },
  },
  {
    change: "the address of another machine",
    would: "install K3s on a machine that belongs to somebody else",
    layer: "preflight",
    by: "another machine may answer here",
    machines: {
      server: factsOf({ ...SERVER_LINES, interface: ["lo 65536 UNKNOWN 127.0.0.1/8", "eth0 1500 UP 192.0.2.99/24"] }),
    },
  },
];

/** Field managers: by which names the stack writes, and which others may add fields of their own. Data. */

interface ManagerRow {
  readonly manager: RegExp;
  /** Only on objects of these kinds; on all when absent. */
  readonly kinds?: ReadonlySet<string>;
  readonly why: string;
}

/** Names by which the stack's own tools write. */
export const OWN_MANAGERS: readonly ManagerRow[] = [
  {
    manager: /^pulumi-kubernetes(-[0-9a-f]+)?$/,
    why: "Pulumi's Kubernetes provider 4.x: one name a resource with server-side apply, made at its creation",
  },
  {
    manager: /^(pulumi-resource-kubernetes|helm)$/,
    why: "Helm, which calls itself after its program (Helm 3, pkg/kube/client.go getManagedFieldsManager): inside Pulumi's provider, and by hand",
  },
  { manager: /^seldon-k3s-sandbox$/, why: "the sandbox's engine in process (sandbox/engine/apply-engine.ts)" },
];

const CALICO_KINDS = new Set(["Installation", "APIServer", "FelixConfiguration", "IPPool", "Namespace"]);
const SELDON_KINDS = new Set([
  "Model",
  "Server",
  "ServerConfig",
  "SeldonConfig",
  "SeldonRuntime",
  "Pipeline",
  "Experiment",
]);

/** Controllers that add fields which the stack leaves to them. What they change of a declared field is no noise. */
export const CONTROLLERS: readonly ManagerRow[] = [
  {
    manager: /^(kube-(controller-manager|scheduler|apiserver|proxy)|kubelet|cloud-controller-manager|k3s|deploy@.+)$/,
    why: "Kubernetes' own controllers",
  },
  {
    manager: /^(operator|tigera-operator)$/,
    kinds: CALICO_KINDS,
    why: "the Tigera operator writes out the defaults of what the stack leaves to it",
  },
  {
    manager: /^(calico-node|calico-typha|kube-controllers|calico-kube-controllers)$/,
    kinds: CALICO_KINDS,
    why: "Calico's components keep their state there",
  },
  { manager: /^manager$/, kinds: SELDON_KINDS, why: "Seldon Core's operator" },
];

const find = (rows: readonly ManagerRow[], manager: string, kind: string): ManagerRow | undefined =>
  rows.find((row) => row.manager.test(manager) && (row.kinds?.has(kind) ?? true));

export const isOwn = (manager: string): boolean => find(OWN_MANAGERS, manager, "") !== undefined;

/** Why a controller may add fields to objects of a kind; undefined where nobody said so. */
export const controllerReason = (manager: string, kind: string): string | undefined =>
  find(CONTROLLERS, manager, kind)?.why;

/** By which name to ask where nobody of ours has written an object yet, or where not all of its fields can be sent. */
export const DRY_RUN_MANAGER = "seldon-k3s-drift";

/**
 * The load: on every node two servers, which the client of every other node calls by the pods' own addresses; and two
 * servers on two nodes behind one Service, which all clients call. A policy selects the servers.
 *
 * The first kind shows what the network does between two nodes, and nothing else: through a Service it would also show
 * that a kubelet which starts again calls its node, and with it every pod of it, not ready for some seconds (seen in
 * this lab with kubelet 1.33, "PLEG is not healthy: pleg has yet to be successful": a Service whose pods were all on one
 * node had no endpoint for nine seconds). The second kind is as workloads should be: two nodes, and a readiness probe.
 */
import type { KubernetesObject } from "../../../sandbox/api/objects";
import { NODE_IMAGE } from "../image/contents";

export const LOAD_NAMESPACE = "lab-load";
/** Where the clients write their reports, on each node. */
export const REPORT_FOLDER = "/var/lib/lab-load";

export interface LoadOptions {
  /** Names of the nodes. */
  readonly nodes: readonly string[];
  /** New connections a second from every node to every other, and to the servers on two nodes. @default 50 */
  readonly rate?: number;
  /** How long servers and clients go on after SIGTERM, in seconds. @default 8 */
  readonly lingerSeconds?: number;
}

const PORT = 8080;

/** Everything but the namespace is in {@link LOAD_NAMESPACE}; deleting that deletes all of it. */
export function loadManifests(options: LoadOptions): KubernetesObject[] {
  return [
    namespace(),
    ...access(),
    ...policies(),
    ...spreadServers(options),
    ...options.nodes.flatMap((node) => onNode(node, options)),
  ];
}

const meta = (name: string) => ({ name, namespace: LOAD_NAMESPACE });

const namespace = (): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  // Privileged: the clients write to a folder of the node, because a pod's log goes when the pod does.
  metadata: { name: LOAD_NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
});

function access(): KubernetesObject[] {
  const rules = [
    { apiGroups: [""], resources: ["services"], verbs: ["get"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
  ];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("client") },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: meta("client"), rules },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: meta("client"),
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "client" },
      subjects: [{ kind: "ServiceAccount", name: "client", namespace: LOAD_NAMESPACE }],
    },
  ];
}

/** Nobody may call the servers but the clients, by their label: a changed source address is then a failed request. */
function policies(): KubernetesObject[] {
  return [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: meta("deny"),
      spec: { podSelector: {}, policyTypes: ["Ingress"] },
    },
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: meta("clients"),
      spec: {
        podSelector: { matchLabels: { role: "server" } },
        policyTypes: ["Ingress"],
        ingress: [
          { from: [{ podSelector: { matchLabels: { role: "client" } } }], ports: [{ protocol: "TCP", port: PORT }] },
        ],
      },
    },
  ];
}

/** Name of the servers on two nodes, in the reports too. */
export const SPREAD = "spread";

function spreadServers({ lingerSeconds = 8 }: LoadOptions): KubernetesObject[] {
  return servers(SPREAD, lingerSeconds, {
    affinity: {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: `server-${SPREAD}` } }, topologyKey: "kubernetes.io/hostname" },
        ],
      },
    },
    container: { readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 } },
  });
}

interface ServerPlace {
  readonly affinity?: unknown;
  readonly nodeSelector?: unknown;
  readonly container?: Readonly<Record<string, unknown>>;
}

/** Two servers, their Service, and the promise that one of them is always left. */
function servers(name: string, lingerSeconds: number, { container, ...place }: ServerPlace): KubernetesObject[] {
  const app = `server-${name}`;
  return [
    deployment(app, "server", 2, lingerSeconds, {
      ...place,
      containers: [
        {
          name: "server",
          image: NODE_IMAGE,
          command: ["labtool", "serve", `--listen=:${PORT}`, `--linger=${lingerSeconds}s`],
          ports: [{ containerPort: PORT }],
          ...container,
        },
      ],
    }),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: meta(app),
      spec: { selector: { app }, ports: [{ port: 80, targetPort: PORT, protocol: "TCP" }] },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: meta(app),
      spec: { minAvailable: 1, selector: { matchLabels: { app } } },
    },
  ];
}

function onNode(node: string, options: LoadOptions): KubernetesObject[] {
  const { rate = 50, lingerSeconds = 8 } = options;
  const others = options.nodes.filter((other) => other !== node);
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const nodeSelector = { "kubernetes.io/hostname": node };
  return [
    ...servers(node, lingerSeconds, {
      nodeSelector,
      // In place of a probe: the container counts as running only when it has had the time to listen.
      container: { lifecycle: { postStart: { exec: { command: ["sleep", "0.5"] } } } },
    }),
    deployment(`client-${node}`, "client", 1, lingerSeconds, {
      nodeSelector,
      serviceAccountName: "client",
      containers: [
        {
          name: "client",
          image: NODE_IMAGE,
          command: [
            "labtool",
            "load",
            `--from=${node}`,
            `--nodes=${others.join(",")}`,
            `--services=${SPREAD}`,
            `--rate=${rate}`,
            `--linger=${lingerSeconds}s`,
          ],
          env: [field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace")],
          volumeMounts: [{ name: "report", mountPath: "/report" }],
        },
      ],
      volumes: [{ name: "report", hostPath: { path: REPORT_FOLDER, type: "DirectoryOrCreate" } }],
    }),
  ];
}

function deployment(
  name: string,
  role: "server" | "client",
  replicas: number,
  lingerSeconds: number,
  spec: Readonly<Record<string, unknown>>,
): KubernetesObject {
  const labels = { app: name, role };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: meta(name),
    spec: {
      replicas,
      // No third one while two are replaced: two nodes have no place for it.
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: lingerSeconds + 5,
          ...spec,
        },
      },
    },
  };
}

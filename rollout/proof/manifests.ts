/** The objects of a proof. Pure. */
import { PROBE_LABEL } from "./names";
import { CLIENT_SCRIPT, type ClientTask, renderTasks, SERVER_PORT, SERVER_SCRIPT } from "./scripts";

/** On everything that a proof makes, so that a later run finds what an earlier one left. */
const LABELS = { "app.kubernetes.io/managed-by": "seldon-k3s", [PROBE_LABEL.key]: PROBE_LABEL.value };

/** How long a client may run in seconds: its attempts and pauses, and room for a slow start. */
export const CLIENT_SECONDS = 120;

/** Folder inside the pod that may be written to, whatever the image looks like. */
const FOLDER = "/probe";

/**
 * The namespace of one node's proof. A host port needs the level "privileged"; every pod but the one with the host port
 * keeps to "restricted", which the other labels have the API server watch.
 */
export const namespaceManifest = (name: string): unknown => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name,
    labels: {
      ...LABELS,
      "pod-security.kubernetes.io/enforce": "privileged",
      "pod-security.kubernetes.io/audit": "restricted",
      "pod-security.kubernetes.io/warn": "restricted",
    },
  },
});

interface PodInput {
  readonly name: string;
  readonly node: string;
  readonly image: string;
}

export interface ServerInput extends PodInput {
  /** Port of the node that leads to the server. @default none */
  readonly hostPort?: number;
}

export interface ClientInput extends PodInput {
  readonly tasks: readonly ClientTask[];
}

/** A server, Ready when the node's kubelet reaches it. */
export function serverManifest({ hostPort, ...input }: ServerInput): unknown {
  const port = { name: "probe", containerPort: SERVER_PORT, protocol: "TCP" };
  return podManifest(input, "Always", {
    command: ["/bin/sh", "-c", SERVER_SCRIPT],
    env: [
      { name: "PROBE_FOLDER", value: FOLDER },
      { name: "PROBE_PORT", value: String(SERVER_PORT) },
    ],
    ports: [hostPort === undefined ? port : { ...port, hostPort }],
    readinessProbe: { httpGet: { path: "/cgi-bin/source", port: SERVER_PORT }, periodSeconds: 1, timeoutSeconds: 2 },
  });
}

/** A client that looks once at everything and ends. */
export function clientManifest({ tasks, ...input }: ClientInput): unknown {
  return podManifest(
    input,
    "Never",
    {
      command: ["/bin/sh", "-c", CLIENT_SCRIPT],
      env: [
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "PROBE_TASKS", value: renderTasks(tasks) },
      ],
    },
    { activeDeadlineSeconds: CLIENT_SECONDS },
  );
}

function podManifest(
  { name, node, image }: PodInput,
  restartPolicy: "Always" | "Never",
  container: Readonly<Record<string, unknown>>,
  spec: Readonly<Record<string, unknown>> = {},
): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: LABELS },
    spec: {
      ...spec,
      // Past the scheduler: the node may be cordoned, tainted or not yet marked as having a network.
      nodeName: node,
      tolerations: [{ operator: "Exists" }],
      restartPolicy,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65534,
        runAsGroup: 65534,
        fsGroup: 65534,
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "probe",
          image,
          imagePullPolicy: "IfNotPresent",
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          volumeMounts: [{ name: "probe", mountPath: FOLDER }],
          ...container,
        },
      ],
      volumes: [{ name: "probe", emptyDir: { sizeLimit: "1Mi" } }],
    },
  };
}

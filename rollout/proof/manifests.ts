/** The objects of a proof. Pure. */
import { FOLDER, restrictedPod } from "../../checks/probe-pods/restricted-pod";
import { PROBE_LABEL } from "../../checks/probe-pods/proof-names";
import { CLIENT_SCRIPT, type ClientTask, renderTasks, SERVER_PORT, SERVER_SCRIPT } from "./scripts";

/** On everything that a proof makes, so that a later run finds what an earlier one left. */
const LABELS = { "app.kubernetes.io/managed-by": "seldon-k3s", [PROBE_LABEL.key]: PROBE_LABEL.value };

/** How long a client may run in seconds: its attempts and pauses, and room for a slow start. */
export const CLIENT_SECONDS = 120;

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
export function serverManifest({ name, node, image, hostPort }: ServerInput): unknown {
  const port = { name: "probe", containerPort: SERVER_PORT, protocol: "TCP" };
  return restrictedPod({
    metadata: { name, labels: LABELS },
    node,
    image,
    restartPolicy: "Always",
    container: {
      command: ["/bin/sh", "-c", SERVER_SCRIPT],
      env: [
        { name: "PROBE_FOLDER", value: FOLDER },
        { name: "PROBE_PORT", value: String(SERVER_PORT) },
      ],
      ports: [hostPort === undefined ? port : { ...port, hostPort }],
      readinessProbe: { httpGet: { path: "/cgi-bin/source", port: SERVER_PORT }, periodSeconds: 1, timeoutSeconds: 2 },
    },
  });
}

/** A client that looks once at everything and ends. */
export const clientManifest = ({ name, node, image, tasks }: ClientInput): unknown =>
  restrictedPod({
    metadata: { name, labels: LABELS },
    node,
    image,
    restartPolicy: "Never",
    container: {
      command: ["/bin/sh", "-c", CLIENT_SCRIPT],
      env: [
        { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
        { name: "PROBE_TASKS", value: renderTasks(tasks) },
      ],
    },
    spec: { activeDeadlineSeconds: CLIENT_SECONDS },
  });

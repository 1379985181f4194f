/** The objects of a validation that probes: pods, and the namespace of those that stand for strangers. Pure. */
import { NEVER_READY, OWNER_ANNOTATION, PROBE_LABEL, PROBE_PREFIX, RUN_LABEL, UNTIL_ANNOTATION } from "./names";
import { FOLDER, restrictedPod } from "./restricted-pod";
import { CONTROL_PORT, PROBE_SCRIPT } from "./script";

/** The run that an object belongs to. */
export interface ProbeRun {
  /** Few letters and digits, different in every run. */
  readonly id: string;
  /** `<host>/<process id>`. */
  readonly owner: string;
  /** Moment from which everything of the run is a leftover. */
  readonly until: Date;
  /** How long a pod may live in seconds; the kubelet ends it then, also when nobody is left to delete it. */
  readonly lifetimeSeconds: number;
  readonly image: string;
}

export interface ProbePodSpec {
  /** Unique in the run: what the pod stands for and where, such as `financial-ml-envoy-here`. */
  readonly key: string;
  readonly namespace: string;
  readonly node: string;
  /** Labels of whom it stands for. */
  readonly labels: Readonly<Record<string, string>>;
  /** Ports to listen on; at least one. */
  readonly ports: readonly number[];
  /** Which of them the kubelet asks: its answer makes the container ready, never the pod. */
  readonly kubeletPort: number;
  /** What the container runs. @default the program of checks/probe-pods/script.ts */
  readonly command?: readonly string[];
}

const LABEL_LENGTH = 63;

const ownLabels = ({ id }: ProbeRun): Record<string, string> => ({
  "app.kubernetes.io/managed-by": "seldon-k3s",
  [PROBE_LABEL.key]: PROBE_LABEL.value,
  [RUN_LABEL]: id,
});

const annotations = ({ owner, until }: ProbeRun): Record<string, string> => ({
  [OWNER_ANNOTATION]: owner,
  [UNTIL_ANNOTATION]: until.toISOString(),
});

/**
 * Name of a probe pod. The run's id comes last and has a letter in front, so that it never reads like the ordinal of a
 * StatefulSet, whose controller adopts pods that wear its labels and are called `<set>-<number>`.
 */
export function probePodName({ key }: Pick<ProbePodSpec, "key">, { id }: Pick<ProbeRun, "id">): string {
  const end = `-r${id}`;
  return `${`${PROBE_PREFIX}-${key}`.slice(0, LABEL_LENGTH - end.length).replace(/-+$/, "")}${end}`;
}

/** Name of the namespace of strangers. */
export const strangersNamespace = ({ id }: Pick<ProbeRun, "id">): string => `${PROBE_PREFIX}-r${id}`;

/** A namespace without any policy, in which the API server enforces what all probe pods keep to. */
export const namespaceManifest = (run: ProbeRun): unknown => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name: strangersNamespace(run),
    labels: { ...ownLabels(run), "pod-security.kubernetes.io/enforce": "restricted" },
    annotations: annotations(run),
  },
});

/**
 * A probe pod: restricted, without a token, never Ready, ended by the kubelet when its time is over. It declares no
 * container ports, so that no PodMonitor that selects its labels finds anything to scrape.
 */
export const probePodManifest = (spec: ProbePodSpec, run: ProbeRun): unknown =>
  restrictedPod({
    metadata: {
      name: probePodName(spec, run),
      namespace: spec.namespace,
      labels: { ...spec.labels, ...ownLabels(run) },
      annotations: annotations(run),
    },
    node: spec.node,
    image: run.image,
    restartPolicy: "Never",
    readOnlyRootFilesystem: true,
    container: {
      command: spec.command ?? ["/bin/sh", "-c", PROBE_SCRIPT],
      env: [
        { name: "PROBE_FOLDER", value: FOLDER },
        { name: "PROBE_CONTROL", value: String(CONTROL_PORT) },
        { name: "PROBE_PORTS", value: spec.ports.join(" ") },
        { name: "PROBE_BIND", value: "0.0.0.0" },
      ],
      resources: { requests: { cpu: "1m", memory: "8Mi" }, limits: { memory: "128Mi" } },
      readinessProbe: { tcpSocket: { port: spec.kubeletPort }, periodSeconds: 1, timeoutSeconds: 2 },
    },
    spec: { activeDeadlineSeconds: run.lifetimeSeconds, readinessGates: [{ conditionType: NEVER_READY }] },
  });

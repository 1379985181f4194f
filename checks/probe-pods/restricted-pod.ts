/** What every pod that probes is, whoever makes it. Pure. */

/** Folder inside the pod that may be written to, whatever the image looks like. */
export const FOLDER = "/probe";

export interface RestrictedPod {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly node: string;
  readonly image: string;
  readonly restartPolicy: "Always" | "Never";
  /** Nothing but {@link FOLDER} can be written to. @default false */
  readonly readOnlyRootFilesystem?: boolean;
  /** What its one container has beyond that. */
  readonly container: Readonly<Record<string, unknown>>;
  /** What the pod has beyond that. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A pod on a given node that keeps to Pod Security's level "restricted", without a token, ended within a second. */
export const restrictedPod = ({
  metadata,
  node,
  image,
  restartPolicy,
  readOnlyRootFilesystem = false,
  container,
  spec = {},
}: RestrictedPod): unknown => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata,
  spec: {
    ...spec,
    // Past the scheduler: the node is what is probed; it may be cordoned, tainted or not yet marked as having a network.
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
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
          ...(readOnlyRootFilesystem ? { readOnlyRootFilesystem } : {}),
        },
        volumeMounts: [{ name: "probe", mountPath: FOLDER }],
        ...container,
      },
    ],
    volumes: [{ name: "probe", emptyDir: { sizeLimit: "1Mi" } }],
  },
});

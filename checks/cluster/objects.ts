/** The few fields of Kubernetes objects that the checks read, as they come over the wire. */

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

export interface KubeObject<Spec = unknown, Status = unknown> {
  readonly metadata: Meta;
  readonly spec?: Spec;
  readonly status?: Status;
}

/** A custom resource with conditions. */
export type Conditioned = KubeObject<unknown, { readonly conditions?: readonly Condition[] }>;

export interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly finishedAt?: string };
}

export interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  /** False until the startup probe has passed; true where there is none. */
  readonly started?: boolean;
  readonly restartCount: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

export type Pod = KubeObject<
  {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
  },
  {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  }
>;

/** A Deployment or StatefulSet. */
export type ScaledWorkload = KubeObject<
  { readonly replicas?: number },
  {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly conditions?: readonly Condition[];
  }
>;

export type Service = KubeObject<{ readonly ports?: readonly { readonly name?: string; readonly port: number }[] }>;

export interface EndpointSlice extends KubeObject {
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean };
    readonly targetRef?: { readonly kind?: string; readonly name?: string };
  }[];
}

export interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string;
  readonly involvedObject?: { readonly kind?: string; readonly name?: string };
}

/** The condition of a type, if the object has it. */
export function conditionOf(object: Conditioned | Pod | ScaledWorkload, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

/** A condition on one line: `Ready=False (Unschedulable: 0/2 nodes are available)`. */
export function showCondition(type: string, condition: Condition | undefined): string {
  if (condition === undefined) return `${type} is not set`;
  const why = [condition.reason, condition.message].filter((part) => part !== undefined && part !== "").join(": ");
  return `${type}=${condition.status}${why === "" ? "" : ` (${why.replace(/\s+/g, " ")})`}`;
}

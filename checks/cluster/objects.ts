/** The few fields of Kubernetes objects that are read, as they come over the wire. */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly resourceVersion?: string;
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

export interface ContainerPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
  readonly protocol?: string;
}

export type Pod = KubeObject<
  {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers: readonly {
      readonly name: string;
      readonly image?: string;
      readonly ports?: readonly ContainerPort[];
    }[];
  },
  {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  }
>;

export interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

export type Node = KubeObject<
  {
    readonly podCIDR?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly { readonly key: string; readonly effect: string }[];
  },
  { readonly conditions?: readonly Condition[]; readonly addresses?: readonly NodeAddress[] }
>;

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Deployment, StatefulSet, ReplicaSet, DaemonSet, Job. */
export type WorkloadObject = KubeObject<
  { readonly replicas?: number; readonly selector?: LabelSelector },
  { readonly desiredNumberScheduled?: number; readonly replicas?: number }
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
  /** `null` where the Service selects no pod. */
  readonly endpoints?:
    | readonly {
        readonly conditions?: { readonly ready?: boolean };
        readonly targetRef?: { readonly kind?: string; readonly name?: string };
      }[]
    | null;
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

/** The controller of an object, if it has one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Condition Ready of a pod or node is True. */
export const isReady = (object: Pod | Node): boolean =>
  object.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

/** The address by which the other nodes reach a node. */
export const internalAddress = (node: Node): string | undefined =>
  node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;

/** `namespace/name`. */
export const showPod = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

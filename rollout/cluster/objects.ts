/** The few fields of Kubernetes objects that the rollout reads, beyond those that the checks read. */
import type { Condition, ContainerStatus, KubeObject, Meta } from "../../checks/cluster/objects";

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface OwnedMeta extends Meta {
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly resourceVersion?: string;
}

export interface Owned<Spec = unknown, Status = unknown> extends KubeObject<Spec, Status> {
  readonly metadata: OwnedMeta;
}

export interface ContainerPort {
  readonly containerPort: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
  readonly protocol?: string;
}

export type Pod = Owned<
  {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly containers: readonly { readonly name: string; readonly ports?: readonly ContainerPort[] }[];
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

export type Node = Owned<
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
export type WorkloadObject = Owned<
  { readonly replicas?: number; readonly selector?: LabelSelector },
  { readonly desiredNumberScheduled?: number; readonly replicas?: number }
>;

/** The controller of an object, if it has one. */
export const controllerOf = (object: Owned): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Condition Ready of a pod or node is True. */
export const isReady = (object: Pod | Node): boolean =>
  object.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

/** The address by which the other nodes reach a node. */
export const internalAddress = (node: Node): string | undefined =>
  node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;

/** `namespace/name`. */
export const showPod = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

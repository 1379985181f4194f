/** To which workload a pod belongs, and how complete that workload is. */
import type { Cluster } from "../../checks/cluster/cluster";
import {
  controllerOf,
  isReady,
  type LabelSelector,
  type OwnerReference,
  type KubeObject,
  type Pod,
  type WorkloadObject,
} from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";

export interface Workload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** How many pods a workload wants and which it has. */
export interface Completeness {
  /** Undefined where nobody says: a controller of a kind that is not known here, or a Job. */
  readonly wanted: number | undefined;
  /** Ready and not being deleted. */
  readonly ready: readonly Pod[];
}

/** `Deployment namespace/name`. */
export const showWorkload = ({ kind, namespace, name }: Workload): string => `${kind} ${namespace}/${name}`;

export class Workloads {
  /** Owners of ReplicaSets never change, so they are read once. */
  private readonly owners = new Map<string, Promise<OwnerReference | undefined>>();

  constructor(private readonly cluster: Cluster) {}

  /** The workload of a pod: its controller, or the Deployment behind that; undefined for a bare pod. @throws LookError */
  async of(pod: Pod): Promise<Workload | undefined> {
    const controller = controllerOf(pod);
    if (controller === undefined) return undefined;
    const { apiVersion, kind, name, uid } = (await this.ownerOf(pod, controller)) ?? controller;
    return { apiVersion, kind, namespace: pod.metadata.namespace ?? "", name, uid };
  }

  /** Undefined when the workload is gone. @throws LookError */
  async completeness(workload: Workload): Promise<Completeness | undefined> {
    const { apiVersion, kind, namespace, name, uid } = workload;
    let object: WorkloadObject | undefined;
    if (PATHS.isKnownWorkload(apiVersion, kind)) {
      object = await this.cluster.find<WorkloadObject>(PATHS.workload(apiVersion, kind, namespace, name));
      if (object === undefined || object.metadata.uid !== uid) return undefined;
    }
    const selector = selectorText(object?.spec?.selector);
    const query = selector === "" ? {} : { labelSelector: selector };
    const pods = await this.cluster.list<Pod>(PATHS.pods(namespace), query);
    const ready: Pod[] = [];
    for (const pod of pods) {
      if (!isReady(pod) || pod.metadata.deletionTimestamp !== undefined) continue;
      if ((await this.of(pod))?.uid === uid) ready.push(pod);
    }
    return { wanted: wantedOf(kind, object), ready };
  }

  private ownerOf({ metadata }: Pod, controller: OwnerReference): Promise<OwnerReference | undefined> {
    if (controller.kind !== "ReplicaSet") return Promise.resolve(undefined);
    const known = this.owners.get(controller.uid);
    if (known !== undefined) return known;
    const path = PATHS.workload("apps/v1", "ReplicaSet", metadata.namespace ?? "", controller.name);
    const owner = this.cluster
      .find<KubeObject>(path)
      .then((found) => (found === undefined ? undefined : controllerOf(found)));
    this.owners.set(controller.uid, owner);
    owner.catch(() => this.owners.delete(controller.uid));
    return owner;
  }
}

function wantedOf(kind: string, object: WorkloadObject | undefined): number | undefined {
  switch (kind) {
    case "Deployment":
    case "ReplicaSet":
    case "StatefulSet":
      return object?.spec?.replicas ?? 1;
    case "DaemonSet":
      return object?.status?.desiredNumberScheduled;
    default:
      return undefined;
  }
}

/** A label selector as the API's query writes it. Pure. */
export function selectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    switch (operator) {
      case "In":
        return `${key} in (${values.join(",")})`;
      case "NotIn":
        return `${key} notin (${values.join(",")})`;
      case "Exists":
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`), ...expressions].join(",");
}

/** What a namespace with a runtime may hold and use, as plain objects: labels, ResourceQuota, LimitRange. Pure. */
import type { Runtime } from "../../config/runtimes";
import { labels } from "../component";

type Quota = NonNullable<Runtime["quota"]>;
type Limits = NonNullable<Runtime["limits"]>;
type PodSecurity = Runtime["podSecurity"];

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
}

/** Name of the ResourceQuota and of the LimitRange of a runtime namespace. */
export const ROOM_NAME = "seldon-runtime";

/** What the API server does about a pod beyond the level: refuse it, or tell whoever makes it and the audit log. */
const MODES = { enforced: ["enforce"], reported: ["warn", "audit"] } as const;

/** Labels of a namespace of ours: whose it is, and the Pod Security level of its new pods. */
export const namespaceLabels = (
  podSecurity: PodSecurity,
  how: keyof typeof MODES = "enforced",
): Record<string, string> => ({
  ...labels(),
  ...Object.fromEntries(MODES[how].map((mode) => [`pod-security.kubernetes.io/${mode}`, podSecurity])),
});

/** A ResourceQuota. */
export interface QuotaResource {
  readonly metadata: Metadata;
  readonly spec: { readonly hard: Readonly<Record<string, string>> };
}

/**
 * The quota of a namespace. A memory quota counts requests and limits alike, because every pod of the charts limits
 * itself to what it requests, but for rclone (128 Mi and 256 Mi). Services that a node would publish are counted too: a
 * tenant could otherwise open the scheduler, which asks nobody who he is, to the network.
 */
export function quotaResource(namespace: string, quota: Quota): QuotaResource {
  const { cpu, memory, pods, storage, volumeClaims, publishedServices } = quota;
  const hard: Record<string, string | number | undefined> = {
    "requests.cpu": cpu,
    "requests.memory": memory,
    "limits.memory": memory,
    pods,
    "requests.storage": storage,
    persistentvolumeclaims: volumeClaims,
    "services.loadbalancers": publishedServices,
    "services.nodeports": publishedServices,
  };
  const set = Object.entries(hard).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
  return {
    metadata: { name: ROOM_NAME, namespace, labels: labels() },
    spec: { hard: Object.fromEntries(set) as Record<string, string> },
  };
}

/** A LimitRange. */
export interface LimitsResource {
  readonly metadata: Metadata;
  readonly spec: {
    readonly limits: {
      readonly type: "Container";
      readonly default: { readonly memory: string };
      readonly defaultRequest: { readonly cpu: string; readonly memory: string };
      readonly max?: { readonly memory: string };
    }[];
  };
}

/**
 * The limits of a namespace's containers. No CPU limit is among them: the API server would give it to every container
 * that has none, which are all of the charts, and throttle inference.
 */
export function limitsResource(namespace: string, limits: Limits): LimitsResource {
  const { defaultMemory, defaultCpu, maxMemory } = limits;
  return {
    metadata: { name: ROOM_NAME, namespace, labels: labels() },
    spec: {
      limits: [
        {
          type: "Container",
          default: { memory: defaultMemory },
          defaultRequest: { cpu: defaultCpu, memory: defaultMemory },
          ...(maxMemory === undefined ? {} : { max: { memory: maxMemory } }),
        },
      ],
    },
  };
}

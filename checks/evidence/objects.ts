/** Kubernetes objects as the diagnosis reads them from the wire, beyond those of checks/cluster/objects.ts. */
import type { Condition, ContainerStatus, KubeObject, LabelSelector } from "../cluster/objects";

export interface WireEnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath?: string };
    readonly resourceFieldRef?: { readonly resource?: string };
    readonly configMapKeyRef?: { readonly name?: string };
    readonly secretKeyRef?: { readonly name?: string };
  };
}

export interface WireContainer {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly WireEnvVar[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name?: string };
    readonly secretRef?: { readonly name?: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number; readonly hostPort?: number }[];
  readonly resources?: { readonly requests?: Resources; readonly limits?: Resources };
  readonly startupProbe?: WireProbe;
}

type Resources = Readonly<Record<string, string>>;
interface WireProbe {
  readonly failureThreshold?: number;
  readonly periodSeconds?: number;
  readonly initialDelaySeconds?: number;
}

export interface StartedStatus extends ContainerStatus {
  /** Whether the start-up probe has passed. */
  readonly started?: boolean;
}

export type WirePod = KubeObject<
  {
    readonly nodeName?: string;
    readonly hostNetwork?: boolean;
    readonly enableServiceLinks?: boolean;
    readonly containers: readonly WireContainer[];
  },
  {
    readonly phase?: string;
    readonly podIP?: string;
    readonly startTime?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly StartedStatus[];
  }
>;

export type Service = KubeObject<{
  readonly type?: string;
  readonly clusterIP?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly name?: string; readonly port: number }[];
}>;

export interface PolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}
export interface PolicyPort {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}
export interface PolicyRule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly PolicyPort[];
}
export type NetworkPolicy = KubeObject<{
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}>;

/** A NetworkPolicy or GlobalNetworkPolicy of Calico's own. */
export type CalicoPolicy = KubeObject<{
  readonly selector?: string;
  readonly ingress?: readonly CalicoRule[];
  readonly egress?: readonly CalicoRule[];
}>;
export interface CalicoRule {
  readonly action?: string;
  readonly protocol?: string | number;
  readonly source?: object;
  readonly destination?: object;
}

export type IpPool = KubeObject<{ readonly cidr?: string; readonly disabled?: boolean }>;

interface Conditions {
  readonly conditions?: readonly Condition[];
}

export type Model = KubeObject<
  {
    readonly server?: string;
    readonly modelType?: string;
    readonly requirements?: readonly string[];
    readonly memory?: string | number;
    readonly replicas?: number;
    readonly minReplicas?: number;
    readonly explainer?: object;
  },
  Conditions & { readonly availableReplicas?: number; readonly replicas?: number }
>;

export type Server = KubeObject<
  {
    readonly serverConfig?: string;
    readonly replicas?: number;
    readonly capabilities?: readonly string[];
    readonly extraCapabilities?: readonly string[];
    readonly podSpec?: { readonly containers?: readonly WireContainer[] };
  },
  Conditions
>;

export type ServerConfig = KubeObject<{ readonly podSpec?: { readonly containers?: readonly WireContainer[] } }>;

interface KafkaSettings {
  readonly kafkaConfig?: { readonly "bootstrap.servers"?: string };
}
export type SeldonRuntime = KubeObject<
  {
    readonly seldonConfig?: string;
    readonly config?: KafkaSettings;
    readonly overrides?: readonly { readonly name: string; readonly replicas?: number; readonly disable?: boolean }[];
  },
  Conditions
>;
export type SeldonConfig = KubeObject<{ readonly config?: KafkaSettings }>;

export type Installation = KubeObject<{
  readonly calicoNetwork?: { readonly ipPools?: readonly { readonly cidr?: string }[] };
}>;

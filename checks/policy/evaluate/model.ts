/** What the evaluator of policies knows of a cluster: who is there, and what the policies say. */
import type { NetworkPolicy } from "../../evidence/objects";
import type { KubeObject } from "../../cluster/objects";

type Labels = Readonly<Record<string, string>>;

/** A pod, as far as policies care. */
export interface PodEnd {
  readonly kind: "pod";
  readonly namespace: string;
  readonly labels: Labels;
  /** Its address; absent before it has one, and then nothing can be said about address ranges. */
  readonly ip?: string;
  readonly node?: string;
  /** On its node's network: no policy is about it, and others see the node's address. */
  readonly hostNetwork?: boolean;
  readonly serviceAccount?: string;
  /** Ports by name; absent where they are not known. */
  readonly ports?: readonly NamedPort[];
}

/** An address that is no pod's: a node's, or one outside the cluster. */
export interface AddressEnd {
  readonly kind: "address";
  readonly ip: string;
  /** Name of the node that has it. */
  readonly node?: string;
}

/** One end of a connection. */
export type End = PodEnd | AddressEnd;

export interface NamedPort {
  readonly name?: string;
  readonly containerPort: number;
  /** @default TCP */
  readonly protocol?: string;
}

export type Protocol = "TCP" | "UDP" | "SCTP";

/** Rule of Calico's own kinds (3.31 and 3.32), the parts that decide about a connection between pods. */
export interface CalicoRule {
  readonly action?: string;
  readonly protocol?: string | number;
  readonly notProtocol?: string | number;
  readonly source?: CalicoEntity;
  readonly destination?: CalicoEntity;
  readonly icmp?: object;
  readonly notICMP?: object;
  readonly http?: object;
  readonly ipVersion?: number;
}

/** Whom one side of a rule means. */
export interface CalicoEntity {
  readonly nets?: readonly string[];
  readonly notNets?: readonly string[];
  readonly selector?: string;
  readonly notSelector?: string;
  readonly namespaceSelector?: string;
  /** Ports: numbers, ranges `1:9`, or names. */
  readonly ports?: readonly (number | string)[];
  readonly notPorts?: readonly (number | string)[];
  readonly services?: object;
  readonly serviceAccounts?: object;
}

export interface CalicoPolicySpec {
  readonly tier?: string;
  readonly order?: number;
  readonly selector?: string;
  readonly namespaceSelector?: string;
  readonly serviceAccountSelector?: string;
  readonly types?: readonly string[];
  readonly ingress?: readonly CalicoRule[];
  readonly egress?: readonly CalicoRule[];
  readonly doNotTrack?: boolean;
  readonly preDNAT?: boolean;
}

/** A NetworkPolicy (with a namespace) or a GlobalNetworkPolicy of Calico's. */
export type CalicoPolicy = KubeObject<CalicoPolicySpec>;
export type Tier = KubeObject<{ readonly order?: number; readonly defaultAction?: string }>;
/** A NetworkSet (with a namespace) or a GlobalNetworkSet. */
export type NetworkSet = KubeObject<{ readonly nets?: readonly string[] }>;

/** Everything that decides. Staged policies decide nothing and have no place here. */
export interface World {
  /**
   * Labels of namespaces by name. The label with the name itself is added, as the API server does. Of a namespace that is
   * missing here nothing but the name is known, and what hangs on another label is not decided.
   */
  readonly namespaces: Readonly<Record<string, Labels>>;
  readonly policies: readonly NetworkPolicy[];
  readonly calicoPolicies?: readonly CalicoPolicy[];
  readonly tiers?: readonly Tier[];
  readonly networkSets?: readonly NetworkSet[];
}

/** True, false, or not to be decided from what is known. */
export type Perhaps = boolean | undefined;

/** All must hold. */
export const all = (values: readonly Perhaps[]): Perhaps =>
  values.includes(false) ? false : values.includes(undefined) ? undefined : true;

/** One must hold. */
export const any = (values: readonly Perhaps[]): Perhaps =>
  values.includes(true) ? true : values.includes(undefined) ? undefined : false;

export const not = (value: Perhaps): Perhaps => (value === undefined ? undefined : !value);

/**
 * Everything that the rules of the diagnosis read, gathered once (gather.ts). A field that is undefined could not be
 * read, or does not exist in this cluster: a rule that needs it says nothing then. What could not be read is a gap.
 */
import type { Condition, Conditioned, EndpointSlice, Event, Node } from "../cluster/objects";
import type { HostFacts } from "../hosts/facts";
import type { Machines, Subject } from "../subject";
import type { Env } from "./env";
import type { LogLine } from "./logs";
import type {
  CalicoPolicy,
  Installation,
  IpPool,
  Model,
  NetworkPolicy,
  SeldonConfig,
  SeldonRuntime,
  Server,
  ServerConfig,
  Service,
  StartedStatus,
} from "./objects";

/** Something that could not be looked at. */
export interface Gap {
  readonly what: string;
  readonly reason: string;
  readonly fix: string;
  /** It is so by the stack's or the caller's own choice, so nothing is amiss with the look. */
  readonly chosen?: true;
}

export interface ContainerEvidence {
  readonly name: string;
  readonly image: string;
  readonly env: Env;
  readonly ports: readonly number[];
  /** requests.memory and limits.memory as written. */
  readonly memory: { readonly request?: string; readonly limit?: string };
  /** Seconds that the start-up probe gives; absent without one. */
  readonly startSeconds?: number;
  readonly status?: StartedStatus;
}

/** A pod of ours, without what no rule reads. */
export interface PodEvidence {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly ip?: string;
  readonly hostNetwork: boolean;
  readonly serviceLinks: boolean;
  readonly deleting: boolean;
  readonly phase: string;
  readonly createdAt?: string;
  readonly startedAt?: string;
  readonly conditions: readonly Condition[];
  readonly containers: readonly ContainerEvidence[];
}

/** A pod of anybody, for what is judged by address and node. */
export interface PodSummary {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node?: string;
  readonly ip?: string;
  readonly hostNetwork: boolean;
  readonly ready: boolean;
  readonly finished: boolean;
}

/**
 * What one port answered on 127.0.0.1 inside the pod. `refused`: nothing listens there. `unknown`: it could not be asked,
 * `text` says why.
 */
export interface PortEvidence {
  readonly port: number;
  readonly role: "http" | "grpc" | "rclone" | "agent";
  readonly kind: "answered" | "refused" | "silent" | "closed" | "other-protocol" | "unknown";
  /** Whether the answer was the right one: 200, or live. */
  readonly ok: boolean;
  /** Status of an HTTP answer. */
  readonly status?: number;
  readonly text: string;
  readonly milliseconds: number;
}

/** A closer look at one pod. */
export interface PodLook {
  readonly ports: readonly PortEvidence[];
  /** Kept lines of the log by container: those before the last restart, and those since. */
  readonly logs: Readonly<
    Record<string, { readonly previous: readonly LogLine[]; readonly current: readonly LogLine[] }>
  >;
}

/** An entry that sends a host port somewhere. */
export interface HostPortEntry {
  readonly network: string;
  readonly sandbox: string;
  /** `10.42.1.7:80`. */
  readonly destination: string;
}

export interface MachineEvidence {
  readonly name: string;
  readonly facts: HostFacts;
  readonly hostPorts?: readonly HostPortEntry[];
}

export interface Evidence {
  /** The moment of the look. */
  readonly at: Date;
  readonly subject: Subject;
  /** Range of all pods, as the stack declares it. */
  readonly clusterCidr?: string;
  readonly nodes?: readonly Node[];
  /** Seldon's pods, in the runtime namespaces and the operator's. */
  readonly pods?: readonly PodEvidence[];
  /** All pods of the cluster. */
  readonly allPods?: readonly PodSummary[];
  /** Warnings of our namespaces. */
  readonly events: readonly Event[];
  /** Closer looks by `namespace/pod`. */
  readonly looks: ReadonlyMap<string, PodLook>;
  readonly services?: readonly Service[];
  readonly endpoints?: readonly EndpointSlice[];
  readonly policies?: readonly NetworkPolicy[];
  readonly calicoPolicies?: readonly CalicoPolicy[];
  readonly servers?: readonly Server[];
  readonly serverConfigs?: readonly ServerConfig[];
  readonly models?: readonly Model[];
  readonly runtimes?: readonly SeldonRuntime[];
  readonly seldonConfigs?: readonly SeldonConfig[];
  readonly tigera?: readonly Conditioned[];
  readonly installation?: Installation;
  readonly pools?: readonly IpPool[];
  readonly machines?: readonly MachineEvidence[];
  /** The declared machines; absent where the stack declares none. */
  readonly declared?: Machines;
  readonly gaps: readonly Gap[];
  /** The command that repeats a look, by the words after kubectl. */
  readonly kubectl: (...words: readonly string[]) => string;
  /** The command that looks at a machine again. */
  readonly inspect: (machine: string) => string;
}

export const keyOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

import type { Component, Endpoint, Party } from "./endpoints";

/** When a row holds. A row with several conditions needs all of them. */
export const CONDITIONS = {
  pipelines: "profile `pipelines`",
  clients: "`policies.clients` is not empty",
  monitoring: "`policies.monitoringNamespace` is set",
  tracing: "`seldon.tracing` is set",
  triton: "a Server with the Triton configuration",
  componentSecrets: "Kafka over SASL_SSL, or TLS: components watch their Secrets",
  controlPlaneTls: "`seldon.tls.controlPlane`",
  certificates: "`seldon.tls.controlPlane` or `seldon.tls.dataPlane`",
  schemaRegistry: "a schema registry; this stack has no setting for it",
  hodometer: "usage reports; this stack runs no hodometer",
} as const;
export type Condition = keyof typeof CONDITIONS;

/** Ports that the configuration decides: of the object storage, of `seldon.kafka.bootstrap`, of `seldon.tracing.endpoint`. */
export type ConfiguredPorts = "storage" | "kafka" | "collector" | "schemaRegistry";

export type Protocol = "TCP" | "UDP";

/** One line of the flow table: who may talk to whom. */
export interface Flow<Id extends string = string> {
  /** Unique name, `<from>-to-<to>`. */
  readonly id: Id;
  /** Row of the upstream table (Seldon Core 2.10.2, 27 rows) that this comes from. */
  readonly row: number;
  readonly from: readonly Endpoint[];
  readonly to: Component | Party;
  /** Container ports, or the name of a configured set. */
  readonly ports: readonly number[] | ConfiguredPorts;
  /** Ports that take the place of `ports` under control-plane TLS. @default ports */
  readonly tlsPorts?: readonly number[];
  /** @default TCP only */
  readonly protocols?: readonly Protocol[];
  /** @default always */
  readonly when?: readonly Condition[];
  /** What breaks without it. Becomes part of the policy's annotation. */
  readonly why: string;
  /** Where it is seen: path in the Seldon Core repository at v2.10.2 unless it says otherwise. */
  readonly source: string;
}

import ipaddr from "ipaddr.js";
import { type Client, clientsOf } from "../../config/ingress";
import { type Kafka, kafkaOf } from "../../config/kafka";
import { storageRanges } from "../../config/policies";
import { operatorNamespace, runtimeNamespaces, runtimesOf } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { COMPONENTS } from "./endpoints";
import type { Component } from "./endpoints";
import type { Condition, ConfiguredPorts, Flow, Protocol } from "./flow";

/** Parts of a stack's configuration that decide its policies. */
export type PolicyConfig = Pick<StackConfig, "network" | "seldon" | "ingress" | "policies">;

/** Somewhere that the configuration names: pods of a namespace, address ranges, or both. */
export interface Destination {
  readonly namespace?: string;
  readonly cidrs: readonly string[];
}

/** What rendering needs to know, and nothing else. */
export interface PolicyContext {
  readonly operatorNamespace: string;
  /** Runtime namespaces. The operator's is the first of them, or none. */
  readonly namespaces: readonly string[];
  readonly conditions: ReadonlySet<Condition>;
  readonly clients: readonly Client[];
  readonly monitoringNamespace?: string;
  /** Ranges of the nodes: where the API server answers. */
  readonly nodeCidrs: readonly string[];
  /** Ranges that the way to the object storage must not open: pods, Services, nodes. */
  readonly reserved: readonly string[];
  readonly storageCidrs: readonly string[];
  /** Pods of an object storage inside the cluster. */
  readonly storageService?: { readonly namespace: string; readonly podLabels: Readonly<Record<string, string>> };
  readonly kafka: Destination;
  readonly collector: Destination;
  /** Ports of the rows whose ports are configured. */
  readonly ports: Readonly<Record<ConfiguredPorts, readonly number[]>>;
}

const NOWHERE: Destination = { cidrs: [] };

/** The host's own address as a range, when it is written as one. Names cannot be put into a policy. */
function addressRange(hostPort: string): string[] {
  const host = hostPort.slice(0, hostPort.lastIndexOf(":"));
  return ipaddr.IPv4.isValidFourPartDecimal(host) ? [`${host}/32`] : [];
}

const portOf = (hostPort: string): number => Number(hostPort.slice(hostPort.lastIndexOf(":") + 1));

function brokersOf(kafka: Kafka | undefined): Destination {
  if (kafka === undefined) return NOWHERE;
  const cidrs = kafka.cidrs.length > 0 ? kafka.cidrs : addressRange(kafka.bootstrap);
  return { ...(kafka.namespace === undefined ? {} : { namespace: kafka.namespace }), cidrs };
}

function collectorOf(tracing: StackConfig["seldon"]["tracing"]): Destination {
  if (tracing === undefined) return NOWHERE;
  const { namespace, endpoint } = tracing;
  return namespace === undefined ? { cidrs: addressRange(endpoint) } : { namespace, cidrs: [] };
}

/** The conditions that a configuration fulfils. Pure. */
export function conditionsOf(config: PolicyConfig): ReadonlySet<Condition> {
  const { seldon, policies } = config;
  const pipelines = seldon.profile === "pipelines";
  const { controlPlane, dataPlane } = seldon.tls;
  const holds: Record<Condition, boolean> = {
    pipelines,
    clients: clientsOf(config).length > 0,
    monitoring: policies.monitoringNamespace !== undefined,
    tracing: seldon.tracing !== undefined,
    triton: runtimesOf(config).some(({ servers }) => servers.some((server) => server.config === "triton")),
    componentSecrets: kafkaOf(config)?.protocol === "SASL_SSL" || controlPlane || dataPlane,
    controlPlaneTls: controlPlane,
    certificates: controlPlane || dataPlane,
    schemaRegistry: false,
    hodometer: false,
  };
  return new Set((Object.keys(holds) as Condition[]).filter((condition) => holds[condition]));
}

/** What a configuration means for the policies. Pure. */
export function policyContext(config: PolicyConfig): PolicyContext {
  const { network, seldon, policies } = config;
  const kafka = kafkaOf(config);
  return {
    operatorNamespace: operatorNamespace(config),
    namespaces: runtimeNamespaces(config),
    conditions: conditionsOf(config),
    clients: clientsOf(config),
    ...(policies.monitoringNamespace === undefined ? {} : { monitoringNamespace: policies.monitoringNamespace }),
    nodeCidrs: network.nodeCidrs,
    reserved: [network.clusterCidr, network.serviceCidr, ...network.nodeCidrs],
    storageCidrs: storageRanges(policies),
    ...(policies.storage.service === undefined ? {} : { storageService: policies.storage.service }),
    kafka: brokersOf(kafka),
    collector: collectorOf(seldon.tracing),
    ports: {
      storage: policies.storage.ports,
      kafka: kafka === undefined ? [] : [portOf(kafka.bootstrap)],
      collector: seldon.tracing === undefined ? [] : [portOf(seldon.tracing.endpoint)],
      schemaRegistry: [],
    },
  };
}

/** Every namespace of ours: the operator's, and those of the runtimes. */
export const ownNamespaces = ({ operatorNamespace, namespaces }: OurNamespaces): string[] => [
  ...new Set([operatorNamespace, ...namespaces]),
];

/** Which namespaces are ours, and which of them has the operator. */
export type OurNamespaces = Pick<PolicyContext, "operatorNamespace" | "namespaces">;

/** Components that can run in a namespace of ours: the operator in its own, all others beside a runtime. */
export const componentsIn = ({ operatorNamespace, namespaces }: OurNamespaces, namespace: string): Component[] =>
  COMPONENTS.filter((component) =>
    component === "operator" ? namespace === operatorNamespace : namespaces.includes(namespace),
  );

/** Whether a row holds. */
export function holds(flow: Flow, context: PolicyContext): boolean {
  return (flow.when ?? []).every((condition) => context.conditions.has(condition));
}

/** A row's ports, with configured ones filled in and TLS ports in place of plaintext ones. */
export function portsOf(flow: Flow, context: PolicyContext): readonly number[] {
  if (typeof flow.ports === "string") return context.ports[flow.ports];
  return context.conditions.has("controlPlaneTls") ? (flow.tlsPorts ?? flow.ports) : flow.ports;
}

/** A row's protocols. */
export const protocolsOf = (flow: Flow): readonly Protocol[] => flow.protocols ?? ["TCP"];

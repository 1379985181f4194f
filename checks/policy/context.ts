/** The configuration of the policies as the truth table wants it, made from a subject. Pure. */
import type { PolicyContext } from "../../components/network-policies/context";
import type { Subject } from "../subject";

const NOWHERE = { cidrs: [] };

/** `host:port` in two. */
export const hostAndPort = (text: string): { address: string; port: number } => {
  const at = text.lastIndexOf(":");
  return { address: text.slice(0, at), port: Number(text.slice(at + 1)) };
};

const portsOf = (hostPort: string | undefined): number[] =>
  hostPort === undefined ? [] : [hostAndPort(hostPort).port];

/** Undefined where the stack has no policies. Address ranges are left empty: the truth table does not look at them. */
export function policyContextOf({ policy, operatorNamespace, namespaces }: Subject): PolicyContext | undefined {
  if (policy === undefined) return undefined;
  return {
    operatorNamespace,
    namespaces,
    conditions: new Set(policy.conditions),
    clients: policy.clients,
    ...(policy.monitoringNamespace === undefined ? {} : { monitoringNamespace: policy.monitoringNamespace }),
    nodeCidrs: [],
    reserved: [],
    storageCidrs: [],
    kafka: NOWHERE,
    collector: NOWHERE,
    ports: {
      storage: policy.storagePorts,
      kafka: portsOf(policy.kafka),
      collector: portsOf(policy.collector),
      schemaRegistry: [],
    },
  };
}

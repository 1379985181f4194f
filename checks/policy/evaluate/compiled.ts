/** Policies of every kind in one form, and what their forms share. Pure. */
import ipaddr from "ipaddr.js";
import { NAMESPACE_LABEL } from "../../../components/network-policies/endpoints";
import { addressOf, rangeOf } from "../../../config/cidr";
import type { End, Perhaps, PodEnd, Protocol } from "./model";

export type Direction = "Ingress" | "Egress";

export interface CompiledRule {
  /** `NetworkPolicy financial-ml/allow-server egress[0]`. */
  readonly name: string;
  readonly action: "Allow" | "Deny" | "Pass";
  /** Whether it is about this pair, ports aside. */
  readonly joins: (from: End, to: End) => Perhaps;
  /** Whether it is about this port of the target. */
  readonly opens: (to: End, port: number, protocol: Protocol) => Perhaps;
}

export interface CompiledPolicy {
  /** `NetworkPolicy financial-ml/default-deny`. */
  readonly name: string;
  readonly tier: string;
  /** Infinity where the policy names none. */
  readonly order: number;
  /** Decides between equal orders. */
  readonly tieBreak: string;
  readonly selects: (pod: PodEnd) => Perhaps;
  /** Rules of the directions that the policy speaks of; an empty list isolates without opening anything. */
  readonly rules: Readonly<Partial<Record<Direction, readonly CompiledRule[]>>>;
}

type Namespaces = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Labels of a namespace, with the one that the API server puts there. */
export function namespaceLabels(namespaces: Namespaces, name: string): Readonly<Record<string, string>> {
  const labels = namespaces[name];
  return labels?.[NAMESPACE_LABEL] === name ? labels : { ...labels, [NAMESPACE_LABEL]: name };
}

/** Whether the labels that somebody asks a namespace for are known: those of its name always are. */
export const knowsLabels = (
  namespaces: Namespaces,
  name: string,
  asked: readonly string[],
  ofName: readonly string[] = [NAMESPACE_LABEL],
): boolean => namespaces[name] !== undefined || asked.every((label) => ofName.includes(label));

const isV4 = (text: string): boolean => !text.includes(":");

const ranges = new Map<string, (ip: string) => boolean>();

function compileRange(cidr: string): (ip: string) => boolean {
  if (isV4(cidr)) {
    const { first, last } = rangeOf(cidr);
    return (ip) => {
      if (!isV4(ip)) return false;
      const address = addressOf(ip);
      return address >= first && address <= last;
    };
  }
  const range = ipaddr.IPv6.parseCIDR(cidr.includes("/") ? cidr : `${cidr}/128`);
  return (ip) => !isV4(ip) && ipaddr.IPv6.parse(ip).match(range);
}

/** Whether an address lies in a range (or is the one address that is written there). */
export function inRange(cidr: string, ip: string): boolean {
  const known = ranges.get(cidr);
  if (known !== undefined) return known(ip);
  const range = compileRange(cidr);
  ranges.set(cidr, range);
  return range(ip);
}

/** Whether an end's address lies in any of the ranges; not known of a pod without an address. */
export const inAnyRange = (cidrs: readonly string[], { ip }: End): Perhaps =>
  ip === undefined ? undefined : cidrs.some((cidr) => inRange(cidr, ip));

/** Whether a pod has a port of that name. No other end has named ports. */
export function isNamedPort(name: string, to: End, port: number, protocol: Protocol): Perhaps {
  if (to.kind !== "pod") return false;
  if (to.ports === undefined) return undefined;
  return to.ports.some(
    (own) => own.name === name && own.containerPort === port && (own.protocol ?? "TCP") === protocol,
  );
}

/**
 * Who may reach the nodes' own processes: one table for the policy of host endpoints and for Felix' failsafe ports. Pure.
 *
 * A host endpoint is a node as Calico's policies see it. With one, what no policy allows is dropped, so the rules here must
 * stand first. They do so twice: the failsafe ports are part of FelixConfiguration, which comes before Felix itself, and the
 * policy comes before the endpoints. Traffic that a node only forwards, which is that of pods, NodePorts and host ports of
 * pods, is none of their business: Calico judges it where the pod is.
 */
import { declaredHosts, sshTargets } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { API_PORT } from "../k3s/settings";

/** What decides the rules. */
export type HostRuleInput = Pick<StackConfig, "network" | "calico" | "hosts">;

/** Somebody who may come in, and where. */
export interface HostRule {
  /** Why; stands in the annotations of the policy's rule. */
  readonly reason: string;
  /** Absent for all protocols, and then there are no ports. */
  readonly protocol?: "TCP" | "UDP" | "ICMP";
  readonly ports?: readonly number[];
  readonly cidrs: readonly string[];
  /**
   * Ports that stay open by Felix itself, whatever the policies say. Where the rule names fewer ports or none, these are those
   * without which a node could not be mended.
   */
  readonly failsafe?: readonly FailsafeTemplate[];
}

interface FailsafeTemplate {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
}

/** One entry of FelixConfiguration's `failsafeInboundHostPorts`. */
export interface FailsafePort extends FailsafeTemplate {
  /** Who; without it, everybody. */
  readonly net?: string;
}

const tcp = (port: number): FailsafeTemplate => ({ protocol: "tcp", port });
const udp = (port: number): FailsafeTemplate => ({ protocol: "udp", port });

const EVERYWHERE = "0.0.0.0/0";
/** Felix' default listening port for WireGuard over IPv4. */
export const WIREGUARD_PORT = 51820;
const KUBELET_PORT = 10250;

/** SSH ports of the machines; 22 where no machine is declared. */
const sshPorts = ({ hosts }: HostRuleInput): number[] =>
  hosts === undefined ? [22] : [...new Set(sshTargets({ hosts }).map(({ port }) => port))].sort((a, b) => a - b);

/** Who may come in, in the order of the policy. */
export function hostRules(input: HostRuleInput): HostRule[] {
  const { network, calico } = input;
  const { apiClients, sshClients, allow } = calico.hostEndpoints;
  const ssh = sshPorts(input);
  return [
    {
      reason: "nodes among themselves: etcd, kubelets, tunnels, Typha, health and whatever K3s adds",
      cidrs: network.nodeCidrs,
      failsafe: [
        tcp(2379),
        tcp(2380),
        tcp(5473),
        tcp(KUBELET_PORT),
        udp(4789),
        ...(calico.wireguard ? [udp(WIREGUARD_PORT)] : []),
      ],
    },
    {
      reason: "the API server and K3s' supervisor, by which machines join",
      protocol: "TCP",
      ports: [API_PORT],
      cidrs: [...new Set([...apiClients, ...network.nodeCidrs, network.clusterCidr])],
      failsafe: [tcp(API_PORT)],
    },
    { reason: "administration by SSH", protocol: "TCP", ports: ssh, cidrs: sshClients, failsafe: ssh.map(tcp) },
    {
      reason: "pods that read kubelets, Felix and Typha: metrics-server, Prometheus",
      protocol: "TCP",
      ports: [KUBELET_PORT, calico.nodeMetricsPort, calico.typhaMetricsPort],
      cidrs: [network.clusterCidr],
    },
    { reason: "path MTU discovery, and whoever asks whether a node is there", protocol: "ICMP", cidrs: [EVERYWHERE] },
    ...allow,
  ];
}

/**
 * Felix' failsafe ports: those of the rules, and the node's own DHCP lease. They replace Felix' defaults, which lack the
 * kubelet and the tunnels, and open etcd to everybody.
 */
export function failsafePorts(input: HostRuleInput): FailsafePort[] {
  const dhcp: FailsafePort = udp(68);
  const rows = hostRules(input).flatMap(({ cidrs, failsafe = [] }) =>
    failsafe.flatMap((row): FailsafePort[] =>
      cidrs.includes(EVERYWHERE) ? [row] : cidrs.map((net) => ({ ...row, net })),
    ),
  );
  return [...rows, dhcp];
}

/** Names of the machines whose host endpoints the stack declares. */
export const declaredEndpoints = (input: HostRuleInput): { readonly name: string; readonly address: string }[] =>
  declaredHosts(input).map(({ host: { name, address } }) => ({ name, address }));

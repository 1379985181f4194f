/** What a proof of one node consists of, as data. Pure. */
import { contains } from "../../config/cidr";
import type { Cni } from "../../config/schema";
import { type ClientTask, SERVER_PORT } from "./scripts";

/** A node that takes part. */
export interface ProofNode {
  readonly name: string;
  readonly cni: Cni;
  /** Ranges that this CNI gives addresses from on this node. */
  readonly ranges: readonly string[];
  /** Address by which other nodes reach it. */
  readonly address: string;
}

/** A host port that a pod of the node claims. */
export interface HostPortClaim {
  readonly pod: string;
  readonly port: number;
}

export interface Destination {
  readonly address: string;
  readonly port: number;
}

export interface ProofPlan {
  /** The node to prove. */
  readonly node: ProofNode;
  /** One node of each CNI beside it; none in a cluster of one node. */
  readonly peers: readonly ProofNode[];
  readonly image: string;
  /** Port of the node that the probe claims. */
  readonly hostPort: number;
  /** MTU that the stack declares for pods, for messages. */
  readonly podMtu?: number | undefined;
  /** Service of the API server inside the cluster. */
  readonly api: Destination;
  /** Whether the cluster has a DNS service. */
  readonly dns: boolean;
  /** Destinations outside the cluster that the pods need, as configured. */
  readonly outside: readonly Destination[];
  /** Host ports of the node's own pods. */
  readonly claims: readonly HostPortClaim[];
}

/** Port of every kubelet: something to reach at a node's own address. */
export const KUBELET_PORT = 10250;

/** The topics of a proof, which become its checks. */
export type Topic =
  "pod-to-pod" | "large-requests" | "dns" | "api-server" | "way-out" | "host-port" | "claimed-host-ports";

/** One look of one client. */
export interface Look extends ClientTask {
  readonly topic: Topic;
  /** Node that the client runs on. */
  readonly from: string;
  /** What is looked at, for people. */
  readonly target: string;
}

/** Addresses of the probe servers, by node. */
export interface ServerAddresses {
  readonly pods: ReadonlyMap<string, string>;
  /** Whether the server behind the host port runs. */
  readonly hostPort: boolean;
}

/** Everything that is looked at: from the node to itself and to each peer, from each peer to the node. */
export function looksOf(plan: ProofPlan, servers: ServerAddresses): Look[] {
  const { node, peers } = plan;
  const pairs = [[node, node], ...peers.flatMap((peer) => [[node, peer] as const, [peer, node] as const])] as const;
  const between = pairs.flatMap(([from, to]): Look[] => {
    const address = servers.pods.get(to.name);
    if (address === undefined) return [];
    const target = `${show(from)} -> ${show(to)}`;
    const look = { from: from.name, target, address, port: SERVER_PORT };
    return [
      { ...look, topic: "pod-to-pod", kind: "source" },
      { ...look, topic: "large-requests", kind: "large" },
    ];
  });
  return [...between, ...fromNode(plan), ...toHostPorts(plan, servers)];
}

const show = ({ name, cni }: ProofNode): string => `${name} (${cni})`;

/** What every pod of the node needs. */
function fromNode({ node, peers, api, dns, outside }: ProofPlan): Look[] {
  const out = [...peers.map(({ address }) => ({ address, port: KUBELET_PORT })), ...outside];
  const from = node.name;
  const arrow = (destination: string): string => `${show(node)} -> ${destination}`;
  return [
    ...(dns
      ? [
          {
            topic: "dns" as const,
            kind: "dns" as const,
            from,
            target: arrow("kubernetes.default"),
            address: "kubernetes.default",
            port: 53,
            expected: api.address,
          },
        ]
      : []),
    { topic: "api-server", kind: "tls", from, target: arrow(`${api.address}:${api.port}`), ...api },
    ...out.map((destination): Look => ({
      topic: "way-out",
      kind: "tcp",
      from,
      target: arrow(`${destination.address}:${destination.port}`),
      ...destination,
    })),
  ];
}

/** Host ports are asked for from other nodes: that is the way that users take. */
function toHostPorts({ node, peers, hostPort, claims }: ProofPlan, servers: ServerAddresses): Look[] {
  const own = peers.map((peer): Look => ({
    topic: "host-port",
    kind: "masked",
    from: peer.name,
    target: `${show(peer)} -> ${node.address}:${hostPort}`,
    address: node.address,
    port: hostPort,
  }));
  const claimed = peers.slice(0, 1).flatMap((peer) =>
    claims.map(({ pod, port }): Look => ({
      topic: "claimed-host-ports",
      kind: "tcp",
      from: peer.name,
      target: `${node.address}:${port} (${pod})`,
      address: node.address,
      port,
    })),
  );
  return [...(servers.hostPort ? own : []), ...claimed];
}

/** Whether an address is one that the CNI gives on that node. */
export const isFrom = (node: ProofNode, address: string): boolean =>
  node.ranges.some((range) => contains(range, address));

import { contains, overlaps, rangeOf, sizeOf, subnetCount } from "../cidr";
import { calicoPool, declaredCnis, declaredHosts, flannelRange, mainPoolHosts } from "../derive";
import { runtimesOf } from "../runtimes";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

/** kube-controller-manager's `clusterSubnetMaxDiff`. */
const MAX_MASK_DIFFERENCE = 16;
/** kubelet's `--max-pods` default, which K3s keeps. */
const MAX_PODS = 110;

const runsCalico = (config: StackConfig): boolean => declaredCnis(config).has("calico");
const runsFlannel = (config: StackConfig): boolean => declaredCnis(config).has("flannel");

/** Path of whatever decides the pool. */
const poolPath = ({ calico }: StackConfig): string =>
  calico.pool.cidr === undefined ? "network.clusterCidr" : "calico.pool.cidr";

/** Whether the ranges hold what is declared: podCIDRs, blocks, pods. */
export const ROOM_RULES: readonly Rule[] = [
  {
    id: "network.node-mask-too-short",
    *check({ network }) {
      const { prefix } = rangeOf(network.clusterCidr);
      if (network.nodeCidrMaskSize >= prefix) return;
      yield {
        path: "network.nodeCidrMaskSize",
        problem: `makes each node's podCIDR larger than clusterCidr ${network.clusterCidr}`,
        got: network.nodeCidrMaskSize,
        allowed: `${prefix} or more`,
        fix: "use longer podCIDRs or a larger cluster CIDR",
      };
    },
  },
  {
    id: "network.node-mask-too-long",
    *check({ network }) {
      const limit = rangeOf(network.clusterCidr).prefix + MAX_MASK_DIFFERENCE;
      if (network.nodeCidrMaskSize <= limit) return;
      yield {
        path: "network.nodeCidrMaskSize",
        problem: `is more than ${MAX_MASK_DIFFERENCE} bits longer than clusterCidr ${network.clusterCidr}: kube-controller-manager refuses to start`,
        got: network.nodeCidrMaskSize,
        allowed: `at most ${limit}`,
        fix: "use shorter podCIDRs or a smaller cluster CIDR",
      };
    },
  },
  {
    id: "network.too-few-pod-cidrs",
    *check(config) {
      const { network } = config;
      const nodes = declaredHosts(config).length;
      const room = subnetCount(network.clusterCidr, network.nodeCidrMaskSize);
      if (room === 0 || room >= nodes) return;
      yield {
        path: "network.clusterCidr",
        problem: `holds ${room} podCIDRs of /${network.nodeCidrMaskSize}, but ${nodes} nodes are declared: the others would stay NotReady`,
        got: network.clusterCidr,
        allowed: `room for at least ${nodes} podCIDRs`,
        fix: "choose a larger clusterCidr or a larger nodeCidrMaskSize when the cluster is made",
      };
    },
  },
  {
    id: "network.too-few-flannel-pod-cidrs",
    *check(config) {
      const { network } = config;
      const nodes = declaredHosts(config).length;
      const range = flannelRange(config);
      const room = subnetCount(range, network.nodeCidrMaskSize);
      if (!runsFlannel(config) || subnetCount(network.clusterCidr, network.nodeCidrMaskSize) < nodes) return;
      if (room >= Math.max(nodes, 1)) return;
      yield {
        path: "network.clusterCidr",
        problem: `has room for ${room} podCIDRs of /${network.nodeCidrMaskSize} in Flannel's half ${range}, but ${nodes} nodes are declared: the others would get podCIDRs inside Calico's pool`,
        got: network.clusterCidr,
        allowed: `room for at least ${Math.max(nodes, 1)} podCIDRs in the lower half`,
        fix: "declare fewer nodes, or make the cluster with a larger clusterCidr",
      };
    },
  },
  {
    id: "network.too-few-pods-a-node",
    *check(config) {
      const { nodeCidrMaskSize } = config.network;
      const pods = 2 ** (32 - nodeCidrMaskSize) - 3;
      if (!runsFlannel(config) || pods >= MAX_PODS) return;
      yield {
        path: "network.nodeCidrMaskSize",
        problem: `gives Flannel ${pods} pod addresses a node, but kubelet admits ${MAX_PODS} pods: the last would hang in ContainerCreating`,
        got: nodeCidrMaskSize,
        allowed: "25 or less while Flannel runs",
        fix: "use 24",
      };
    },
  },
  {
    id: "calico.pool-outside-cluster",
    *check(config) {
      const { clusterCidr } = config.network;
      const pool = calicoPool(config);
      if (!runsCalico(config) || contains(clusterCidr, pool)) return;
      yield {
        path: poolPath(config),
        problem: `is not inside clusterCidr ${clusterCidr}: kube-proxy would masquerade pods, and policies would no longer know them`,
        got: pool,
        allowed: `a range inside ${clusterCidr}`,
        fix: "remove calico.pool.cidr to take the upper half of the cluster CIDR",
      };
    },
  },
  {
    id: "calico.pool-over-flannel",
    *check(config) {
      const pool = calicoPool(config);
      const range = flannelRange(config);
      if (!runsCalico(config) || !runsFlannel(config) || !overlaps(pool, range)) return;
      yield {
        path: poolPath(config),
        problem: `overlaps ${range}, where the nodes' podCIDRs are: while both CNIs run, two pods could get one address`,
        got: pool,
        allowed: `a range inside the upper half of ${config.network.clusterCidr}`,
        fix: "remove calico.pool.cidr to take the upper half of the cluster CIDR",
      };
    },
  },
  {
    id: "calico.block-larger-than-pool",
    *check(config) {
      const { blockSize } = config.calico.pool;
      const pool = calicoPool(config);
      if (!runsCalico(config) || subnetCount(pool, blockSize) > 0) return;
      yield {
        path: "calico.pool.blockSize",
        problem: `makes blocks that are larger than the pool ${pool}`,
        got: blockSize,
        allowed: `${rangeOf(pool).prefix} to 32`,
        fix: "use 26, or a larger pool",
      };
    },
  },
  {
    id: "calico.too-few-blocks",
    *check(config) {
      const { blockSize } = config.calico.pool;
      const pool = calicoPool(config);
      const nodes = mainPoolHosts(config).length;
      const blocks = subnetCount(pool, blockSize);
      if (!runsCalico(config) || blocks === 0 || blocks >= nodes) return;
      yield {
        path: poolPath(config),
        problem: `holds ${blocks} blocks of /${blockSize} in ${pool}, but ${nodes} nodes are declared and each needs one of its own`,
        got: pool,
        allowed: `a pool with at least ${nodes} blocks`,
        fix: "enlarge the pool, or set a larger calico.pool.blockSize (smaller blocks)",
      };
    },
  },
  {
    id: "calico.pool-too-small-for-servers",
    *check(config) {
      const pool = calicoPool(config);
      const each = runtimesOf(config).map(({ namespace, servers }) => ({
        namespace,
        pods: servers.reduce((sum, server) => sum + server.replicas, 0),
      }));
      const pods = each.reduce((sum, one) => sum + one.pods, 0);
      if (!runsCalico(config) || pods <= sizeOf(pool)) return;
      const most = [...each].sort((left, right) => right.pods - left.pods)[0]!;
      yield {
        path: "seldon.servers",
        problem: `ask for ${pods} pods in ${each.length} namespaces (${most.pods} in ${most.namespace}), more than the pool ${pool} has addresses`,
        got: pods,
        allowed: `at most ${sizeOf(pool)}`,
        fix: "use fewer replicas or a larger pool",
      };
    },
  },
];

import { contains, overlaps, rangeOf, subnetCount } from "../cidr";
import { calicoPool, declaredCnis, declaredHosts, flannelRange, hasLabels, isForNodes } from "../derive";
import type { StackConfig } from "../schema";
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from "./labels";
import type { Rule } from "./rule";

/** Names that the stack gives to pools itself. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  "default-ipv4-ippool": "the main pool",
  "flannel-range": "the pool of Flannel's addresses during a change of CNI",
};

interface PlacedPool {
  readonly path: string;
  readonly pool: StackConfig["calico"]["pools"][number];
}

/** The pools per purpose with their places; none where Calico does not run. */
const placed = (config: StackConfig): PlacedPool[] =>
  declaredCnis(config).has("calico")
    ? config.calico.pools.map((pool, index) => ({ path: `calico.pools[${index}]`, pool }))
    : [];

/** Calico's pools per purpose. */
export const POOL_RULES: readonly Rule[] = [
  {
    id: "calico.pools-name",
    *check(config) {
      const seen = new Map(Object.entries(OWN_NAMES));
      for (const { path, pool } of placed(config)) {
        const owner = seen.get(pool.name);
        if (owner !== undefined) {
          yield {
            path: `${path}.name`,
            problem: `is the name of ${owner}: the operator refuses two pools of one name`,
            got: pool.name,
            allowed: "a name of its own for each pool",
            fix: "name it after its purpose",
          };
        }
        seen.set(pool.name, path);
      }
    },
  },
  {
    id: "calico.pools-outside-cluster",
    *check(config) {
      const { clusterCidr } = config.network;
      for (const { path, pool } of placed(config)) {
        if (contains(clusterCidr, pool.cidr)) continue;
        yield {
          path: `${path}.cidr`,
          problem: `is not inside clusterCidr ${clusterCidr}: kube-proxy would masquerade what its pods send to Services, and policies would no longer know them`,
          got: pool.cidr,
          allowed: `a range inside ${clusterCidr}`,
          fix: "cut it out of the cluster CIDR, and set calico.pool.cidr to what is left for the others",
        };
      }
    },
  },
  {
    id: "calico.pools-overlap",
    *check(config) {
      const others = [{ path: "calico.pool", cidr: calicoPool(config) }];
      for (const { path, pool } of placed(config)) {
        const other = others.find(({ cidr }) => overlaps(cidr, pool.cidr));
        if (other !== undefined) {
          yield {
            path: `${path}.cidr`,
            problem: `overlaps ${other.path} (${other.cidr}): Calico refuses pools that share addresses`,
            got: pool.cidr,
            allowed: `a range outside ${other.cidr}`,
            fix:
              other.path === "calico.pool"
                ? "set calico.pool.cidr to a part of the cluster CIDR that leaves room for it"
                : "choose ranges that share no address",
          };
        }
        others.push({ path, cidr: pool.cidr });
      }
    },
  },
  {
    id: "calico.pools-over-flannel",
    *check(config) {
      if (!declaredCnis(config).has("flannel")) return;
      const range = flannelRange(config);
      for (const { path, pool } of placed(config)) {
        if (!overlaps(range, pool.cidr)) continue;
        yield {
          path: `${path}.cidr`,
          problem: `overlaps ${range}, where the nodes' podCIDRs are: while both CNIs run, two pods could get one address`,
          got: pool.cidr,
          allowed: `a range inside the upper half of ${config.network.clusterCidr}`,
          fix: "cut it out of the upper half, or add it once Flannel is gone",
        };
      }
    },
  },
  {
    id: "calico.pools-block-larger",
    *check(config) {
      for (const { path, pool } of placed(config)) {
        if (subnetCount(pool.cidr, pool.blockSize) > 0) continue;
        yield {
          path: `${path}.blockSize`,
          problem: `makes blocks that are larger than the pool ${pool.cidr}`,
          got: pool.blockSize,
          allowed: `${rangeOf(pool.cidr).prefix} to 32`,
          fix: "use 26, or a larger pool",
        };
      }
    },
  },
  {
    id: "calico.pools-purpose",
    *check(config) {
      for (const { path, pool } of placed(config)) {
        if (pool.onRequest || isForNodes(pool)) continue;
        yield {
          path,
          problem:
            "serves every pod of every node, as the main pool does: which one a pod gets its address from would be chance",
          got: pool.name,
          allowed: "nodeLabels, onRequest, or both",
          fix: "set nodeLabels to the nodes that it is for, or onRequest: true for pods that name it",
        };
      }
    },
  },
  {
    id: "calico.pools-labels",
    *check(config) {
      for (const { path, pool } of placed(config)) {
        for (const [key, value] of Object.entries(pool.nodeLabels)) {
          if (isLabelKey(key) && isLabelValue(value)) continue;
          yield {
            path: `${path}.nodeLabels[${JSON.stringify(key)}]`,
            problem: "is no label that a node can have",
            got: value,
            allowed: `key: ${LABEL_KEY_FORM}; value: ${LABEL_VALUE_FORM}`,
            fix: "copy the label from the nodes (kubectl get nodes --show-labels)",
          };
        }
      }
    },
  },
  {
    id: "calico.pools-blocks",
    *check(config) {
      const hosts = declaredHosts(config);
      if (hosts.length === 0) return;
      for (const { path, pool } of placed(config)) {
        const blocks = subnetCount(pool.cidr, pool.blockSize);
        const nodes = hosts.filter(({ host }) => hasLabels(host, pool.nodeLabels)).length;
        if (blocks === 0 || !isForNodes(pool) || blocks >= nodes) continue;
        yield {
          path: `${path}.cidr`,
          problem: `holds ${blocks} blocks of /${pool.blockSize}, but ${nodes} declared machines have its labels and each needs one of its own`,
          got: pool.cidr,
          allowed: `a pool with at least ${nodes} blocks`,
          fix: "enlarge the pool, or set a larger blockSize (smaller blocks)",
        };
      }
    },
  },
  {
    id: "calico.pools-for-nobody",
    *check(config) {
      const hosts = declaredHosts(config);
      if (hosts.length === 0) return;
      for (const { path, pool } of placed(config)) {
        const selects = Object.keys(pool.nodeLabels).length > 0;
        if (!selects || hosts.some(({ host }) => hasLabels(host, pool.nodeLabels))) continue;
        yield {
          path: `${path}.nodeLabels`,
          problem: "fit no declared machine: nobody could get an address from it",
          got: Object.entries(pool.nodeLabels)
            .map(([key, value]) => `${key}=${value}`)
            .join(","),
          allowed: "labels of machines in hosts",
          fix: "label the machines in hosts, and their nodes (kubectl label node), or remove the pool",
        };
      }
    },
  },
];

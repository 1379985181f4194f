import { addressOf, contains, formatAddress, overlaps, rangeOf, sizeOf } from "../cidr";
import { declaredHosts, encapsulationOverhead, podMtu } from "../derive";
import type { StackConfig } from "../schema";
import type { Finding, Rule } from "./rule";

/** Ranges that no pod, Service or node may use (RFC 6890; documentation ranges are accepted, examples use them). */
const SPECIAL_RANGES: readonly (readonly [string, string])[] = [
  ["0.0.0.0/8", "this network"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local, with the metadata services of clouds"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
];

/** kube-apiserver refuses a Service range of more than 20 host bits. */
const LARGEST_SERVICE_PREFIX = 12;
/** 256 addresses: about what three runtimes, K3s' own Services and the reserved low end need with room to grow. */
const SMALLEST_SERVICE_PREFIX = 24;

/** As the schema has it for `network.podMtu`. */
const SMALLEST_POD_MTU = 1230;

interface NamedRange {
  readonly path: string;
  readonly cidr: string;
}

const podRange = ({ network }: StackConfig): NamedRange => ({ path: "network.clusterCidr", cidr: network.clusterCidr });

const serviceRange = ({ network }: StackConfig): NamedRange => ({
  path: "network.serviceCidr",
  cidr: network.serviceCidr,
});

const nodeRanges = ({ network }: StackConfig): NamedRange[] =>
  network.nodeCidrs.map((cidr, index) => ({ path: `network.nodeCidrs[${index}]`, cidr }));

/** A finding for each pair of ranges that share addresses. */
function* sharing(ranges: Iterable<NamedRange>, other: NamedRange, why: string): Iterable<Finding> {
  for (const { path, cidr } of ranges) {
    if (!overlaps(cidr, other.cidr)) continue;
    yield {
      path,
      problem: `overlaps ${other.path} (${other.cidr}): ${why}`,
      got: cidr,
      allowed: `a range outside ${other.cidr}`,
      fix: "choose ranges that share no address; the pod and Service ranges of a cluster that exists cannot be changed",
    };
  }
}

/** Address ranges, sizes, DNS and MTU. */
export const NETWORK_RULES: readonly Rule[] = [
  {
    id: "network.pods-overlap-services",
    check: (config) => sharing([podRange(config)], serviceRange(config), "a pod would answer for a Service's address"),
  },
  {
    id: "network.nodes-overlap-pods",
    check: (config) => sharing(nodeRanges(config), podRange(config), "traffic to nodes would be routed to pods"),
  },
  {
    id: "network.nodes-overlap-services",
    check: (config) => sharing(nodeRanges(config), serviceRange(config), "kube-proxy would catch traffic to nodes"),
  },
  {
    id: "network.special-range",
    *check(config) {
      for (const { path, cidr } of [podRange(config), serviceRange(config), ...nodeRanges(config)]) {
        const special = SPECIAL_RANGES.find(([range]) => overlaps(range, cidr));
        if (special === undefined) continue;
        yield {
          path,
          problem: `touches ${special[0]} (${special[1]})`,
          got: cidr,
          allowed: "unicast addresses, usually of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
          fix: "choose a private range",
        };
      }
    },
  },
  {
    id: "network.services-too-many",
    *check({ network }) {
      if (rangeOf(network.serviceCidr).prefix >= LARGEST_SERVICE_PREFIX) return;
      yield {
        path: "network.serviceCidr",
        problem: "is larger than kube-apiserver accepts",
        got: network.serviceCidr,
        allowed: `/${LARGEST_SERVICE_PREFIX} to /${SMALLEST_SERVICE_PREFIX}`,
        fix: "take a part of it, such as a /16",
      };
    },
  },
  {
    id: "network.services-too-few",
    *check({ network }) {
      if (rangeOf(network.serviceCidr).prefix <= SMALLEST_SERVICE_PREFIX) return;
      yield {
        path: "network.serviceCidr",
        problem: `has room for ${sizeOf(network.serviceCidr)} Services only`,
        got: network.serviceCidr,
        allowed: `/${LARGEST_SERVICE_PREFIX} to /${SMALLEST_SERVICE_PREFIX}`,
        fix: "choose a larger range: it cannot grow later",
      };
    },
  },
  {
    id: "network.dns-outside-services",
    *check({ network }) {
      if (contains(network.serviceCidr, network.clusterDns)) return;
      yield {
        path: "network.clusterDns",
        problem: "lies outside serviceCidr, so the Service of CoreDNS cannot have it",
        got: network.clusterDns,
        allowed: `an address of ${network.serviceCidr}`,
        fix: `set it to ${formatAddress(rangeOf(network.serviceCidr).first + 10)}`,
      };
    },
  },
  {
    id: "network.dns-reserved",
    *check({ network }) {
      const { first, last } = rangeOf(network.serviceCidr);
      const uses = new Map([
        [first, "the network address"],
        [first + 1, "the API server's Service"],
        [last, "the broadcast address"],
      ]);
      const use = uses.get(addressOf(network.clusterDns));
      if (use === undefined) return;
      yield {
        path: "network.clusterDns",
        problem: `is ${use} of serviceCidr`,
        got: network.clusterDns,
        allowed: `${formatAddress(first + 2)} to ${formatAddress(last - 1)}`,
        fix: `set it to ${formatAddress(first + 10)}`,
      };
    },
  },
  {
    id: "network.domain-hides-endpoint",
    *check({ cluster, network }) {
      const host = new URL(cluster.endpoint).hostname;
      if (host !== network.clusterDomain && !host.endsWith(`.${network.clusterDomain}`)) return;
      yield {
        path: "network.clusterDomain",
        problem: `contains ${host}, the host of cluster.endpoint: CoreDNS would answer for it inside the cluster, with NXDOMAIN`,
        got: network.clusterDomain,
        allowed: "a domain that nothing outside the cluster uses",
        fix: "use cluster.local, or another name for the endpoint",
      };
    },
  },
  {
    id: "network.host-outside-nodes",
    *check(config) {
      for (const { host, path } of declaredHosts(config)) {
        if (config.network.nodeCidrs.some((cidr) => contains(cidr, host.address))) continue;
        yield {
          path: `${path}.address`,
          problem: "lies outside network.nodeCidrs, so policies would cut this node off",
          got: host.address,
          allowed: `an address of ${config.network.nodeCidrs.join(", ")}`,
          fix: "correct the address, or add its range to network.nodeCidrs",
        };
      }
    },
  },
  {
    id: "network.host-reserved-address",
    *check(config) {
      for (const { host, path } of declaredHosts(config)) {
        const address = addressOf(host.address);
        const cidr = config.network.nodeCidrs.find((range) => {
          const { first, last, prefix } = rangeOf(range);
          return prefix < 31 && (address === first || address === last);
        });
        if (cidr === undefined) continue;
        yield {
          path: `${path}.address`,
          problem: `is the network or broadcast address of ${cidr}`,
          got: host.address,
          allowed: `${formatAddress(rangeOf(cidr).first + 1)} to ${formatAddress(rangeOf(cidr).last - 1)}`,
          fix: "write the machine's own address",
        };
      }
    },
  },
  {
    id: "network.mtu-without-vxlan-room",
    *check(config) {
      const { hostMtu } = config.network;
      const overhead = encapsulationOverhead(config);
      const limit = hostMtu - overhead;
      if (podMtu(config) <= limit) return;
      const header = config.calico.wireguard ? "WireGuard" : "VXLAN";
      yield {
        path: "network.podMtu",
        problem: `leaves no room for the ${overhead} bytes of ${header} in hostMtu ${hostMtu}: large packets between nodes would vanish`,
        got: podMtu(config),
        allowed: `at most ${limit}`,
        fix: `set network.podMtu to ${limit}, or remove it, or correct network.hostMtu`,
      };
    },
  },
  {
    id: "network.mtu-too-small",
    *check(config) {
      const mtu = podMtu(config);
      if (mtu >= SMALLEST_POD_MTU) return;
      yield {
        path: "network.hostMtu",
        problem: `leaves pods an MTU of ${mtu} after encapsulation`,
        got: config.network.hostMtu,
        allowed: `at least ${SMALLEST_POD_MTU + encapsulationOverhead(config)}`,
        fix: "raise the MTU between the nodes, or do without calico.wireguard",
      };
    },
  },
];

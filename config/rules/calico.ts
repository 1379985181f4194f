import { CALICO, KUBE_PROXY_OF } from "../compatibility";
import { declaredCnis, declaredHosts, hasLabels } from "../derive";
import { quantityValue } from "../quantity";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

const runsCalico = (config: StackConfig): boolean => declaredCnis(config).has("calico");

/** Options that two CNIs at once cannot have, with what each would break. */
const NOT_WHILE_LEAVING: readonly {
  readonly path: string;
  readonly is: (config: StackConfig) => string | false;
  readonly why: string;
  readonly allowed: string;
}[] = [
  {
    path: "calico.dataplane",
    is: ({ calico }) => calico.dataplane !== "iptables" && calico.dataplane,
    why: "Flannel, K3s' policy controller and the guard rule that keeps source addresses all work in iptables",
    allowed: "iptables",
  },
  {
    path: "calico.wireguard",
    is: ({ calico }) => calico.wireguard && "true",
    why: "Flannel's pods keep the larger MTU of VXLAN and are not encrypted",
    allowed: "false",
  },
  {
    path: "calico.hostEndpoints.mode",
    is: ({ calico }) => calico.hostEndpoints.mode !== "off" && calico.hostEndpoints.mode,
    why: "a node's policies would judge Flannel's tunnel and what its masquerade makes of pods",
    allowed: "off",
  },
];

/** An address that more than one machine can reach. */
const ADDRESS = /^(?!127\.)\d+\.\d+\.\d+\.\d+$/;

/** Host and port by which Calico reaches the API server without Services. */
function apiServerHost({ calico, cluster }: StackConfig): { path: string; host: string } {
  if (calico.apiServer !== undefined) return { path: "calico.apiServer", host: calico.apiServer.replace(/:\d+$/, "") };
  return { path: "cluster.endpoint", host: new URL(cluster.endpoint).hostname };
}

/**
 * Taints that kube-controllers tolerates (operator 1.40 and 1.42, `TolerateCriticalAddonsAndControlPlane`): of the control
 * plane's only the one without a value, because the toleration names none.
 */
const TOLERATED = /^(CriticalAddonsOnly[=:].*|node-role\.kubernetes\.io\/(control-plane|master)=?:NoSchedule)$/;
const tolerated = (taint: string): boolean => TOLERATED.test(taint) || taint.endsWith(":PreferNoSchedule");

const PARTS = ["node", "typha", "kubeControllers", "operator"] as const;

/** Calico's data plane, encryption, host endpoints and images. Its pools: `pools.ts`. */
export const CALICO_RULES: readonly Rule[] = [
  {
    id: "calico.not-while-leaving",
    *check(config) {
      if (config.cni.leaving === undefined) return;
      for (const { path, is, why, allowed } of NOT_WHILE_LEAVING) {
        const got = is(config);
        if (got === false) continue;
        yield {
          path,
          problem: `cannot be had while two CNIs run: ${why}`,
          got,
          allowed: `${allowed} while cni.leaving is set`,
          fix: "set it in an update of its own once the old CNI is gone",
        };
      }
    },
  },
  {
    id: "calico.dataplane-kube-proxy",
    *check(config) {
      if (!runsCalico(config) || config.cni.leaving !== undefined) return;
      const { dataplane } = config.calico;
      const wanted = KUBE_PROXY_OF[dataplane];
      if (config.k3s.kubeProxy === wanted) return;
      yield {
        path: "k3s.kubeProxy",
        problem: `does not go with calico.dataplane ${dataplane}: packets would pass two sets of rules that do not know each other's marks, or Services would be carried twice or not at all`,
        got: config.k3s.kubeProxy,
        allowed: wanted,
        fix: `set k3s.kubeProxy to ${wanted}, or choose another calico.dataplane`,
      };
    },
  },
  {
    id: "k3s.kube-proxy-flannel",
    *check(config) {
      if (config.cni.provider !== "flannel" && config.cni.leaving === undefined) return;
      if (config.k3s.kubeProxy === "iptables") return;
      yield {
        path: "k3s.kubeProxy",
        problem: "does not go with Flannel, whose masquerading and policy controller were measured with iptables only",
        got: config.k3s.kubeProxy,
        allowed: "iptables while Flannel runs",
        fix: "set it to iptables",
      };
    },
  },
  {
    id: "calico.bpf-api-server",
    *check(config) {
      if (!runsCalico(config) || config.calico.dataplane !== "bpf") return;
      const { path, host } = apiServerHost(config);
      if (ADDRESS.test(host)) return;
      yield {
        path,
        problem:
          host.includes("127.") || host === "localhost"
            ? "is a loopback address: without kube-proxy every node, and every pod of Calico, must reach the API server by it"
            : "is a name: Calico's pods resolve names by the cluster's DNS, which cannot answer before Calico carries Services",
        got: host,
        allowed: "an address that leads to the API server from nodes and pods",
        fix: "set calico.apiServer to a load balancer or virtual address of the servers, such as 192.0.2.10:6443",
      };
    },
  },
  {
    id: "calico.host-endpoints-without-hosts",
    *check({ calico, hosts }) {
      if (calico.hostEndpoints.mode !== "declared" || hosts !== undefined) return;
      yield {
        path: "calico.hostEndpoints.mode",
        problem: "makes a HostEndpoint of each declared machine, but none is declared",
        got: calico.hostEndpoints.mode,
        allowed: "automatic, or declared together with hosts",
        fix: "use automatic: Calico's controller then makes one of every node",
      };
    },
  },
  {
    id: "calico.host-endpoints-enforce-nothing",
    *check({ calico }) {
      if (calico.hostEndpoints.mode !== "off" || !calico.hostEndpoints.enforce) return;
      yield {
        path: "calico.hostEndpoints.enforce",
        problem: "asks to close what no rule allows, but there are no host endpoints",
        got: true,
        allowed: "only with calico.hostEndpoints.mode automatic or declared",
        fix: "set calico.hostEndpoints.mode first, without enforce, and look at what is denied before you enforce",
      };
    },
  },
  {
    id: "calico.digests-other-version",
    *check(config) {
      const { imageDigests, version } = config.calico;
      if (!runsCalico(config) || imageDigests === undefined || imageDigests.version === version) return;
      yield {
        path: "calico.imageDigests.version",
        problem: `is not calico.version ${version}: the operator would run old images under the new version's name`,
        got: imageDigests.version,
        allowed: version,
        fix: `write the digests of ${version}, from your registry, and change both together`,
      };
    },
  },
  {
    id: "calico.digests-images",
    *check(config) {
      const { imageDigests } = config.calico;
      if (!runsCalico(config) || imageDigests === undefined) return;
      const wanted = CALICO[imageDigests.version].images;
      const named = Object.keys(imageDigests.images);
      const missing = wanted.filter((image) => !named.includes(image));
      const unknown = named.filter((image) => !wanted.includes(image));
      if (missing.length === 0 && unknown.length === 0) return;
      yield {
        path: "calico.imageDigests.images",
        problem: [
          missing.length > 0 ? `lacks ${missing.join(", ")}: the operator stops where an ImageSet lacks an image` : "",
          unknown.length > 0
            ? `names ${unknown.join(", ")}, which Calico ${imageDigests.version} does not run here`
            : "",
        ]
          .filter((text) => text !== "")
          .join("; and "),
        got: named,
        allowed: wanted.join(", "),
        fix: "name exactly these, each with the digest that your registry has",
      };
    },
  },
  {
    id: "calico.memory-limit",
    *check({ calico }) {
      for (const part of PARTS) {
        const { memory, memoryLimit } = calico.resources[part] ?? {};
        if (memory === undefined || memoryLimit === undefined) continue;
        if (quantityValue(memoryLimit) >= quantityValue(memory)) continue;
        yield {
          path: `calico.resources.${part}.memoryLimit`,
          problem: `is less than the requested ${memory}: the API server refuses such a pod`,
          got: memoryLimit,
          allowed: `${memory} or more`,
          fix: "raise it, or request less",
        };
      }
    },
  },
  {
    id: "calico.control-plane-nowhere",
    *check(config) {
      const { nodeLabels } = config.calico.controlPlane;
      const hosts = declaredHosts(config);
      if (!runsCalico(config) || hosts.length === 0 || Object.keys(nodeLabels).length === 0) return;
      if (hosts.some(({ host }) => hasLabels(host, nodeLabels) && host.taints.every(tolerated))) return;
      const selector = Object.entries(nodeLabels).map(([key, value]) => `${key}=${value}`);
      yield {
        path: "calico.controlPlane.nodeLabels",
        problem:
          "fit no declared machine that kube-controllers may run on: it would stay Pending, and no pod of the cluster could get its address back",
        got: selector.join(","),
        allowed:
          "labels of at least one machine without taints, or tainted CriticalAddonsOnly or node-role.kubernetes.io/control-plane:NoSchedule only",
        fix: "label a machine in hosts, or remove calico.controlPlane.nodeLabels",
      };
    },
  },
  {
    id: "calico.control-plane-replicas",
    *check(config) {
      const { nodeLabels, replicas } = config.calico.controlPlane;
      const hosts = declaredHosts(config);
      const nodes = hosts.filter(({ host }) => hasLabels(host, nodeLabels)).length;
      if (!runsCalico(config) || replicas === undefined || nodes === 0 || replicas <= nodes) return;
      yield {
        path: "calico.controlPlane.replicas",
        problem: `is more than the ${nodes} declared machines that they may run on: two on one machine fall together`,
        got: replicas,
        allowed: `1 to ${nodes}`,
        fix: `set it to ${nodes}, or label more machines`,
      };
    },
  },
];

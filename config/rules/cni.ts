import { declaredCnis, declaredHosts } from "../derive";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

/** Ports that listen on every node's own network, with their owners. */
const HOST_PORTS: ReadonlyMap<number, string> = new Map([
  [2379, "etcd clients"],
  [2380, "etcd peers"],
  [2381, "etcd metrics"],
  [2382, "etcd client HTTP"],
  [5001, "the embedded registry of K3s"],
  [5473, "Typha"],
  [6443, "the API server"],
  [6444, "the K3s load balancer"],
  [9098, "Typha's health endpoint"],
  [9099, "Felix's health endpoint"],
  [10010, "containerd's streaming server"],
  [10248, "kubelet's health endpoint"],
  [10249, "kube-proxy's metrics"],
  [10250, "kubelet"],
  [10256, "kube-proxy's health endpoint"],
  [10257, "kube-controller-manager"],
  [10258, "cloud-controller-manager"],
  [10259, "kube-scheduler"],
]);

/** K3s' default `service-node-port-range`. */
const NODE_PORTS = { low: 30000, high: 32767 };

const METRICS_KEYS = ["nodeMetricsPort", "typhaMetricsPort"] as const;

const runsCalico = (config: StackConfig): boolean => declaredCnis(config).has("calico");

/** Which CNI runs, the way from one to the other, and Calico's own settings. */
export const CNI_RULES: readonly Rule[] = [
  {
    id: "cni.leaving-provider",
    *check({ cni }) {
      if (cni.leaving !== cni.provider) return;
      yield {
        path: "cni.leaving",
        problem: "names the CNI that shall run",
        got: cni.leaving,
        allowed: cni.provider === "calico" ? "flannel, or nothing" : "calico, or nothing",
        fix: "remove it when no change is under way",
      };
    },
  },
  {
    id: "cni.leaving-without-hosts",
    *check(config) {
      if (config.cni.leaving === undefined || config.hosts !== undefined) return;
      yield {
        path: "cni.leaving",
        problem: "asks for a change of CNI, but no machine is declared that could be converted",
        got: config.cni.leaving,
        allowed: "only together with hosts",
        fix: "declare every node in hosts",
      };
    },
  },
  {
    id: "cni.up-to-without-leaving",
    *check({ cni }) {
      if (cni.upTo === undefined || cni.leaving !== undefined) return;
      yield {
        path: "cni.upTo",
        problem: "limits a change of CNI, but none is under way",
        got: cni.upTo,
        allowed: "only together with cni.leaving",
        fix: "remove it, or set cni.leaving",
      };
    },
  },
  {
    id: "cni.window-up-to",
    *check({ cni }) {
      if (cni.mode !== "window" || cni.upTo === undefined) return;
      yield {
        path: "cni.upTo",
        problem: "stops among the nodes, but cni.mode window changes all of them at once",
        got: cni.upTo,
        allowed: "only together with cni.mode live",
        fix: "remove it, or use cni.mode live",
      };
    },
  },
  {
    id: "cni.up-to-beyond-nodes",
    *check(config) {
      const { upTo } = config.cni;
      const nodes = declaredHosts(config).length;
      if (upTo === undefined || config.hosts === undefined || upTo <= nodes) return;
      yield {
        path: "cni.upTo",
        problem: `is more than the ${nodes} nodes that are declared`,
        got: upTo,
        allowed: `0 to ${nodes}`,
        fix: "remove it to convert every node",
      };
    },
  },
  {
    id: "cni.leaving-cross-subnet",
    *check({ cni, calico }) {
      if (cni.leaving === undefined || calico.encapsulation === "VXLAN") return;
      yield {
        path: "calico.encapsulation",
        problem:
          "sends packets bare inside a subnet; while two CNIs run, nodes that still use Flannel have no route for them",
        got: calico.encapsulation,
        allowed: "VXLAN while cni.leaving is set",
        fix: "use VXLAN, and change it in an update of its own once the old CNI is gone",
      };
    },
  },
  {
    id: "calico.metrics-ports-equal",
    *check(config) {
      const { nodeMetricsPort, typhaMetricsPort } = config.calico;
      if (!runsCalico(config) || nodeMetricsPort !== typhaMetricsPort) return;
      yield {
        path: "calico.typhaMetricsPort",
        problem: "equals nodeMetricsPort, and both listen on the node's own network: the second would crash",
        got: typhaMetricsPort,
        allowed: `any free port but ${nodeMetricsPort}`,
        fix: "use 9091 for Felix and 9093 for Typha, the defaults",
      };
    },
  },
  {
    id: "calico.metrics-port-taken",
    *check(config) {
      if (!runsCalico(config)) return;
      for (const key of METRICS_KEYS) {
        const port = config.calico[key];
        const owner = HOST_PORTS.get(port);
        if (owner === undefined) continue;
        yield {
          path: `calico.${key}`,
          problem: `is the port of ${owner} on the node`,
          got: port,
          allowed: `a port other than ${[...HOST_PORTS.keys()].join(", ")}`,
          fix: key === "nodeMetricsPort" ? "use 9091, the default" : "use 9093, the default",
        };
      }
    },
  },
  {
    id: "calico.metrics-port-in-node-ports",
    *check(config) {
      if (!runsCalico(config)) return;
      for (const key of METRICS_KEYS) {
        const port = config.calico[key];
        if (port < NODE_PORTS.low || port > NODE_PORTS.high) continue;
        yield {
          path: `calico.${key}`,
          problem: "lies in the range of NodePorts, where a Service may take it",
          got: port,
          allowed: `a port below ${NODE_PORTS.low} or above ${NODE_PORTS.high}`,
          fix: key === "nodeMetricsPort" ? "use 9091, the default" : "use 9093, the default",
        };
      }
    },
  },
  {
    id: "calico.registry-form",
    *check(config) {
      const { registry } = config.calico;
      if (registry === undefined || /^[a-z0-9][-a-z0-9.]*(:\d+)?(\/[-a-z0-9._]+)*\/$/.test(registry)) return;
      yield {
        path: "calico.registry",
        problem: "is no image registry as the operator wants it",
        got: registry,
        allowed: "host, optional port and path, without scheme and tag, ending with /: registry.example.com/calico/",
        fix: "remove the scheme and tag, and end it with /",
      };
    },
  },
];

import ipaddr from "ipaddr.js";
import { declaredHosts } from "../derive";
import type { StackConfig } from "../schema";
import type { Rule } from "./rule";

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const DNS_NAME = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/i;
const LOOPBACK = /^(localhost|127\..*)$/;
/** Nil and max UUID: what one types to get past a check. */
const EMPTY_UID = /^(0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12})$/i;

const endpointHost = ({ cluster }: StackConfig): string => new URL(cluster.endpoint).hostname;

/** A certificate's wildcard stands for exactly one label. */
function inCertificate(name: string, san: string): boolean {
  if (san.toLowerCase() === name.toLowerCase()) return true;
  return san.startsWith("*.") && name.slice(name.indexOf(".")).toLowerCase() === san.slice(1).toLowerCase();
}

/** How the cluster is reached and known. */
export const CLUSTER_RULES: readonly Rule[] = [
  {
    id: "cluster.endpoint-not-in-certificate",
    *check(config) {
      const name = endpointHost(config);
      const servers = declaredHosts(config).filter(({ role }) => role === "server");
      // Without hosts the certificate was made by somebody else, and the gate finds out whether it fits.
      if (servers.length === 0 || LOOPBACK.test(name)) return;
      const names = [...config.cluster.tlsSans, ...servers.flatMap(({ host }) => [host.name, host.address])];
      if (names.some((san) => inCertificate(name, san))) return;
      yield {
        path: "cluster.endpoint",
        problem: `names ${name}, which the API server's certificate would not contain`,
        got: config.cluster.endpoint,
        allowed: names.join(", "),
        fix: `add ${name} to cluster.tlsSans`,
      };
    },
  },
  {
    id: "cluster.endpoint-is-agent",
    *check(config) {
      const name = endpointHost(config);
      const agent = declaredHosts(config).find(
        ({ host, role }) => role === "agent" && (host.address === name || host.name === name),
      );
      if (agent === undefined) return;
      yield {
        path: "cluster.endpoint",
        problem: `is ${agent.path}, an agent: no API server listens there`,
        got: config.cluster.endpoint,
        allowed: "a server, or a load balancer before the servers",
        fix: "name a server",
      };
    },
  },
  {
    id: "cluster.endpoint-loopback",
    *check(config) {
      if (declaredHosts(config).length === 0 || !LOOPBACK.test(endpointHost(config))) return;
      yield {
        path: "cluster.endpoint",
        problem: "is this machine itself, while the servers are elsewhere",
        got: config.cluster.endpoint,
        allowed: "an address by which agents and clients reach the servers",
        fix: "name a server's address; K3s writes 127.0.0.1 into its own kubeconfig, do not copy it from there",
      };
    },
  },
  {
    id: "cluster.tls-san",
    *check({ cluster }) {
      for (const [index, san] of cluster.tlsSans.entries()) {
        if (IPV4.test(san) ? ipaddr.IPv4.isValidFourPartDecimal(san) : DNS_NAME.test(san)) continue;
        yield {
          path: `cluster.tlsSans[${index}]`,
          problem: "is neither a DNS name nor an IPv4 address",
          got: san,
          allowed: "names and addresses without scheme and port, such as k3s.example.com",
          fix: "remove scheme, port and path",
        };
      }
    },
  },
  {
    id: "cluster.kubeconfig-expansion",
    *check({ cluster }) {
      if (!/^~|[$%]/.test(cluster.kubeconfigFile)) return;
      yield {
        path: "cluster.kubeconfigFile",
        problem:
          "relies on a home folder or a variable, which nothing expands: the same stack must mean the same file everywhere",
        got: cluster.kubeconfigFile,
        allowed: "a path relative to the project folder, or an absolute one",
        fix: "write the path out, or put the file beside Pulumi.yaml as kubeconfig-<stack>.yaml (git-ignored)",
      };
    },
  },
  {
    id: "cluster.uid-missing",
    *check({ cluster, hosts }) {
      if (cluster.uid !== undefined || hosts !== undefined) return;
      yield {
        path: "cluster.uid",
        problem: "is missing: nothing would tell this cluster from another one",
        got: cluster.uid,
        allowed:
          "the UID of the namespace kube-system; left out only where hosts are declared and the cluster is still to be made",
        fix: "kubectl get namespace kube-system -o jsonpath={.metadata.uid}",
      };
    },
  },
  {
    id: "cluster.uid-empty",
    *check({ cluster }) {
      if (cluster.uid === undefined || !EMPTY_UID.test(cluster.uid)) return;
      yield {
        path: "cluster.uid",
        problem: "is a placeholder that no cluster has",
        got: cluster.uid,
        allowed: "the UID of the namespace kube-system",
        fix: "kubectl get namespace kube-system -o jsonpath={.metadata.uid}",
      };
    },
  },
  {
    id: "cluster.uid-case",
    *check({ cluster }) {
      if (cluster.uid === undefined || cluster.uid === cluster.uid.toLowerCase() || EMPTY_UID.test(cluster.uid)) return;
      yield {
        path: "cluster.uid",
        problem: "has capital letters; Kubernetes writes UIDs in lower case and the comparison is exact",
        got: cluster.uid,
        allowed: "the UID as Kubernetes prints it",
        fix: `write ${cluster.uid.toLowerCase()}`,
      };
    },
  },
  {
    id: "charts.folder-absolute",
    *check({ charts }) {
      if (!/^([/\\~]|[A-Za-z]:)/.test(charts.folder)) return;
      yield {
        path: "charts.folder",
        problem: "is absolute; it becomes part of every release's state and would differ from machine to machine",
        got: charts.folder,
        allowed: "a path relative to the project folder",
        fix: "use charts, which npm run charts fills",
      };
    },
  },
];

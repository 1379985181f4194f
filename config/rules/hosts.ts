import { type DeclaredHost, declaredHosts } from "../derive";
import type { StackConfig } from "../schema";
import type { Finding, Rule } from "./rule";
import { isLabelKey, isLabelValue, LABEL_KEY_FORM, LABEL_VALUE_FORM } from "./labels";

const TAINT_EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** Labels of the kubernetes.io and k8s.io domains that kubelet may set on its own node (pkg/kubelet/apis, 1.32-1.36). */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);
const KUBELET_DOMAINS = ["kubelet.kubernetes.io", "node.kubernetes.io"];

/** Labels whose value kubelet finds out itself. */
const MANAGED_LABELS: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);

const CONTROL_PLANE_LABELS: ReadonlySet<string> = new Set([
  "node-role.kubernetes.io/control-plane",
  "node-role.kubernetes.io/master",
  "node-role.kubernetes.io/etcd",
]);

const inDomain = (prefix: string, domain: string): boolean => prefix === domain || prefix.endsWith(`.${domain}`);

/** Whether kubelet refuses to start with this label. */
function refusedByKubelet(key: string): boolean {
  const prefix = key.includes("/") ? (key.split("/")[0] ?? "") : "";
  if (!inDomain(prefix, "kubernetes.io") && !inDomain(prefix, "k8s.io")) return false;
  return !KUBELET_LABELS.has(key) && !KUBELET_DOMAINS.some((domain) => inDomain(prefix, domain));
}

interface HostLabel extends DeclaredHost {
  readonly at: string;
  readonly key: string;
  readonly value: string;
}

const labelsOf = (config: StackConfig): HostLabel[] =>
  declaredHosts(config).flatMap((declared) =>
    Object.entries(declared.host.labels).map(([key, value]) => ({
      ...declared,
      at: `${declared.path}.labels[${JSON.stringify(key)}]`,
      key,
      value,
    })),
  );

/** A finding for every host that repeats what an earlier one has. */
function* repeated(config: StackConfig, key: "name" | "address", why: string): Iterable<Finding> {
  const seen = new Map<string, string>();
  for (const { host, path } of declaredHosts(config)) {
    const first = seen.get(host[key]);
    if (first === undefined) {
      seen.set(host[key], path);
      continue;
    }
    yield {
      path: `${path}.${key}`,
      problem: `is also that of ${first}: ${why}`,
      got: host[key],
      allowed: `one ${key} a machine`,
      fix: `give this machine its own ${key}, or remove the entry`,
    };
  }
}

const servers = (config: StackConfig): number => config.hosts?.servers.length ?? 0;

/** The machines: identity, number, labels and taints. */
export const HOST_RULES: readonly Rule[] = [
  {
    id: "hosts.name-repeated",
    check: (config) => repeated(config, "name", "K3s refuses the second node of a name"),
  },
  {
    id: "hosts.address-repeated",
    check: (config) => repeated(config, "address", "one machine cannot be two nodes"),
  },
  {
    id: "hosts.name-too-long",
    *check(config) {
      for (const { host, path } of declaredHosts(config).filter((each) => each.host.name.length > 63)) {
        yield {
          path: `${path}.name`,
          problem: "is too long for the label kubernetes.io/hostname",
          got: host.name,
          allowed: "at most 63 characters",
          fix: "shorten it, or drop the domain",
        };
      }
    },
  },
  {
    id: "hosts.etcd-even",
    *check(config) {
      const count = servers(config);
      if (config.k3s.datastore !== "etcd" || count === 0 || count % 2 === 1) return;
      yield {
        path: "hosts.servers",
        problem: `are ${count}: an even number of etcd members survives no more failures than one member less`,
        got: count,
        allowed: "1, 3, 5 or 7 servers",
        fix: "add or remove one server",
      };
    },
  },
  {
    id: "hosts.etcd-too-many",
    *check(config) {
      const count = servers(config);
      if (config.k3s.datastore !== "etcd" || count <= 7) return;
      yield {
        path: "hosts.servers",
        problem: `are ${count}: every write waits for a majority of them`,
        got: count,
        allowed: "at most 7 servers (etcd's own advice)",
        fix: "make the others agents",
      };
    },
  },
  {
    id: "hosts.sqlite-servers",
    *check(config) {
      const count = servers(config);
      if (config.k3s.datastore !== "sqlite" || count <= 1) return;
      yield {
        path: "k3s.datastore",
        problem: `is a file on one machine, but ${count} servers are declared`,
        got: config.k3s.datastore,
        allowed: "sqlite with one server, etcd with 1, 3, 5 or 7",
        fix: "use etcd, or one server",
      };
    },
  },
  {
    id: "hosts.taint-form",
    *check(config) {
      for (const { host, path } of declaredHosts(config)) {
        for (const [index, taint] of host.taints.entries()) {
          const match = /^([^=:]+)(?:=([^=:]*))?:([^=:]+)$/.exec(taint);
          const [, key = "", value = "", effect = ""] = match ?? [];
          if (isLabelKey(key) && isLabelValue(value) && TAINT_EFFECTS.includes(effect)) continue;
          yield {
            path: `${path}.taints[${index}]`,
            problem: "is no taint",
            got: taint,
            allowed: `key=value:Effect with the effect ${TAINT_EFFECTS.join(", ")}`,
            fix: "write it like dedicated=inference:NoSchedule",
          };
        }
      }
    },
  },
  {
    id: "hosts.label-form",
    *check(config) {
      for (const { at, key, value } of labelsOf(config)) {
        if (isLabelKey(key) && isLabelValue(value)) continue;
        yield {
          path: at,
          problem: isLabelKey(key) ? "has a malformed value" : "has a malformed key",
          got: isLabelKey(key) ? value : key,
          allowed: isLabelKey(key) ? LABEL_VALUE_FORM : LABEL_KEY_FORM,
          fix: "rename it",
        };
      }
    },
  },
  {
    id: "hosts.agent-with-control-plane-label",
    *check(config) {
      for (const { at, role, value } of labelsOf(config).filter((label) => CONTROL_PLANE_LABELS.has(label.key))) {
        yield {
          path: at,
          problem:
            role === "agent"
              ? "calls an agent a control-plane node: whatever counts or converts servers would take it for one"
              : "is set by K3s itself on servers, and kubelet refuses it",
          got: value,
          allowed: "labels outside node-role.kubernetes.io",
          fix: role === "agent" ? "remove it, or declare the machine under hosts.servers" : "remove it",
        };
      }
    },
  },
  {
    id: "hosts.label-refused",
    *check(config) {
      for (const { at, key } of labelsOf(config)) {
        if (MANAGED_LABELS.has(key) || CONTROL_PLANE_LABELS.has(key) || !refusedByKubelet(key)) continue;
        yield {
          path: at,
          problem: "is in a domain that kubelet may not use: K3s would not start on this node",
          got: key,
          allowed: `own domains, ${KUBELET_DOMAINS.join("/*, ")}/*, ${[...KUBELET_LABELS].join(", ")}`,
          fix: "use a domain of your own, or label the node through the API (kubectl label node)",
        };
      }
    },
  },
  {
    id: "hosts.label-managed",
    *check(config) {
      for (const { at, value } of labelsOf(config).filter((label) => MANAGED_LABELS.has(label.key))) {
        yield {
          path: at,
          problem: "is what kubelet finds out itself",
          got: value,
          allowed: "labels that kubelet does not manage",
          fix: "remove it",
        };
      }
    },
  },
  {
    id: "hosts.nowhere-to-run",
    *check(config) {
      const hosts = declaredHosts(config);
      const repels = (taint: string): boolean => /:(NoSchedule|NoExecute)$/.test(taint);
      if (hosts.length === 0 || hosts.some(({ host }) => !host.taints.some(repels))) return;
      yield {
        path: "hosts",
        problem:
          "are all tainted with NoSchedule or NoExecute, which no Seldon pod tolerates: nothing could be scheduled",
        got: hosts.length,
        allowed: "at least one node without such a taint",
        fix: "take the taint from the nodes that shall run models",
      };
    },
  },
];

import type { RuleCase } from "./case";

const one = (when: string, rule: string, at: string, value: unknown, ...says: string[]): RuleCase => ({
  when,
  rule: `schema.${rule}`,
  set: { [at]: value },
  at,
  says,
});

/** Values that are wrong by themselves. */
export const VALUE_CASES: readonly RuleCase[] = [
  one("the cluster has no name", "missing", "cluster.name", undefined, "is missing"),
  one("the UID is a name", "form", "cluster.uid", "kube-system", "kube-system"),
  one("the endpoint has no scheme", "form", "cluster.endpoint", "192.0.2.11:6443", "192.0.2.11:6443"),
  one("a section is misspelt", "unknown-key", "polices", {}, 'Did you mean "policies"?'),
  one("a key is misspelt", "unknown-key", "policies.enable", true, 'Did you mean "enabled"?'),
  one("the CNI is misspelt", "choice", "cni.provider", "calco", 'Did you mean "calico"?'),
  one("the CNI is one that is not supported", "choice", "cni.provider", "cilium", "calico, flannel"),
  one("the encapsulation is none", "choice", "calico.encapsulation", "IPIP", "VXLAN"),
  one("a number is in quotes", "type", "network.hostMtu", "1500", "without quotes"),
  one("a switch is a word", "type", "policies.enforce", "yes", "true or false"),
  one("a list is one item", "type", "cluster.tlsSans", "k3s.example.com", "a list"),
  one("the pod network is an address", "form", "network.clusterCidr", "10.42.0.1", "10.42.0.1"),
  one("the pod network has host bits", "form", "network.clusterCidr", "10.42.1.0/16", "10.42.0.0/16"),
  one("the time-out is too short", "bounds", "validation.timeoutSeconds", 1, "at least 10"),
  one("the time-out is too long", "bounds", "validation.timeoutSeconds", 100_000, "3600"),
  one("a storage port is none", "bounds", "policies.storage.ports", [70_000], "65535"),
  one("Seldon's version is none", "choice", "seldon.version", "2.11.0", "2.10.2"),
  one("the profile is none", "choice", "seldon.profile", "everything", "pipelines"),
  one("no server of models is left", "bounds", "seldon.servers", [], "at least 1"),
  one("the namespace has capitals", "form", "seldon.namespace", "Financial", "Financial"),
];

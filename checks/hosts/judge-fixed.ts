/** Values that a cluster or a node keeps from its creation: they are read and compared, and never written. */
import { serverSettings } from "../../components/k3s/settings";
import type { Machines } from "../subject";
import type { Findings } from "./judgement";
import type { Found } from "./take-over";

/** Settings of a server that hold for the cluster's life, by the configuration key that declares each. */
const FIXED: Readonly<Record<string, string>> = {
  "cluster-cidr": "network.clusterCidr",
  "cluster-dns": "network.clusterDns",
  "cluster-domain": "network.clusterDomain",
  "secrets-encryption": "k3s.secretsEncryption",
  "service-cidr": "network.serviceCidr",
};

/** Kubernetes' own, where nobody says anything. */
const DEFAULT_MASK_SIZE = "24";

export function judgeFixed(found: Found, machines: Machines, findings: Findings): void {
  judgeNodeName(found, findings);
  const { declared, facts, settings } = found;
  if (declared.role !== "server" || facts.role !== "server") return;
  const wanted = serverSettings(declared.host, { ...machines, hasToken: false });
  const by = (key: string): string => settings.source(key) ?? "K3s' default";
  const differs = (name: string, is: string, declaredAs: string, key: string, source: string): void =>
    findings.contradict(
      `${name} is ${is} (${source}); declared is ${declaredAs}: fixed when the cluster was made`,
      `set ${key} to ${is}`,
    );
  for (const [name, key] of Object.entries(FIXED)) {
    const is = settings.text(name) ?? "not set";
    const declaredAs = String(wanted[name]);
    if (is !== declaredAs) differs(name, is, declaredAs, key, by(name));
  }
  const argument = "kube-controller-manager-arg";
  const mask =
    settings.argument(argument, "node-cidr-mask-size") ??
    settings.argument(argument, "node-cidr-mask-size-ipv4") ??
    DEFAULT_MASK_SIZE;
  const declaredMask = String(machines.network.nodeCidrMaskSize);
  if (mask !== declaredMask) {
    differs("node-cidr-mask-size", mask, declaredMask, "network.nodeCidrMaskSize", by(argument));
  }
  if (facts.datastore === "external") {
    findings.contradict(
      `its datastore is a server outside of the cluster (datastore-endpoint); allowed: ${machines.k3s.datastore}`,
      "such clusters are not managed by this stack: its copy before a change covers SQLite and embedded etcd only",
    );
  } else if (facts.datastore !== "none" && facts.datastore !== machines.k3s.datastore) {
    differs(
      "the datastore",
      facts.datastore,
      machines.k3s.datastore,
      "k3s.datastore",
      "/var/lib/rancher/k3s/server/db",
    );
  }
}

/** A node is known by its name for ever; K3s takes the host's where nobody gives one. */
function judgeNodeName({ declared, facts, settings }: Found, findings: Findings): void {
  const name = settings.text("node-name") ?? facts.hostname.toLowerCase();
  if (settings.text("with-node-id") === "true") {
    findings.contradict(
      "with-node-id appends a random part to the node's name, so nobody can declare it",
      `take with-node-id out of ${settings.source("with-node-id")} and have the node join again under its own name`,
    );
  } else if (name !== declared.host.name) {
    findings.contradict(
      `its node is called ${name} (${settings.source("node-name") ?? "its host name"}); declared is ${declared.host.name}: fixed when the node registered`,
      `set ${declared.path}.name to ${name}`,
    );
  }
}

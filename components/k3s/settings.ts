/**
 * K3s settings of one machine, as its configuration files hold them. Pure.
 *
 * Left out on purpose: `flannel-backend` and `disable-network-policy` (drop-ins of their own, see `node-network/`: the
 * switch of the CNI rewrites those and nothing else), and the token (a file of its own).
 */
import { hasS3Retention } from "../../config/compatibility";
import type { Host, StackConfig } from "../../config/schema";
import { hardeningSettings } from "./hardening";
import { S3_SECRET } from "./snapshot-secret";

/** Value of one K3s setting. A list stands for a flag that may be given several times. */
export type Setting = string | number | boolean | readonly string[];
export type Settings = Readonly<Record<string, Setting>>;

/** Main configuration file; `config.yaml.d/*.yaml` beside it is merged over it in alphabetical order. */
export const CONFIG_FILE = "/etc/rancher/k3s/config.yaml";
/** Holds the cluster's token and nothing else. */
export const TOKEN_FILE = "/etc/rancher/k3s/token";
/** Port of the API server and of K3s' supervisor, by which machines join. */
export const API_PORT = 6443;

/** What settings are made from. */
export interface SettingsInput {
  readonly cluster: StackConfig["cluster"];
  readonly k3s: StackConfig["k3s"];
  readonly network: StackConfig["network"];
  readonly hosts: NonNullable<StackConfig["hosts"]>;
  /** Whether the machines get a token file. Without one the first server makes the token. */
  readonly hasToken: boolean;
}

const joinUrl = (first: Host): string => `https://${first.address}:${API_PORT}`;

/** Names beside the machines' own addresses in the API server's certificate: the endpoint's host comes first to mind. */
export function tlsSans(cluster: SettingsInput["cluster"]): string[] {
  return [...new Set([new URL(cluster.endpoint).hostname, ...cluster.tlsSans])].sort();
}

/** What servers and agents both have. Labels and taints take effect when the node registers, and never again. */
function nodeSettings(host: Host, { hasToken, k3s }: SettingsInput): Settings {
  const labels = Object.entries(host.labels).map(([key, value]) => `${key}=${value}`);
  return {
    // Every node has a kube-proxy of its own inside K3s, so agents are told too; iptables is its default.
    ...(k3s.kubeProxy === "nftables" ? { "kube-proxy-arg": ["proxy-mode=nftables"] } : {}),
    "node-ip": host.address,
    "node-name": host.name,
    ...(labels.length > 0 ? { "node-label": labels.sort() } : {}),
    ...(host.taints.length > 0 ? { "node-taint": [...host.taints].sort() } : {}),
    ...(hasToken ? { "token-file": TOKEN_FILE } : {}),
  };
}

/** The datastore's settings. SQLite belongs to a cluster of one server and has neither members nor snapshots. */
function datastoreSettings(host: Host, { k3s, hosts }: SettingsInput): Settings {
  if (k3s.datastore === "sqlite") return {};
  const [first] = hosts.servers;
  const membership: Settings =
    first === undefined || first.name === host.name ? { "cluster-init": true } : { server: joinUrl(first) };
  return {
    ...membership,
    "etcd-snapshot-compress": k3s.etcdSnapshots.compress,
    "etcd-snapshot-retention": k3s.etcdSnapshots.retention,
    "etcd-snapshot-schedule-cron": k3s.etcdSnapshots.schedule,
    ...bucketSettings(k3s),
  };
}

/**
 * Only the name of a Secret: K3s reads the rest from it at each snapshot, so that no credentials lie on a machine and new
 * ones need no restart. Any other setting of S3 but the retention would make K3s ignore the Secret.
 */
function bucketSettings({ etcdSnapshots, version }: StackConfig["k3s"]): Settings {
  const { s3, retention } = etcdSnapshots;
  if (s3 === undefined) return {};
  return {
    "etcd-s3": true,
    "etcd-s3-config-secret": S3_SECRET,
    ...(hasS3Retention(version) ? { "etcd-s3-retention": s3.retention ?? retention } : {}),
  };
}

/** Settings of two origins: a list that both have holds the values of both. */
function joined(own: Settings, more: Settings): Settings {
  const lists = Object.entries(own).flatMap(([key, value]) => {
    const other = more[key];
    return typeof value === "object" && typeof other === "object" ? [[key, [...value, ...other]] as const] : [];
  });
  return { ...own, ...more, ...Object.fromEntries(lists) };
}

/** Settings of a server. */
export function serverSettings(host: Host, input: SettingsInput): Settings {
  const { cluster, k3s, network } = input;
  const own: Settings = {
    ...nodeSettings(host, input),
    ...datastoreSettings(host, input),
    "cluster-cidr": network.clusterCidr,
    "cluster-dns": network.clusterDns,
    "cluster-domain": network.clusterDomain,
    ...(k3s.disable.length > 0 ? { disable: [...k3s.disable].sort() } : {}),
    // Agents learn it from their server.
    ...(k3s.kubeProxy === "disabled" ? { "disable-kube-proxy": true } : {}),
    "egress-selector-mode": k3s.egressSelectorMode,
    // K3s has no flag of its own for the size of a node's podCIDR.
    "kube-controller-manager-arg": [`node-cidr-mask-size=${network.nodeCidrMaskSize}`],
    "secrets-encryption": k3s.secretsEncryption,
    "service-cidr": network.serviceCidr,
    "tls-san": tlsSans(cluster),
    // The admin's kubeconfig stays readable by root only.
    "write-kubeconfig-mode": "0600",
  };
  return joined(own, hardeningSettings("server", k3s));
}

/**
 * Settings of an agent: its node, and the server to join. Every other setting is a server's, and K3s stops or leaves
 * the node NotReady when an agent's file holds one (k3s-io/k3s#12942).
 */
export function agentSettings(host: Host, input: SettingsInput): Settings {
  const [first] = input.hosts.servers;
  return {
    ...nodeSettings(host, input),
    ...(first === undefined ? {} : { server: joinUrl(first) }),
    ...hardeningSettings("agent", input.k3s),
  };
}

const scalar = (value: string | number | boolean): string => JSON.stringify(value);

/**
 * A K3s configuration file: sorted keys, every string in double quotes, because K3s reads YAML 1.1, where a node named
 * `on` would be a boolean and `0600` a number.
 */
export function renderSettings(settings: Settings): string {
  const lines = Object.entries(settings)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .flatMap(([key, value]) =>
      typeof value === "object"
        ? [`${key}:`, ...value.map((item) => `  - ${scalar(item)}`)]
        : [`${key}: ${scalar(value)}`],
    );
  return ["# Written by seldon-k3s from the stack's configuration.", ...lines, ""].join("\n");
}

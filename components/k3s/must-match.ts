/**
 * Settings that must have one value on all servers. K3s compares most of them when a server joins and stops with
 * "critical configuration value mismatch"; a member that restarts is not compared, so a difference can hide for months.
 * Here it is found before anything is written: in the rendered files, whatever made them differ.
 *
 * Source: docs.k3s.io `cli/server` "Critical Configuration Values" and `pkg/daemons/config/types.go` CriticalControlArgs
 * (K3s 1.33).
 */
import { load } from "js-yaml";
import type { HostFile, HostFiles } from "./hosts";
import { CONFIG_FILE } from "./settings";

/** What differs between servers, on purpose, while some nodes have the new CNI and others still the old one. */
export const MAY_DIFFER_WHILE_MIXED: readonly string[] = ["flannel-backend"];

/** Settings compared as they are. */
const WHOLE: readonly string[] = [
  "agent-token",
  "cluster-cidr",
  "cluster-dns",
  "cluster-domain",
  "disable-cloud-controller",
  "disable-helm-controller",
  "disable-network-policy",
  "egress-selector-mode",
  "embedded-registry",
  "flannel-backend",
  "flannel-external-ip",
  "flannel-ipv6-masq",
  "secrets-encryption",
  "secrets-encryption-provider",
  "service-cidr",
  // Not compared by K3s: servers and agents would carry Services in different ways.
  "disable-kube-proxy",
  "kube-proxy-arg",
  // Not compared by K3s. The controller manager of one server leads at a time; podCIDRs must not change with it.
  "kube-controller-manager-arg",
];

/** Of a setting's value, what must match: of the disabled components only ServiceLB. */
type Projection = (value: unknown) => unknown;
const PROJECTED: Readonly<Record<string, Projection>> = {
  disable: (value) => (Array.isArray(value) && value.includes("servicelb") ? ["servicelb"] : undefined),
};

/** Every compared setting. */
export const MUST_MATCH: readonly string[] = [...WHOLE, ...Object.keys(PROJECTED)].sort();

/** A server's settings as K3s merges them: `config.yaml`, then `config.yaml.d/*.yaml` in alphabetical order. */
export function effectiveSettings(files: readonly HostFile[]): Record<string, unknown> {
  const dropIns = files.filter(({ path }) => path.startsWith(`${CONFIG_FILE}.d/`) && path.endsWith(".yaml"));
  dropIns.sort((left, right) => (left.path < right.path ? -1 : 1));
  const main = files.filter(({ path }) => path === CONFIG_FILE);
  return Object.assign({}, ...[...main, ...dropIns].map(({ content }) => load(content))) as Record<string, unknown>;
}

/** One setting that differs: which servers have which value. */
export interface Mismatch {
  readonly key: string;
  /** Servers by the value that they have, as JSON; `(not set)` where the setting is absent. */
  readonly servers: Readonly<Record<string, readonly string[]>>;
}

/**
 * Settings that must match and do not.
 *
 * @param files rendered files of every machine, drop-ins included.
 * @param servers names of the servers; agents have none of these settings and are not looked at.
 * @param except settings that may differ at present.
 */
export function findMismatches(
  files: HostFiles,
  servers: readonly string[],
  except: readonly string[] = [],
): readonly Mismatch[] {
  const effective = servers.map((name) => ({ name, settings: effectiveSettings(files[name] ?? []) }));
  return MUST_MATCH.filter((key) => !except.includes(key)).flatMap((key) => {
    const project = PROJECTED[key] ?? ((value: unknown) => value);
    const byValue: Record<string, string[]> = {};
    for (const { name, settings } of effective) {
      const value = project(settings[key]);
      (byValue[value === undefined ? "(not set)" : JSON.stringify(value)] ??= []).push(name);
    }
    return Object.keys(byValue).length > 1 ? [{ key, servers: byValue }] : [];
  });
}

/** What a mismatch says: the setting, each value with its servers, and what to do. */
export function describeMismatches(mismatches: readonly Mismatch[]): string {
  const lines = mismatches.map(({ key, servers }) => {
    const values = Object.entries(servers).map(([value, names]) => `${value} on ${names.join(", ")}`);
    return `  ${key}: ${values.join("; ")}`;
  });
  return [
    "K3s settings differ between servers; K3s allows one value for all servers of a cluster:",
    ...lines,
    "Give every server the same value. K3s refuses a server that joins with another one.",
  ].join("\n");
}

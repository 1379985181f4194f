/** Which files each machine gets. Pure: nothing is contacted and nothing is written. */
import { hardeningFiles } from "./hardening";
import { agentSettings, CONFIG_FILE, renderSettings, serverSettings, type SettingsInput } from "./settings";

/** One file of a machine, owned by root. */
export interface HostFile {
  /** Absolute path on the machine. */
  readonly path: string;
  /** Octal permissions. */
  readonly mode: "0600" | "0644" | "0755";
  readonly content: string;
}

/** Files by the machine's name, servers first. */
export type HostFiles = Readonly<Record<string, readonly HostFile[]>>;

/** What {@link renderHosts} needs. */
export interface RenderHostsInput extends Omit<SettingsInput, "hosts"> {
  /** The machines; without them the cluster exists already and nothing is rendered. */
  readonly hosts?: SettingsInput["hosts"] | undefined;
  /** Namespaces that Pod Security does not look at (`podSecurityExemptions`). @default none: no CIS profile */
  readonly exemptNamespaces?: readonly string[] | undefined;
}

/**
 * K3s' `config.yaml` of every machine, and what the CIS profile puts beside it. It names the token's file and never holds
 * the token.
 */
export function renderHosts({ hosts, exemptNamespaces, ...rest }: RenderHostsInput): HostFiles {
  if (hosts === undefined) return {};
  const input: SettingsInput = { ...rest, hosts };
  const files = (role: "server" | "agent", content: string): readonly HostFile[] => [
    { path: CONFIG_FILE, mode: "0600", content },
    ...hardeningFiles(role, exemptNamespaces),
  ];
  return Object.fromEntries([
    ...hosts.servers.map((host) => [host.name, files("server", renderSettings(serverSettings(host, input)))] as const),
    ...hosts.agents.map((host) => [host.name, files("agent", renderSettings(agentSettings(host, input)))] as const),
  ]);
}

/** The files of several renderings together, by machine. */
export function mergeHostFiles(...parts: readonly HostFiles[]): HostFiles {
  const merged: Record<string, HostFile[]> = {};
  for (const part of parts) {
    for (const [name, files] of Object.entries(part)) (merged[name] ??= []).push(...files);
  }
  return merged;
}

/** Which files each machine gets. Pure: nothing is contacted and nothing is written. */
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
}

/** K3s' `config.yaml` of every machine. It names the token's file and never holds the token. */
export function renderHosts({ hosts, ...rest }: RenderHostsInput): HostFiles {
  if (hosts === undefined) return {};
  const input: SettingsInput = { ...rest, hosts };
  const files = (content: string): readonly HostFile[] => [{ path: CONFIG_FILE, mode: "0600", content }];
  return Object.fromEntries([
    ...hosts.servers.map((host) => [host.name, files(renderSettings(serverSettings(host, input)))] as const),
    ...hosts.agents.map((host) => [host.name, files(renderSettings(agentSettings(host, input)))] as const),
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

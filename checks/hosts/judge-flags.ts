/** Settings that nobody knows, that are in the wrong place, or that the stack cannot work with. */
import { suggest } from "../../config/suggest";
import { type EffectiveSettings, ENVIRONMENT, UNIT } from "./effective";
import { KNOWN_FLAGS, SERVER_FLAGS } from "./k3s-flags";
import type { Findings } from "./judgement";
import type { Found } from "./take-over";

/** Settings under which this stack's picture of a node is wrong: the value that is refused, and why. */
const UNSUPPORTED: Readonly<Record<string, { readonly value: RegExp; readonly why: string }>> = {
  "cluster-reset": { value: /^true$/, why: "every start would throw all other servers out of the cluster" },
  "container-runtime-endpoint": { value: /./, why: "the CNI's folders are those of K3s' own containerd" },
  "data-dir": { value: /^(?!\/var\/lib\/rancher\/k3s\/?$)/, why: "everything here lies in /var/lib/rancher/k3s" },
  config: {
    value: /^(?!\/etc\/rancher\/k3s\/config\.yaml$)/,
    why: "settings are read and written in /etc/rancher/k3s",
  },
  "disable-agent": { value: /^true$/, why: "a server without a kubelet is no node, so no CNI can be proven on it" },
  "disable-apiserver": { value: /^true$/, why: "every declared server must serve the API" },
  "disable-controller-manager": { value: /^true$/, why: "every declared server must run the whole control plane" },
  "disable-etcd": { value: /^true$/, why: "every declared server must be a member of etcd" },
  docker: { value: /^true$/, why: "the CNI's folders are those of K3s' own containerd" },
  "flannel-cni-conf": {
    value: /./,
    why: "Flannel's network would not be called cbr0, by which its host ports are found",
  },
  "flannel-conf": { value: /./, why: "only K3s' own configuration of Flannel was measured" },
  "flannel-external-ip": { value: /^true$/, why: "Flannel would tunnel over addresses that Calico does not use" },
  rootless: { value: /^true$/, why: "the network of such a node is not the machine's" },
  "vpn-auth": { value: /./, why: "Flannel would run over a VPN of its own" },
  "vpn-auth-file": { value: /./, why: "Flannel would run over a VPN of its own" },
};

export function judgeFlags(found: Found, findings: Findings, helpFlags?: ReadonlySet<string>): void {
  const { facts, settings } = found;
  for (const { path, problem } of settings.broken) {
    findings.contradict(`${path}: ${problem}`, `correct ${path}; K3s does not start with it`);
  }
  if (facts.containerd.template) {
    findings.contradict(
      "containerd's configuration comes from a template of somebody's own (config.toml.tmpl or config-v3.toml.tmpl in /var/lib/rancher/k3s/agent/etc/containerd), so its CNI folders may not follow flannel-backend",
      "move what it adds to config-v3.toml.d or registries.yaml, and remove the template",
    );
  }
  judgeNames(found, findings, helpFlags);
  for (const [key, { value, why }] of Object.entries(UNSUPPORTED)) {
    const is = settings.text(key);
    if (is !== undefined && settings.source(key) !== undefined && value.test(is)) {
      const shown = key === "vpn-auth" ? "set" : is;
      findings.contradict(
        `${key} is ${shown} (${settings.source(key)}), which this stack cannot work with: ${why}`,
        `take ${key} out of ${settings.source(key)}, or leave this machine out of the stack`,
      );
    }
  }
}

/** Names that K3s does not know, and names that it knows on servers only. */
function judgeNames({ facts, settings }: Found, findings: Findings, helpFlags: ReadonlySet<string> | undefined): void {
  if (facts.role === "none") return;
  const known = KNOWN_FLAGS[facts.role];
  for (const key of settings.keys) {
    const sources = sourcesOf(settings, key);
    if (sources.length === 0) continue;
    const where = sources.join(" and ");
    if (facts.role === "agent" && SERVER_FLAGS.has(key)) {
      findings.contradict(
        `${key} stands in ${where}: only servers have this setting, and an agent with it may not become Ready`,
        `take ${key} out of ${where} on this machine`,
      );
    } else if (!known.has(key) && !(helpFlags?.has(key) ?? false)) {
      const near = suggest(key, [...known]);
      const hint = near === undefined ? "" : ` Did somebody mean ${near}?`;
      findings.contradict(
        `unknown setting ${key} in ${where}: k3s ${facts.role} has no such flag, so it is not in force.${hint}`,
        `correct or remove ${key} in ${where}`,
      );
    }
  }
}

/** Files and the unit where a setting stands. A variable that K3s does not know is not ours to judge. */
const sourcesOf = (settings: EffectiveSettings, key: string): string[] =>
  [
    ...new Set(
      settings.mentions
        .filter((mention) => mention.key === key && mention.source !== ENVIRONMENT)
        .map(({ source }) => source),
    ),
  ].sort((left, right) => Number(left === UNIT) - Number(right === UNIT));

/** What is left as it is on a machine that is taken over: said, so that nobody has to find out. */
import { agentSettings, CONFIG_FILE, serverSettings, type Settings } from "../../components/k3s/settings";
import type { Machines } from "../subject";
import { COMMA_FLAGS } from "./k3s-flags";
import type { Findings } from "./judgement";
import type { Found } from "./take-over";

/** First line of a file of settings that the stack wrote. */
export const OUR_HEADER = "# Written by seldon-k3s";

/** Declared by the stack and judged elsewhere, or without a meaning on a machine that runs. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  // Fixed: a difference is a contradiction.
  "cluster-cidr",
  "cluster-dns",
  "cluster-domain",
  "kube-controller-manager-arg",
  "node-name",
  "secrets-encryption",
  "service-cidr",
  // How the node came into the cluster.
  "cluster-init",
  "node-label",
  "node-taint",
  "server",
  "token-file",
  // The two drop-ins of the CNI.
  "disable-network-policy",
  "flannel-backend",
]);

/** How secrets arrive; and names whose values nobody needs to read. */
const SECRET = /(^|-)(token|vpn-auth|access-key|secret-key)$|datastore-endpoint/;

/** What the stack declares and a machine's K3s does not do. */
export interface Pending {
  /** One text a setting: what is declared, what is in force. */
  readonly settings: readonly string[];
  /** Whether the machine's `config.yaml` is the stack's: then the next run writes what changed. */
  readonly owned: boolean;
  readonly wanted: Settings;
}

export function pendingSettings({ declared, facts, settings }: Found, machines: Machines): Pending {
  const input = { ...machines, hasToken: false };
  const wanted: Settings =
    declared.role === "server" ? serverSettings(declared.host, input) : agentSettings(declared.host, input);
  const owned = facts.configFiles.find(({ path }) => path === CONFIG_FILE)?.content?.startsWith(OUR_HEADER) ?? false;
  const pending = Object.entries(wanted).flatMap(([key, value]) => {
    if (ELSEWHERE.has(key)) return [];
    const want = textOf(value);
    const is = settings.text(key);
    // A certificate's further names, or further addresses, do no harm.
    if (is === want || (COMMA_FLAGS.has(key) && isSubset(want, is))) return [];
    return [`${key}: ${want} (in force: ${is ?? "nothing, so K3s' default"})`];
  });
  return { settings: pending, owned, wanted };
}

export function noteDifferences(found: Found, machines: Machines, findings: Findings): void {
  const { settings } = found;
  const { settings: pending, owned, wanted } = pendingSettings(found, machines);
  if (pending.length > 0) {
    const how = owned ? "the next up applies it" : "raise hosts.converge to apply it";
    findings.note(`declared and not in force; ${how}: ${pending.join("; ")}`);
  }
  const kept = settings.keys.filter((key) => !(key in wanted) && !ELSEWHERE.has(key));
  if (kept.length > 0) {
    const shown = kept.map((key) => (SECRET.test(key) ? key : `${key}=${settings.text(key) ?? ""}`));
    findings.note(`not declared and kept as it is: ${shown.join(", ")}`);
  }
}

function textOf(value: Settings[string]): string {
  const list = typeof value === "object" ? value : [String(value)];
  return [...list].sort().join(",");
}

const isSubset = (want: string, is: string | undefined): boolean =>
  is !== undefined && want.split(",").every((one) => is.split(",").includes(one));

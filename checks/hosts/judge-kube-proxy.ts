/** How a machine's K3s carries Services against what the stack declares: Calico's data plane goes with it. */
import { CONFIG_FILE } from "../../components/k3s/settings";
import type { Machines } from "../subject";
import { UNIT } from "./effective";
import type { Findings } from "./judgement";
import { OUR_HEADER } from "./note-differences";
import type { Found } from "./take-over";

const DISABLED = "disable-kube-proxy";
const ARGUMENTS = "kube-proxy-arg";

/** IPVS keeps its helper rules in iptables, and Felix knows them; everything else is as kube-proxy calls it. */
const ALIKE: Readonly<Record<string, string>> = { ipvs: "iptables" };

/**
 * A machine whose settings are the stack's gets what changed by the next run, and so does one that `hosts.converge` asks for;
 * elsewhere nothing is written, so a difference would stay, and the data plane would meet the wrong kube-proxy.
 */
export function judgeKubeProxy({ declared, facts, settings }: Found, machines: Machines, findings: Findings): void {
  const off = declared.role === "server" && settings.text(DISABLED) === "true";
  const mode = settings.argument(ARGUMENTS, "proxy-mode") ?? "iptables";
  const is = off ? "disabled" : (ALIKE[mode] ?? mode);
  // A server decides for its agents whether there is a kube-proxy at all.
  const wanted = declared.role === "agent" && machines.k3s.kubeProxy === "disabled" ? is : machines.k3s.kubeProxy;
  if (is === wanted) return;
  const source = settings.source(off ? DISABLED : ARGUMENTS);
  const owned = facts.configFiles.find(({ path }) => path === CONFIG_FILE)?.content?.startsWith(OUR_HEADER) ?? false;
  if (source !== UNIT && (owned || machines.hosts.converge > 0)) return;
  findings.contradict(
    `${off ? `${DISABLED} is true` : `kube-proxy runs in mode ${mode}`} (${source ?? "K3s' default"}); declared is k3s.kubeProxy ${wanted}`,
    source === UNIT
      ? `take it out of the unit, or set k3s.kubeProxy: ${is} and calico.dataplane with it`
      : `set k3s.kubeProxy: ${is} and calico.dataplane with it, or raise hosts.converge in a maintenance window: all Services of the node pause while K3s restarts`,
  );
}

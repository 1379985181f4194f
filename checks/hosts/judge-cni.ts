/** The CNI that a machine runs against the one that the stack declares, and who could beat the stack's drop-ins. */
import { load } from "js-yaml";
import { CNI } from "../../components/k3s/cni";
import { CONFIG_FILE } from "../../components/k3s/settings";
import { CNI_DROP_IN, POLICY_DROP_IN, renderDropIns } from "../../components/node-network/drop-ins";
import { declaredCnis } from "../../config/derive";
import type { Cni } from "../../config/schema";
import type { Machines } from "../subject";
import { UNIT } from "./effective";
import type { HostFacts } from "./facts";
import type { Findings } from "./judgement";
import type { Found } from "./take-over";

/** The stack's two drop-ins, in the order in which K3s reads them. */
const OUR_DROP_INS = [CNI_DROP_IN, POLICY_DROP_IN];

/**
 * The CNI whose folders the running containerd uses; undefined where K3s has never started here. Folders are not shared, so
 * they tell the truth whatever a file says.
 */
export function runningCni({ containerd, k3s }: HostFacts): Cni | undefined {
  if (k3s.unit === undefined || !containerd.configured) return undefined;
  return containerd.confDir === CNI.flannel.directories.conf ? "flannel" : "calico";
}

export function judgeCni(found: Found, machines: Machines, findings: Findings): void {
  const { declared, facts } = found;
  const running = runningCni(facts);
  const { provider } = machines.cni;
  if (running !== undefined && !declaredCnis(machines).has(running)) {
    findings.contradict(
      `its containerd takes plugins from ${facts.containerd.confDir ?? CNI.calico.directories.conf}, so it runs ${running}; the stack declares ${provider} and does not leave ${running}`,
      `set cni.leaving: ${running} for the way from ${running} to ${provider}, or cni.provider: ${running} to keep it`,
    );
  }
  if (declared.role !== "server" || facts.role !== "server") return;
  judgeBackend(found, findings);
  judgeEgress(found, machines, findings);
  judgeRivals(found, machines, findings);
}

/** Only VXLAN was measured beside Calico; another backend's devices, rules and encryption are not known to us. */
function judgeBackend({ settings }: Found, findings: Findings): void {
  const backend = settings.text("flannel-backend") ?? "";
  const allowed = Object.values(CNI).map((row) => row.settings["flannel-backend"]);
  if ((allowed as readonly string[]).includes(backend)) return;
  findings.contradict(
    `flannel-backend is ${backend} (${settings.source("flannel-backend") ?? "K3s' default"}); allowed: ${allowed.join(", ")}`,
    backend.startsWith("wireguard")
      ? "go to vxlan first (K3s: change all servers, then restart all nodes); this stack does not encrypt between nodes"
      : "go to vxlan first (K3s: change all servers, then restart all nodes)",
  );
}

/** With `pod` the API server looks for pods in the node's podCIDR, where Calico's are not. */
function judgeEgress({ settings }: Found, machines: Machines, findings: Findings): void {
  const mode = settings.text("egress-selector-mode");
  if (mode !== "pod" || !declaredCnis(machines).has("calico")) return;
  findings.contradict(
    `egress-selector-mode is pod (${settings.source("egress-selector-mode")}); allowed with Calico: agent, cluster, disabled`,
    "set it to agent on all servers and restart them one at a time",
  );
}

/** Who says otherwise than a drop-in of the stack and is heard after it: a later file, or the unit. */
function judgeRivals({ declared, settings }: Found, machines: Machines, findings: Findings): void {
  for (const { path, content } of renderDropIns(machines)[declared.host.name] ?? []) {
    for (const [key, value] of Object.entries(load(content) as Record<string, string | boolean>)) {
      const wanted = String(value);
      const inUnit = settings.from(UNIT, key);
      if (inUnit !== undefined && inUnit !== wanted && !machines.hosts.moveUnitFlags) {
        findings.contradict(
          `the unit's --${key}=${inUnit} beats ${path}, which says ${wanted}, and nobody allowed to move it`,
          "set hosts.moveUnitFlags: true to have it moved to the drop-in (the way back puts it back), or take it out of the unit",
        );
      }
      const later = settings.mentions.filter(
        (mention) =>
          mention.key === key &&
          mention.source.startsWith(`${CONFIG_FILE}.d/`) &&
          mention.source > path &&
          !OUR_DROP_INS.includes(mention.source),
      );
      for (const { source, values } of later) {
        if (values.join(",") === wanted) continue;
        findings.contradict(
          `${key}: ${values.join(",")} in ${source}, which K3s reads after ${path} (${wanted})`,
          `take ${key} out of ${source}`,
        );
      }
    }
  }
}

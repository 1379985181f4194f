/** Whether a machine's network is what the declared CNI makes of it. Pure. */
import { CNI } from "../../components/k3s/cni";
import { declaredCnis } from "../../config/derive";
import type { Cni } from "../../config/schema";
import { runningCni } from "../hosts/judge-cni";
import { cniTraces, policyTraces, showLeftovers } from "../hosts/leftovers";
import { drift, type Outcome, pass } from "../verdict";
import { converge, type MachineState, up } from "./machine";

/** What containerd needs of each CNI on the machine; K3s' own folder for plugins moves with its version. */
const PLUGINS: Readonly<Record<Cni, readonly string[]>> = {
  flannel: [],
  calico: ["calico", "calico-ipam", "loopback", "portmap"],
};

export function judgeCniFiles(state: MachineState): Outcome {
  const { facts, machines } = state;
  const declared = declaredCnis(machines);
  const running = runningCni(facts);
  if (running === undefined) return drift("containerd has not been configured yet", { fix: up(state) });
  if (!declared.has(running)) {
    return drift(`its containerd takes plugins of ${running}; declared is ${machines.cni.provider}`, {
      fix: `find out who changed flannel-backend; then ${converge(state)}`,
    });
  }
  const { directories, conflist } = CNI[running];
  const files = facts.cniFiles.map(({ path }) => path);
  const plugins = new Set(facts.cniPlugins);
  const missing = [
    ...[`${directories.conf}/${conflist}`].filter((path) => !files.includes(path)),
    ...PLUGINS[running].map((name) => `${directories.bin}/${name}`).filter((path) => !plugins.has(path)),
  ];
  const foreign = files.filter(
    (path) =>
      path.startsWith(`${directories.conf}/`) && /\.(conf|conflist|json)$/.test(path) && !path.endsWith(`/${conflist}`),
  );
  if (missing.length === 0 && foreign.length === 0) return pass(`${running}: ${directories.conf}/${conflist}`);
  const found = [
    ...(missing.length > 0 ? [`missing: ${missing.join(", ")}`] : []),
    ...(foreign.length > 0 ? [`not declared: ${foreign.join(", ")}`] : []),
  ];
  return drift(found.join("; "), {
    fix:
      missing.length > 0
        ? running === "calico"
          ? "kubectl -n calico-system delete pod of calico-node on this node: its init container installs them again"
          : "systemctl restart K3s: it writes them at its start"
        : `rm ${foreign.join(" ")}, after finding out whose it is`,
  });
}

/** Traces of a CNI that is not declared, and of K3s' policy controller where it does not run. */
export function judgeLeftovers(state: MachineState): Outcome {
  const { facts, machines, settings } = state;
  const declared = declaredCnis(machines);
  const gone = (Object.keys(CNI) as Cni[]).filter((cni) => !declared.has(cni));
  // Agents learn from their server whether the controller runs; on a settled Calico stack it runs nowhere.
  const off = facts.role === "server" ? settings.text("disable-network-policy") === "true" : !declared.has("flannel");
  const found = [
    ...gone.flatMap((cni) => cniTraces(cni, facts)),
    ...(off && !declared.has("flannel") ? policyTraces(facts) : []),
  ];
  if (found.length === 0) return pass("none");
  const of = [...gone, ...(off ? ["K3s' policy controller"] : [])].join(" and ");
  return drift(`of ${of}: ${showLeftovers(found)}`, {
    fix: `${state.declared.host.name}: drain and reboot it, or run /usr/local/lib/seldon-k3s/run clean as root (hosts/README.md shows its request)`,
  });
}

/** The guard rule stands while a CNI is being left, and never else. */
export function judgeGuard(state: MachineState): Outcome {
  const { facts, machines } = state;
  const { present, unit } = facts.guard;
  const wanted = machines.cni.leaving !== undefined;
  const shown = `rule ${present ? "present" : "absent"}, unit ${unit}`;
  if (wanted ? present && unit === "enabled" : !present && unit === "absent") return pass(shown);
  return drift(shown, {
    fix: wanted
      ? converge(state)
      : `${state.declared.host.name}: systemctl disable --now seldon-k3s-pod-source-guard.service; /usr/local/lib/seldon-k3s/pod-source-guard remove; rm -f /etc/systemd/system/seldon-k3s-pod-source-guard.service /usr/local/lib/seldon-k3s/pod-source-guard`,
  });
}

/** What K3s and kube-proxy set at their start and nothing may take back. */
const SYSCTLS: Readonly<Record<string, { readonly wanted: readonly string[]; readonly why: string }>> = {
  "net.ipv4.ip_forward": { wanted: ["1"], why: "no packet is forwarded to a pod" },
  "net.bridge.bridge-nf-call-iptables": {
    wanted: ["1"],
    why: "Services and policies miss packets on Flannel's bridge",
  },
};

export function judgeSysctls({ facts, declared }: MachineState): Outcome {
  const wrong = Object.entries(SYSCTLS).flatMap(([key, { wanted, why }]) => {
    const is = facts.sysctls[key];
    return is === undefined || wanted.includes(is) ? [] : [{ key, is, wanted: wanted[0]!, why }];
  });
  if (wrong.length === 0)
    return pass(
      Object.entries(facts.sysctls)
        .map(([key, value]) => `${key}=${value}`)
        .join(", "),
    );
  return drift(wrong.map(({ key, is, why }) => `${key}=${is}: ${why}`).join("; "), {
    fix: `${declared.host.name}: ${wrong.map(({ key, wanted }) => `sysctl -w ${key}=${wanted}`).join("; ")}, and take it out of /etc/sysctl.d`,
  });
}

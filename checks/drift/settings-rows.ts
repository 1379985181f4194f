/** Whether a machine's K3s runs with the declared settings. Pure. */
import { CNI_DROP_IN, POLICY_DROP_IN, renderDropIns } from "../../components/node-network/drop-ins";
import { OVERLAY_FILE } from "../../components/k3s/request";
import { agentSettings, CONFIG_FILE, renderSettings, serverSettings } from "../../components/k3s/settings";
import { load } from "js-yaml";
import { isSettingsFile } from "../hosts/effective";
import { OUR_HEADER, pendingSettings } from "../hosts/note-differences";
import { isEmpty } from "../hosts/take-over";
import { versionChange } from "../hosts/k3s-version";
import { drift, type Outcome, pass } from "../verdict";
import { converge, type MachineState, up } from "./machine";

/** The override by which flags were moved out of the unit. */
const OVERRIDE = "90-seldon-k3s.conf";

export function judgeVersion(state: MachineState): Outcome {
  const { facts, machines, stack } = state;
  const { version, active, unit } = facts.k3s;
  const { version: declared } = machines.k3s;
  if (isEmpty(facts)) return drift("K3s is not installed", { fix: up(state) });
  if (version !== declared) {
    const forward = versionChange(version ?? "", declared) === "upgrade";
    return drift(`${version ?? "no version"}; declared is ${declared}`, {
      fix: forward
        ? up(state)
        : `pulumi config set --path seldon-k3s:k3s.version ${version} -s ${stack}, if that is what shall run`,
    });
  }
  if (active) return pass(declared);
  return drift(`${declared} is installed and does not run`, {
    fix: `journalctl -u ${unit} -n 50; then systemctl start ${unit}`,
  });
}

/** The stack's files, where they are there. One that is absent is no drift by itself: what is in force decides. */
export function judgeFiles(state: MachineState): Outcome {
  const { facts, declared, machines } = state;
  const input = { ...machines, hasToken: false };
  const own = declared.role === "server" ? serverSettings(declared.host, input) : agentSettings(declared.host, input);
  const dropIns = new Map(
    (renderDropIns(machines)[declared.host.name] ?? []).map(({ path, content }) => [path, content]),
  );
  const differs: string[] = [];
  for (const { path, content } of facts.configFiles) {
    if (content === undefined) continue;
    const wanted = dropIns.get(path);
    if (wanted !== undefined && content !== wanted)
      differs.push(`${path} says ${oneLine(content)}; declared is ${oneLine(wanted)}`);
    if (wanted === undefined && [CNI_DROP_IN, POLICY_DROP_IN].includes(path)) {
      differs.push(`${path} is there, and an agent must not have it`);
    }
    const ours = (path === CONFIG_FILE && content.startsWith(OUR_HEADER)) || path === OVERLAY_FILE;
    if (ours && !sameSettings(content, renderSettings(own)))
      differs.push(`${path} was changed by hand, or not yet written again`);
  }
  if (differs.length === 0) return pass(`${facts.configFiles.filter(({ path }) => isSettingsFile(path)).length} files`);
  return drift(differs.join("; "), { fix: converge(state) });
}

/** The token's file is a fact of the machine: whether a stack has a token is not part of what is compared here. */
function sameSettings(left: string, right: string): boolean {
  const read = (text: string): string => {
    const { "token-file": _, ...rest } = load(text) as Record<string, unknown>;
    return JSON.stringify(Object.entries(rest).sort());
  };
  return read(left) === read(right);
}

const oneLine = (content: string): string =>
  content
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join(", ");

/** What K3s really does: its flags, its files, and whether it has read them since. */
export function judgeEffective(state: MachineState): Outcome {
  const { facts, settings, declared, machines } = state;
  if (isEmpty(facts)) return pass("nothing runs");
  const differs: string[] = [];
  for (const { content } of renderDropIns(machines)[declared.host.name] ?? []) {
    for (const [key, value] of Object.entries(load(content) as Record<string, unknown>)) {
      const is = settings.text(key);
      if (is !== String(value))
        differs.push(`${key} is ${is} (${settings.source(key) ?? "K3s' default"}); declared is ${String(value)}`);
    }
  }
  const pending = pendingSettings(state, machines);
  const owned = pending.owned || facts.configFiles.some(({ path }) => path === OVERLAY_FILE);
  if (owned) differs.push(...pending.settings);
  const { started } = facts.k3s;
  const late = facts.configFiles.filter(
    ({ path, changed }) => started !== undefined && isSettingsFile(path) && changed > started,
  );
  differs.push(...late.map(({ path }) => `${path} was changed after K3s had started, so it is not in force`));
  if (differs.length > 0) return drift(differs.join("; "), { fix: converge(state) });
  if (pending.settings.length === 0) return pass("as declared");
  return pass("as declared, but for what was taken over", {
    note: `${declared.host.name} was taken over and keeps: ${pending.settings.join("; ")}. To apply what is declared: ${converge(state)}`,
  });
}

/** The unit's command line is somebody else's; only our own override of it is ours to judge. */
export function judgeUnit(state: MachineState): Outcome {
  const { facts, machines } = state;
  const override = facts.unitFiles.find(({ path }) => path.endsWith(`/${OVERRIDE}`));
  const settled = machines.cni.leaving === undefined && machines.cni.provider === "flannel";
  if (override !== undefined && settled) {
    return drift(`${override.path} still moves flags out of the unit, and the stack is on Flannel again`, {
      fix: converge(state),
    });
  }
  const others = facts.unitFiles
    .map(({ path }) => path)
    .filter((path) => path.includes(".service.d/") && path !== override?.path);
  const note =
    others.length === 0
      ? {}
      : { note: `${state.declared.host.name}: the unit has drop-ins of others: ${others.join(", ")}.` };
  return pass(override === undefined ? "without an override of ours" : "flags are moved by our override", note);
}

/** Whether what the CIS profile puts on a machine beside K3s' settings is there, and gone where it is not declared. Pure. */
import { createHash } from "node:crypto";
import { hardeningFiles, KERNEL_FILE, KERNEL_VALUES } from "../../components/k3s/hardening";
import { OVERLAY_FILE } from "../../components/k3s/request";
import { CONFIG_FILE } from "../../components/k3s/settings";
import { OUR_HEADER } from "../hosts/note-differences";
import { isEmpty } from "../hosts/take-over";
import { drift, type Outcome, pass } from "../verdict";
import { converge, type MachineState } from "./machine";

export function judgeHardening(state: MachineState): Outcome {
  const { facts, machines, declared } = state;
  const there = new Map(facts.hardeningFiles.map(({ path, sha256 }) => [path, sha256]));
  const exempt = machines.exemptNamespaces;
  if (exempt === undefined) {
    if (there.size === 0) return pass("not declared, and nothing of it is there");
    return drift(`${[...there.keys()].join(", ")}: still there, and k3s.hardening is none`, { fix: converge(state) });
  }
  if (isEmpty(facts)) return pass("nothing runs");
  const owned = facts.configFiles.some(
    ({ path, content }) => path === OVERLAY_FILE || (path === CONFIG_FILE && content?.startsWith(OUR_HEADER) === true),
  );
  if (!owned) {
    return pass("not applied: the machine was taken over", {
      note: `${declared.host.name} was taken over and does not have the CIS profile. To apply it: ${converge(state)}`,
    });
  }
  const files = hardeningFiles(declared.role, exempt).flatMap(({ path, content }) => {
    const is = there.get(path);
    // Somebody else's file may give the kernel its values; then the values decide.
    if (is === undefined) return path === KERNEL_FILE ? [] : [`${path} is not there`];
    return is === createHash("sha256").update(content).digest("hex") ? [] : [`${path} was changed`];
  });
  const values = Object.entries(KERNEL_VALUES).flatMap(([key, wanted]) => {
    const is = facts.sysctls[key];
    return is === undefined || is === String(wanted)
      ? []
      : [`${key}=${is}, and kubelet does not start without ${wanted}`];
  });
  const wrong = [...files, ...values];
  if (wrong.length > 0) return drift(wrong.join("; "), { fix: converge(state) });
  return pass(`cis: ${Object.keys(KERNEL_VALUES).length} kernel values, ${there.size} files`);
}

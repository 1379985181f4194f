/**
 * The two drop-ins of a server that select the CNI (decision 4 in docs/decisions.md). They are files of their own so that the switch
 * rewrites two lines and nothing else, and two because they change at different times: a node leaves Flannel when its
 * `90-cni.yaml` changes, but K3s' policy controller (`91-policy.yaml`) runs for as long as any pod of the cluster has an
 * address of Flannel: only it guards those pods, and stopped earlier it leaves frozen rules that deny new ones (measured
 * with kube-router 2.5). So it goes last on the way to Calico and comes first on the way back.
 *
 * Agents get neither: they learn both settings from their server.
 */
import { declaredHosts } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { CNI } from "../k3s/cni";
import type { HostFile, HostFiles } from "../k3s/hosts";
import { CONFIG_FILE, renderSettings } from "../k3s/settings";

/** Selects Flannel's backend, `none` for a CNI that is not K3s' own. */
export const CNI_DROP_IN = `${CONFIG_FILE}.d/90-cni.yaml`;
/** Turns K3s' own policy controller off where the CNI enforces policies. */
export const POLICY_DROP_IN = `${CONFIG_FILE}.d/91-policy.yaml`;

/** While Flannel runs on any node, K3s' policy controller runs on all of them. */
const MIXED_DISABLE_POLICY = CNI.flannel.settings["disable-network-policy"];

/** What decides the drop-ins. */
export type NodeNetworkInput = Pick<StackConfig, "network" | "cni"> & {
  readonly hosts?: StackConfig["hosts"] | undefined;
};

/** How many of the nodes, servers first, have their pods on the new CNI when this configuration has been applied. */
export function convertedCount({ cni, hosts }: NodeNetworkInput): number {
  const total = declaredHosts({ hosts }).length;
  return cni.leaving === undefined ? total : Math.min(cni.upTo ?? total, total);
}

/** Whether servers have different CNI settings on purpose: `cni.upTo` stops among or before them. */
export function isMixed(input: NodeNetworkInput): boolean {
  return convertedCount(input) < declaredHosts(input).length;
}

/** The drop-ins of every server. */
export function renderDropIns(input: NodeNetworkInput): HostFiles {
  const { provider, leaving } = input.cni;
  const servers = input.hosts?.servers ?? [];
  const before = CNI[leaving ?? provider].settings;
  const after = CNI[provider].settings;
  // A CNI that runs inside K3s is on all nodes before the first pod moves to it, also where `cni.upTo` stops the pods.
  const converted = CNI[provider].runsBeforeSwitch ? convertedCount(input) : servers.length;
  const disablePolicy = isMixed(input) ? MIXED_DISABLE_POLICY : after["disable-network-policy"];
  const file = (path: string, content: string): HostFile => ({ path, mode: "0600", content });
  return Object.fromEntries(
    servers.map((server, index) => {
      const backend = (index < converted ? after : before)["flannel-backend"];
      return [
        server.name,
        [
          file(CNI_DROP_IN, renderSettings({ "flannel-backend": backend })),
          file(POLICY_DROP_IN, renderSettings({ "disable-network-policy": disablePolicy })),
        ],
      ] as const;
    }),
  );
}

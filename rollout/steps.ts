/** Every step of the rollout. */
import { BACKUP } from "./backup/backup";
import { type RolloutCommand, step } from "./cli/command";
import { KUBECONFIG } from "./kubeconfig/kubeconfig";
import { LEAVE_CALICO } from "./leave/leave-calico";
import { LEAVE_FLANNEL } from "./leave/leave-flannel";
import { CLEAR_NETWORK_UNAVAILABLE } from "./leave/network-unavailable";
import { PROGRAMS } from "./machines/programs";
import { NODE_PODS, PROVE } from "./node-pods/node-pods";
import { REMOVE_NODE } from "./remove-node/remove-node";
import { ROTATE } from "./rotate/rotate";
import { SPREAD, UNSPREAD } from "./spread/spread";

export const STEPS: readonly RolloutCommand[] = [
  step(PROGRAMS),
  step(KUBECONFIG),
  BACKUP,
  SPREAD,
  UNSPREAD,
  NODE_PODS,
  PROVE,
  LEAVE_FLANNEL,
  LEAVE_CALICO,
  CLEAR_NETWORK_UNAVAILABLE,
  REMOVE_NODE,
  ROTATE,
];

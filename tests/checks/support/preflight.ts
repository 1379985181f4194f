/** One check of the preflight on a cluster of the test's own. */
import { preflightChecks } from "../../../checks/preflight/preflight";
import type { SwitchCluster } from "./switch-cluster";

/** The run, and its findings by target. */
export const look = (cluster: SwitchCluster, id: string, sections: Record<string, object> = {}) =>
  cluster.findings(preflightChecks(cluster.context(sections)), id);

/** The finding of a check that has one. */
export const one = async (cluster: SwitchCluster, id: string, sections: Record<string, object> = {}) =>
  Object.values((await look(cluster, id, sections)).findings)[0]!;

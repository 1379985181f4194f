/** The readiness gates: which checks must be clean before a deployment goes on. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { clusterIdentity } from "../criteria/cluster-identity";
import type { GateId } from "../subject";
import { calicoReady } from "./calico-ready";
import { seldonRuntimeReady } from "./seldon-runtime-ready";
import { serversReady } from "./servers-ready";

/** What follows the identity check, which every gate begins with: a gate must not wait on another cluster. */
const GATES: Record<GateId, (context: CheckContext) => readonly Check[]> = {
  "cluster-identity": () => [],
  "calico-ready": calicoReady,
  "seldon-runtime-ready": seldonRuntimeReady,
  "servers-ready": serversReady,
};

export const gateChecks = (id: GateId, context: CheckContext): Check[] => [
  clusterIdentity(context),
  ...GATES[id](context),
];

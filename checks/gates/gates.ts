/** The readiness gates: which checks must be clean before a deployment goes on. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { clusterIdentity } from "../criteria/cluster-identity";
import type { GateId } from "../subject";
import { calicoReady } from "./calico-ready";
import { calicoUpgrade } from "./calico-upgrade";
import { hostsGate } from "./hosts";
import { objectsReady } from "./objects-ready";
import { preflightGate } from "./preflight";
import { seldonRuntimeReady } from "./seldon-runtime-ready";
import { serversReady } from "./servers-ready";

/** What follows the identity check, which every gate but `hosts` begins with: a gate must not wait on another cluster. */
const GATES: Record<GateId, (context: CheckContext) => readonly Check[]> = {
  hosts: hostsGate,
  "cluster-identity": () => [],
  "calico-upgrade": calicoUpgrade,
  "calico-ready": calicoReady,
  preflight: preflightGate,
  "objects-ready": objectsReady,
  "seldon-runtime-ready": seldonRuntimeReady,
  "servers-ready": serversReady,
};

/** Gates that pass before there is a cluster to look at. */
const BEFORE_THE_CLUSTER: ReadonlySet<GateId> = new Set(["hosts"]);

/** A SKIPPED finding of these says what cannot be proven here, and stops nothing. */
export const MAY_SKIP: ReadonlySet<GateId> = new Set(["hosts", "preflight"]);

export const gateChecks = (id: GateId, context: CheckContext): Check[] => [
  ...(BEFORE_THE_CLUSTER.has(id) ? [] : [clusterIdentity(context)]),
  ...GATES[id](context),
];

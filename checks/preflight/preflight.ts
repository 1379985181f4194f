/** All checks of the preflight: the machines, the ways between them, the cluster, and loopback as it is now. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { clusterIdentity } from "../criteria/cluster-identity";
import { hostFacts, takeOverCheck } from "../hosts/machine-checks";
import { calicoObjectChecks } from "./calico-objects";
import { hostPart } from "./host-part";
import { leftoversCheck } from "./leftovers";
import { loopbackPart } from "./loopback";
import { movingChecks } from "./moving";
import { nodeChecks } from "./nodes";
import { servicesCheck } from "./services";

/** Without the identity check, which every run begins with. */
export const preflightChecks = (context: CheckContext): Check[] => [
  hostFacts(context),
  takeOverCheck(context),
  ...hostPart(context),
  ...nodeChecks(context),
  ...movingChecks(context),
  servicesCheck(context),
  ...calicoObjectChecks(context),
  leftoversCheck(context),
  ...loopbackPart(context),
];

export const preflightRun = (context: CheckContext): Check[] => [
  clusterIdentity(context, "could not look"),
  ...preflightChecks(context),
];

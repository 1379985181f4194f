/** The success criteria of a deployment, in the order of the report. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { clusterIdentity } from "./cluster-identity";
import { inference } from "./inference";
import { loopbackChecks } from "./loopback";
import { modelReady } from "./model-ready";
import { schedulerLog } from "./scheduler-log";
import { seldonCrds } from "./seldon-crds";

export const successCriteria = (context: CheckContext): Check[] => [
  clusterIdentity(context, "could not look"),
  seldonCrds(context),
  ...loopbackChecks(context),
  modelReady(context),
  schedulerLog(context),
  inference(context),
];

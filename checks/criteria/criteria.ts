/** The success criteria of a deployment, in the order of the report. */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { policyChecks } from "../policy/checks";
import { ProbeSession } from "../policy/session";
import { clusterIdentity } from "./cluster-identity";
import { inference } from "./inference";
import { loopbackChecks } from "./loopback";
import { modelReady } from "./model-ready";
import { schedulerLog } from "./scheduler-log";
import { SELDON_CRDS, seldonCrds } from "./seldon-crds";
import { serverAddress } from "./server-address";

/** Some start pods: whoever runs them ends the run by `context.finish`. */
export function successCriteria(context: CheckContext): Check[] {
  const session = new ProbeSession(context);
  context.defer((say) => session.close(say));
  return [
    clusterIdentity(context, "could not look"),
    seldonCrds(context),
    ...loopbackChecks(context).map(withSeldon),
    modelReady(context),
    withSeldon(schedulerLog(context)),
    inference(context),
    ...policyChecks(context, session),
    withSeldon(serverAddress(context, session)),
  ];
}

/** Where Seldon's kinds are absent nobody could look at it; that its pods are absent too is no failure of theirs. */
const withSeldon = (check: Check): Check => ({ ...check, needs: [SELDON_CRDS] });

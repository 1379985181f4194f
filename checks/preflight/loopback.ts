/**
 * The loopback probe under the CNI that runs now, before anybody takes an outage for it.
 *
 * Measured: Flannel does not block 127.0.0.1 inside a pod, and the same pod answers the same on Calico. "Connection refused"
 * there means that nothing listens on that port at that moment.
 */
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { loopbackChecks } from "../criteria/loopback";
import { SkipError } from "../verdict";

export const LOOPBACK_NOTE =
  "No CNI takes part in a pod's loopback: all containers of a pod share one network namespace and its `lo`. What answers on " +
  "127.0.0.1 now answers on the other CNI too, and what is refused now stays refused: nothing listens there. The change is " +
  "for enforced policies, not for a server that does not listen.";

/** The four loopback criteria, told about the present CNI; skipped where Seldon is not deployed yet. */
export function loopbackPart(context: CheckContext): Check[] {
  return loopbackChecks(context).map(({ note: _, ...check }, index) => ({
    ...check,
    id: `loopback-${check.id}`,
    title: `${check.title} (loopback, before the change)`,
    ...(index === 0 ? { note: LOOPBACK_NOTE } : {}),
    expectations: async (signal) => {
      const pods = await Promise.all(context.subject.namespaces.map((one) => context.snapshot.pods(one, signal)));
      if (pods.flat().length === 0) throw new SkipError("Seldon is not deployed yet: there is no server pod to ask");
      return check.expectations(signal);
    },
  }));
}

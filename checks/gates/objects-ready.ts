/** Objects that another operator works on (cert-manager, Strimzi) are Ready, as of the generation that is declared. */
import type { Check } from "../check";
import { type Condition, conditionOf, type KubeObject, showCondition } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import { quote, type CheckContext } from "../context";
import { CLUSTER_IDENTITY } from "../criteria/cluster-identity";
import { fail, pass } from "../verdict";

interface Awaited extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[]; readonly observedGeneration?: number };
}

export const objectsReady = (context: CheckContext): Check[] => [
  {
    id: "objects-ready",
    title: "What other operators work on is Ready",
    proves: "certificates are signed and brokers run before anything starts that cannot do without them",
    needs: [CLUSTER_IDENTITY],
    expectations: () =>
      (context.subject.awaited ?? []).map(({ resource, namespace, name }) => ({
        target: `${resource} ${namespace}/${name}`,
        expected: "Ready=True, for the declared generation",
        repeat: context.kubectl("-n", namespace, "get", resource, quote(name), "-o yaml"),
        probe: async (signal) => {
          const fix = context.kubectl("-n", namespace, "describe", resource, quote(name));
          const found = await context.api.find<Awaited>(PATHS.custom(resource, namespace, name), signal);
          if (found === undefined) return fail("there is no such object", { fix });
          const ready = conditionOf(found, "Ready");
          const actual = showCondition("Ready", ready);
          if (ready?.status !== "True") {
            const evidence = (found.status?.conditions ?? []).map((one) => showCondition(one.type, one));
            return fail(actual, { evidence, fix });
          }
          const declared = found.metadata.generation;
          const seen = ready.observedGeneration ?? found.status?.observedGeneration;
          if (declared !== undefined && seen !== undefined && seen < declared) {
            return fail(`${actual}, but of generation ${seen}; ${declared} is declared`, { fix });
          }
          return pass(actual);
        },
      })),
  },
];

/**
 * Every runtime namespace runs its components.
 *
 * The condition Ready of a SeldonRuntime alone proves nothing: it compares ready with wanted replicas, and right after
 * creation both are 0 (Seldon Core 2.10.2, `seldonruntime_types.go`). So the workloads themselves are looked at.
 */
import type { Check } from "../check";
import { type Conditioned, conditionOf, showCondition } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { SELDON_CRDS, seldonCrds } from "../criteria/seldon-crds";
import { fail, pass } from "../verdict";
import { storageClass } from "./storage-class";
import { workloadExpectation } from "./workload";

export const seldonRuntimeReady = (context: CheckContext): Check[] => [
  ...storageClass(context),
  seldonCrds(context),
  {
    id: "seldon-workloads",
    title: "Seldon's components run",
    proves: "scheduler, Envoy and what the profile adds exist in every runtime namespace with all replicas ready",
    needs: [SELDON_CRDS],
    expectations: () =>
      context.subject.namespaces.flatMap((namespace) =>
        context.subject.workloads.map((workload) => workloadExpectation(context, namespace, workload)),
      ),
  },
  runtimeCondition(context),
];

function runtimeCondition(context: CheckContext): Check {
  return {
    id: "seldon-runtimes",
    title: "The SeldonRuntimes are Ready",
    proves: "the operator agrees that every component of every runtime is ready",
    needs: ["seldon-workloads"],
    expectations: () =>
      context.subject.namespaces.map((namespace) => ({
        target: `SeldonRuntime in ${namespace}`,
        expected: "one SeldonRuntime, Ready=True",
        repeat: context.kubectl("-n", namespace, "get seldonruntime -o yaml"),
        probe: async (signal) => {
          const fix = context.kubectl("-n", namespace, "describe seldonruntime");
          const runtimes = await context.api.list<Conditioned>(PATHS.seldonRuntimes(namespace), signal);
          const [runtime] = runtimes;
          if (runtime === undefined || runtimes.length > 1) return fail(`there are ${runtimes.length}`, { fix });
          const actual = showCondition("Ready", conditionOf(runtime, "Ready"));
          if (conditionOf(runtime, "Ready")?.status === "True") return pass(actual);
          const evidence = (runtime.status?.conditions ?? []).map((one) => showCondition(one.type, one));
          return fail(actual, { evidence, fix });
        },
      })),
  };
}

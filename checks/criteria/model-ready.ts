/** Success criterion (b): the smoke Model is Ready, and those of tenants that have one. */
import type { Check } from "../check";
import { type Conditioned, conditionOf, showCondition } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import { quote, type CheckContext } from "../context";
import { provingModels } from "../subject";
import { fail, pass } from "../verdict";
import { SELDON_CRDS } from "./seldon-crds";

export const MODEL_READY = "model-ready";

export function modelReady(context: CheckContext): Check {
  return {
    id: MODEL_READY,
    title: "The smoke Model is Ready",
    proves: "the scheduler placed the Model on a server and the server loaded it",
    needs: [SELDON_CRDS],
    expectations: () =>
      provingModels(context.subject).map(({ namespace, name }) => ({
        target: `Model ${namespace}/${name}`,
        expected: "Ready=True",
        repeat: context.kubectl("-n", namespace, "get model", quote(name), "-o yaml"),
        probe: async (signal) => {
          const model = await context.api.find<Conditioned>(`${PATHS.models(namespace)}/${name}`, signal);
          if (model === undefined) {
            return fail("there is no such Model", { fix: `pulumi up -s ${context.subject.stack}` });
          }
          const ready = conditionOf(model, "Ready");
          const actual = showCondition("Ready", ready);
          if (ready?.status === "True") return pass(actual);
          const others = (model.status?.conditions ?? []).filter(({ type }) => type !== "Ready");
          return fail(actual, {
            evidence: others.map((condition) => showCondition(condition.type, condition)),
            fix: context.kubectl("-n", namespace, "logs statefulset/seldon-scheduler --tail 50"),
          });
        },
      })),
  };
}

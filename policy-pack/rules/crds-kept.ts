import { chartOf } from "../charts";
import { type JudgedResource, kindOf, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type Fault, type ResourceRule } from "../rule";

/** How a chart's CustomResourceDefinitions outlive its release. */
type Keeping = "retain" | "value";

/**
 * Charts whose CRDs are templates, so that uninstalling the release deletes them, and with them every object of their kinds.
 * Charts not named here have theirs in `crds/`, which Helm never deletes (tigera-operator, strimzi-kafka-operator), or none.
 */
export const CRD_CHARTS: Readonly<Record<string, Keeping>> = {
  "seldon-core-v2-crds": "retain",
  "crd.projectcalico.org.v1": "retain",
  "cert-manager": "value",
};

function* judgeRetained({ retainOnDelete, protect }: JudgedResource): Generator<Fault> {
  const at = "options.retainOnDelete";
  if (retainOnDelete === true || (retainOnDelete === undefined && protect)) return;
  if (retainOnDelete === undefined) {
    yield cannotJudge(at, "the engine shows this option to no policy; `npm run plan` judges it");
  } else
    yield { at, problem: "is not set, so that deleting the release deletes the CRDs and every object of their kinds" };
}

function* judgeValue({ inputs }: JudgedResource): Generator<Fault> {
  const [enabled, keep] = [valueAt(inputs, "values.crds.enabled"), valueAt(inputs, "values.crds.keep")];
  if (enabled === UNKNOWN || keep === UNKNOWN) yield cannotJudge("values.crds.keep", "whether the CRDs are kept");
  // The chart's default is to keep them.
  else if (enabled === true && keep === false) {
    yield { at: "values.crds.keep", problem: "is false, so that uninstalling the release deletes every certificate" };
  }
}

/** Definitions outlive what installed them. */
export const crdsKept: ResourceRule = {
  id: "crds-kept",
  what: "No CustomResourceDefinition is deleted together with the resource that brought it.",
  why: "Deleting a definition deletes every object of its kind at once, in every namespace: models, servers, address pools, policies. There is no way back but a restore of etcd.",
  fix: "Leave retainOnDelete on the release (cert-manager: crds.keep). To remove definitions on purpose, delete them by hand once `kubectl get <kind> -A` shows none.",
  enforcement: "mandatory",
  *judge(resource) {
    if (kindOf(resource) === "CustomResourceDefinition") {
      yield* judgeRetained(resource);
      return;
    }
    const chart = chartOf(resource);
    if (chart === UNKNOWN) {
      yield cannotJudge("chart", "whether it brings CustomResourceDefinitions");
      return;
    }
    const keeping = chart === undefined ? undefined : CRD_CHARTS[chart.name];
    if (keeping === "retain") yield* judgeRetained(resource);
    if (keeping === "value") yield* judgeValue(resource);
  },
};

/**
 * What kube-state-metrics is asked to tell of custom resources: the conditions of Models, Servers and TigeraStatus, the
 * only place where "schedule failed" and "Calico is degraded" can be read as metrics.
 *
 * kube-state-metrics reads it as `--custom-resource-state-config-file`; a condition's True counts as 1, False and
 * Unknown as 0 (v2.20, `pkg/customresourcestate/registry_factory.go`). It needs the right to list and watch these
 * resources, which its owner gives it: docs/observability.md.
 */
import { CONDITION_METRICS } from "./metrics/cluster";

/** A kind with conditions in its status. */
interface Watched {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly metric: string;
  readonly help: string;
  /** @default true */
  readonly namespaced?: boolean;
  /** Field of a condition that is a label too. Only one with few values. */
  readonly state?: string;
}

/** Plurals are what kube-state-metrics derives itself, but for the last one. */
const WATCHED: readonly Watched[] = [
  {
    group: "mlops.seldon.io",
    version: "v1alpha1",
    kind: "Model",
    metric: CONDITION_METRICS.model,
    help: "Conditions of Seldon Models; the label state is the scheduler's word, such as ScheduleFailed.",
    // The operator writes the state as the message and the text as the reason (2.10.2, `model_conditions.go`).
    state: "message",
  },
  {
    group: "mlops.seldon.io",
    version: "v1alpha1",
    kind: "Server",
    metric: CONDITION_METRICS.server,
    help: "Conditions of Seldon Servers.",
  },
  {
    group: "operator.tigera.io",
    version: "v1",
    kind: "TigeraStatus",
    metric: CONDITION_METRICS.tigeraStatus,
    help: "Conditions of Calico's components.",
    namespaced: false,
  },
];

const resource = ({ group, version, kind, metric, help, namespaced = true, state }: Watched) => ({
  groupVersionKind: { group, version, kind },
  // Written out: kube-state-metrics guesses plurals, and this word ends in -us.
  ...(kind === "TigeraStatus" ? { resourcePlural: "tigerastatuses" } : {}),
  metricNamePrefix: "",
  labelsFromPath: { name: ["metadata", "name"], ...(namespaced ? { namespace: ["metadata", "namespace"] } : {}) },
  metrics: [
    {
      name: metric,
      help,
      each: {
        type: "Gauge",
        gauge: {
          path: ["status", "conditions"],
          labelsFromPath: { type: ["type"], ...(state === undefined ? {} : { state: [state] }) },
          valueFrom: ["status"],
        },
      },
    },
  ],
});

/** The configuration file, as an object. */
export const customResourceState = () => ({
  kind: "CustomResourceStateMetrics",
  spec: { resources: WATCHED.map(resource) },
});

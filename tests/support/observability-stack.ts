import { stackSchema } from "../../config/schema";
import type { StackConfig } from "../../config/schema";
import { PIPELINES } from "./seldon-stack";

type Raw = Record<string, unknown>;

/** A stack that is watched; each argument replaces or adds one section's keys. */
export function watchedStack(
  sections: { observability?: Raw; seldon?: Raw; calico?: Raw; cni?: Raw } = {},
): StackConfig {
  return stackSchema.parse({
    cluster: {
      name: "test",
      kubeconfigFile: "kubeconfig",
      uid: "2f6a9f0e-3c51-4f0c-9a5e-6a2d3f1b7c11",
      endpoint: "https://192.0.2.10:6443",
    },
    network: { nodeCidrs: ["192.0.2.0/24"] },
    policies: { monitoringNamespace: "monitoring" },
    calico: sections.calico ?? {},
    cni: sections.cni ?? {},
    seldon: sections.seldon ?? {},
    observability: { mode: "prometheus-operator", ...sections.observability },
  });
}

/** Everything that can be watched. */
export const everything = (observability: Raw = {}): StackConfig =>
  watchedStack({
    seldon: PIPELINES,
    calico: { version: "3.32.1" },
    observability: { stateMetrics: "custom-resources", goldmane: { enabled: true }, ...observability },
  });

import { stackSchema } from "../../config/schema";
import type { StackConfig } from "../../config/schema";

type Raw = Record<string, unknown>;

/** A small valid stack with everything else at its default; each argument replaces or adds one section's keys. */
export function seldonStack(sections: { seldon?: Raw; policies?: Raw; network?: Raw } = {}): StackConfig {
  return stackSchema.parse({
    cluster: {
      name: "test",
      kubeconfigFile: "kubeconfig",
      uid: "2f6a9f0e-3c51-4f0c-9a5e-6a2d3f1b7c11",
      endpoint: "https://192.0.2.10:6443",
    },
    network: { nodeCidrs: ["192.0.2.0/24"], ...sections.network },
    seldon: sections.seldon ?? {},
    policies: sections.policies ?? {},
  });
}

/** Settings of the pipelines profile with brokers inside the cluster. */
export const PIPELINES: Raw = {
  profile: "pipelines",
  kafka: { bootstrap: "seldon-kafka-bootstrap.kafka:9093", namespace: "kafka" },
};

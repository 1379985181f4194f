import { stackSchema } from "../../config/schema";
import type { StackConfig } from "../../config/schema";

type Raw = Record<string, unknown>;

/** A small valid stack with these sections and everything else at its default. */
export const edgeStack = (sections: { seldon?: Raw; ingress?: Raw } = {}): StackConfig =>
  stackSchema.parse({
    cluster: {
      name: "test",
      kubeconfigFile: "kubeconfig",
      uid: "2f6a9f0e-3c51-4f0c-9a5e-6a2d3f1b7c11",
      endpoint: "https://192.0.2.10:6443",
    },
    network: { nodeCidrs: ["192.0.2.0/24"] },
    seldon: { namespace: "models", ...sections.seldon },
    ingress: sections.ingress ?? {},
  });

/** Pipelines over a Kafka cluster that the stack declares. */
export const STRIMZI: Raw = { profile: "pipelines", kafka: { strimzi: {} } };

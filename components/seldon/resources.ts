/** Custom resources and Secrets that the stack declares itself, as plain objects. */
import type { SmokeModel } from "../../config/runtimes";
import { labels } from "../component";
import { KAFKA_PASSWORD_KEY, KAFKA_SECRET } from "./values";

/** Group and version of all Seldon Core v2 custom resources. */
export const API_VERSION = "mlops.seldon.io/v1alpha1";

/** Name, place and our label of an object. */
export interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
}

/** The Model that proves a deployment. */
export interface ModelResource {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Model";
  readonly metadata: Metadata;
  readonly spec: {
    readonly storageUri: string;
    readonly requirements: readonly string[];
    readonly memory: string;
    readonly replicas: number;
  };
}

/** The smoke Model. */
export function smokeModelResource(namespace: string, model: SmokeModel): ModelResource {
  const { name, storageUri, requirements, memory } = model;
  return {
    apiVersion: API_VERSION,
    kind: "Model",
    metadata: { name, namespace, labels: labels() },
    spec: { storageUri, requirements, memory, replicas: 1 },
  };
}

/** The Kafka password's Secret without the password, and the key under which it belongs. */
export const kafkaSecret = (namespace: string): { metadata: Metadata; key: string } => ({
  metadata: { name: KAFKA_SECRET, namespace, labels: labels() },
  key: KAFKA_PASSWORD_KEY,
});

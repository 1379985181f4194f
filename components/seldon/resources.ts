/** Custom resources and Secrets that the stack declares itself, as plain objects. */
import type { SmokeModel } from "../../config/runtimes";
import type { SeldonServer } from "../../config/schema";
import { labels } from "../component";
import { KAFKA_PASSWORD_KEY, KAFKA_SECRET } from "./values";

/** Group and version of all Seldon Core v2 custom resources. */
export const API_VERSION = "mlops.seldon.io/v1alpha1";

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
}

/** A Server: a StatefulSet of inference servers with their agents. */
export interface ServerResource {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Server";
  readonly metadata: Metadata;
  readonly spec: {
    readonly serverConfig: SeldonServer["config"];
    readonly replicas: number;
    readonly extraCapabilities?: readonly string[];
    readonly podSpec: { readonly containers: readonly [InferenceContainer] };
  };
}

interface InferenceContainer {
  readonly name: string;
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string };
    readonly limits: { readonly memory: string };
  };
}

/**
 * Name of the inference container in each ServerConfig. The operator merges containers by name and appends one that it
 * does not know as a fourth, which would claim the same ports (2.10.2, `patch_utils.go` MergeContainers).
 */
const INFERENCE_CONTAINER: Readonly<Record<SeldonServer["config"], string>> = {
  mlserver: "mlserver",
  triton: "triton",
};

/**
 * A Server. The agent reports the memory request of its inference container to the scheduler as the capacity for models,
 * so that request and limit are the server's size. Replicas are bounded by nothing else: without minReplicas and
 * maxReplicas the operator accepts any number.
 */
export function serverResource(namespace: string, server: SeldonServer): ServerResource {
  const { name, config, replicas, memory, cpu, capabilities } = server;
  return {
    apiVersion: API_VERSION,
    kind: "Server",
    metadata: { name, namespace, labels: labels() },
    spec: {
      serverConfig: config,
      replicas,
      ...(capabilities.length > 0 ? { extraCapabilities: capabilities } : {}),
      podSpec: {
        containers: [
          { name: INFERENCE_CONTAINER[config], resources: { requests: { cpu, memory }, limits: { memory } } },
        ],
      },
    },
  };
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

/** The section about Seldon Core: part of `config/schema.ts`. */
import { z } from "zod";
import { SELDON_VERSIONS } from "./compatibility";
import { kafka } from "./schema-kafka";
import { tls } from "./schema-tls";
import { dnsLabel, dnsSubdomain, hostPort, quantity } from "./values";

export const server = z.strictObject({
  name: dnsLabel.describe("Name of the Server resource and of its StatefulSet."),
  config: z.enum(["mlserver", "triton"]).default("mlserver").describe("ServerConfig that the Server is made from."),
  replicas: z.int().min(0).max(1000).default(1).describe("Number of server pods."),
  memory: quantity
    .default("1Gi")
    .describe("Memory request and limit of the inference container; the scheduler places models by it."),
  cpu: quantity.default("500m").describe("CPU request of the inference container."),
  capabilities: z
    .array(z.string())
    .default([])
    .describe("Capabilities beyond those of the ServerConfig (Server `extraCapabilities`)."),
});

const quota = z.strictObject({
  cpu: quantity.optional().describe("Sum of the CPU requests of all pods of the namespace (`requests.cpu`)."),
  memory: quantity
    .optional()
    .describe(
      "Sum of the memory requests, and of the memory limits, of all pods (`requests.memory`, `limits.memory`).",
    ),
  pods: z.int().min(1).max(10000).optional().describe("Number of pods."),
  storage: quantity.optional().describe("Sum of what all volume claims ask for (`requests.storage`)."),
  volumeClaims: z.int().min(0).max(10000).optional().describe("Number of volume claims."),
  publishedServices: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      "Number of Services of type LoadBalancer, and of type NodePort: K3s' ServiceLB publishes each of them on every node.",
    ),
});

const limits = z.strictObject({
  defaultMemory: quantity
    .default("256Mi")
    .describe("Memory request and limit of a container that names none; a memory quota refuses it otherwise."),
  defaultCpu: quantity
    .default("100m")
    .describe("CPU request of a container that names none. No CPU limit comes with it, so nothing is throttled."),
  maxMemory: quantity.optional().describe("Largest memory limit that a container may ask for."),
});

const podSecurity = z
  .enum(["privileged", "baseline", "restricted"])
  .describe(
    "Pod Security level that the API server enforces in the namespace (label `pod-security.kubernetes.io/enforce`).",
  );

const host = dnsSubdomain.describe("Host name under which the ingress leads to the runtime of the namespace.");

const tenant = z.strictObject({
  namespace: dnsLabel.describe("The namespace."),
  servers: z.array(server).min(1).optional().describe("Inference servers. Default: seldon.servers."),
  quota: quota.optional().describe("Default: seldon.quota."),
  limits: limits.optional().describe("Default: seldon.limits."),
  podSecurity: podSecurity.optional().describe("Default: seldon.podSecurity."),
  host: host.optional(),
  smokeModel: z
    .strictObject({
      name: dnsLabel.optional().describe("Name of the Model."),
      storageUri: z.string().min(1).optional().describe("Where the artefact is."),
      requirements: z.array(z.string()).min(1).optional().describe("Capabilities that a server must have."),
      memory: quantity.optional().describe("Memory that the scheduler reserves for the model."),
    })
    .optional()
    .describe("A small Model that proves this tenant too; what it leaves out is as in seldon.smokeModel."),
});

export const seldon = z.strictObject({
  version: z.enum(SELDON_VERSIONS).default("2.10.2").describe("Seldon Core v2 version: images and charts."),
  allowUntestedKubernetes: z
    .boolean()
    .default(false)
    .describe("Accept a Kubernetes newer than the 1.33 that Seldon documents."),
  namespace: dnsLabel.default("financial-ml").describe("Namespace of the first runtime."),
  operatorNamespace: dnsLabel
    .optional()
    .describe(
      "Namespace of the operator. Default: seldon.namespace. A namespace of its own makes the operator cluster-wide.",
    ),
  tenants: z
    .array(tenant)
    .default([])
    .describe(
      "Further namespaces, each with its own runtime, servers and policies. Any tenant makes the operator cluster-wide: it watches the runtime namespaces and no other.",
    ),
  quota: quota.optional().describe("ResourceQuota of every runtime namespace. Default: none."),
  limits: limits.optional().describe("LimitRange of every runtime namespace. Default: none."),
  podSecurity: podSecurity.optional(),
  host: host.optional(),
  profile: z
    .enum(["models", "pipelines"])
    .default("models")
    .describe("`models` runs no Kafka component (saves 5 GB); `pipelines` needs the `kafka` section."),
  kafka: kafka.optional().describe("Kafka for the pipelines profile."),
  tls: tls.prefault({}).describe("Certificates between Seldon's own components."),
  servers: z
    .array(server)
    .min(1)
    .default([{ name: "mlserver", config: "mlserver", replicas: 1, memory: "1Gi", cpu: "500m", capabilities: [] }])
    .describe("Inference servers of every runtime namespace."),
  smokeModel: z
    .strictObject({
      name: dnsLabel.default("test-model-simple").describe("Name of the Model."),
      storageUri: z
        .string()
        .min(1)
        .default("gs://seldon-models/scv2/samples/mlserver_1.6.0/iris-sklearn")
        .describe("Where rclone finds the artefact."),
      requirements: z.array(z.string()).min(1).default(["sklearn"]).describe("Capabilities that a server must have."),
      memory: quantity.default("100Ki").describe("Memory that the scheduler reserves for the model."),
    })
    .prefault({})
    .describe("The small model that proves a deployment; in the first runtime, and in tenants that have a smokeModel."),
  tracing: z
    .strictObject({
      endpoint: hostPort.describe("OpenTelemetry collector as host:port (gRPC)."),
      ratio: z.number().min(0).max(1).default(0.05).describe("Share of traces kept, 0 to 1."),
      namespace: dnsLabel.optional().describe("Namespace of a collector inside the cluster, for the network policies."),
    })
    .optional()
    .describe("Tracing is off unless this section exists."),
  storageClass: z
    .string()
    .optional()
    .describe(
      "StorageClass of model and scheduler volumes; the charts take the cluster's default, so this is checked, not set.",
    ),
});

/** The section about Seldon Core: part of `config/schema.ts`. */
import { z } from "zod";
import { SELDON_VERSIONS } from "./compatibility";
import { kafka } from "./schema-kafka";
import { agent, mlserver, server, triton } from "./schema-servers";
import { storage } from "./schema-storage";
import { host, limits, podSecurity, quota, tenant } from "./schema-tenants";
import { tls } from "./schema-tls";
import { dnsLabel, dnsSubdomain, hostPort, quantity } from "./values";

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
  podSecurity: podSecurity
    .default("baseline")
    .describe(
      "Pod Security level that the API server enforces for new pods of every runtime namespace. `restricted` also gives every container of a runtime the settings that the level asks for.",
    ),
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
    .prefault([{ name: "mlserver" }])
    .describe("Inference servers of every runtime namespace."),
  agent: agent.prefault({}).describe("Agents of all inference servers."),
  mlserver: mlserver.prefault({}).describe("What all MLServers share."),
  triton: triton.prefault({}).describe("What all Tritons share."),
  envoy: z
    .strictObject({
      replicas: z
        .int()
        .min(1)
        .max(100)
        .default(1)
        .describe(
          "Pods of Envoy, through which every inference goes, on different nodes where possible; two or more get a PodDisruptionBudget. The scheduler cannot have more than one.",
        ),
    })
    .prefault({})
    .describe("The data plane of every runtime."),
  storage: storage.prefault({}).describe("Where models come from."),
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
  storageClass: dnsSubdomain
    .default("local-path")
    .describe(
      "Default StorageClass of the cluster. The charts name none, so that the volumes of scheduler and servers get the default one: this is checked, not set. Default: K3s' own `local-path`, whose volumes stay on the node where they were made.",
    ),
  values: z
    .strictObject({
      setup: z.record(z.string(), z.unknown()).default({}).describe("Values of seldon-core-v2-setup."),
      runtime: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Values of seldon-core-v2-runtime, for every runtime."),
    })
    .prefault({})
    .describe(
      "Values that the charts read and no key here decides, such as images of a private registry. Refused are paths that no template reads, and those that a key here decides. In clear text: no place for secrets.",
    ),
});

/** What a namespace with a runtime may use and hold: part of `config/schema-seldon.ts`. */
import { z } from "zod";
import { server } from "./schema-servers";
import { dnsLabel, dnsSubdomain, quantity } from "./values";

export const quota = z.strictObject({
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

export const limits = z.strictObject({
  defaultMemory: quantity
    .default("256Mi")
    .describe("Memory request and limit of a container that names none; a memory quota refuses it otherwise."),
  defaultCpu: quantity
    .default("100m")
    .describe("CPU request of a container that names none. No CPU limit comes with it, so nothing is throttled."),
  maxMemory: quantity.optional().describe("Largest memory limit that a container may ask for."),
});

export const podSecurity = z
  .enum(["privileged", "baseline", "restricted"])
  .describe(
    "Pod Security level that the API server enforces in the namespace (label `pod-security.kubernetes.io/enforce`).",
  );

export const host = dnsSubdomain.describe("Host name under which the ingress leads to the runtime of the namespace.");

export const tenant = z.strictObject({
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

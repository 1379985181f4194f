/** Inference servers: part of `config/schema-seldon.ts`. */
import { z } from "zod";
import { absolutePath, dnsLabel, quantity } from "./values";

const modelVolume = z.strictObject({
  claim: dnsLabel.describe(
    "PersistentVolumeClaim of the namespace that holds models; it must exist, the stack makes none.",
  ),
  path: absolutePath
    .default("/var/models")
    .describe("Where rclone sees the volume; a Model in it has the `storageUri` `<path>/<folder>`."),
});

const toleration = z.strictObject({
  key: z.string().min(1).describe("Key of the taint."),
  value: z.string().optional().describe("Value of the taint. Default: any."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("Effect of the taint. Default: any."),
});

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
  autoscaling: z
    .strictObject({
      minReplicas: z.int().min(1).max(1000).describe("Fewest pods; what the Server starts with."),
      maxReplicas: z.int().min(1).max(1000).describe("Most pods."),
    })
    .optional()
    .describe(
      "Let Seldon's scheduler set the number of pods, as its Models ask for replicas; `replicas` is not used then. Default: `replicas` stays.",
    ),
  spread: z
    .enum(["prefer", "require", "none"])
    .default("prefer")
    .describe(
      "Pods of the Server on different nodes: where possible, or else Pending (`require`). Without effect for a Server of one pod.",
    ),
  maxUnavailable: z
    .int()
    .min(0)
    .max(1000)
    .default(1)
    .describe(
      "How many pods a drain or another eviction may take at a time (PodDisruptionBudget, for Servers of two pods or more); 0 forbids it.",
    ),
  nodeSelector: z
    .record(z.string(), z.string())
    .default({})
    .describe("Labels that the node must have. A volume of local-path keeps a pod on its first node anyway."),
  tolerations: z.array(toleration).default([]).describe("Taints that the pods stand."),
  gpus: z.int().min(0).max(64).default(0).describe("GPUs of each inference container (`nvidia.com/gpu`)."),
  runtimeClass: dnsLabel.optional().describe("RuntimeClass of the pods; `nvidia` is K3s' own for GPUs. Default: none."),
  modelVolume: modelVolume
    .optional()
    .describe("A volume with models, for sites without object storage. Default: none."),
});

/** What holds for every agent; the chart's own values where nothing else is said (setup chart 2.9.1 and 2.10.2). */
export const agent = z.strictObject({
  patienceSeconds: z
    .int()
    .min(30)
    .max(3600)
    .default(300)
    .describe(
      "How long an agent may find its inference server gone before it gives up, for ever: its pod stays 2/3 until it is deleted. The chart's 30 are too few for a server that restarts after running out of memory.",
    ),
  startMinutes: z
    .int()
    .min(1)
    .max(240)
    .default(15)
    .describe("How long an agent waits for its inference server and rclone when the pod starts, in minutes."),
  loadMinutes: z
    .int()
    .min(1)
    .max(1440)
    .default(120)
    .describe("How long loading one model may take, download included, in minutes."),
  loadRetries: z.int().min(0).max(100).default(5).describe("How often loading a model is tried again."),
  unloadMinutes: z.int().min(1).max(1440).default(15).describe("How long unloading one model may take, in minutes."),
  unloadGraceSeconds: z
    .int()
    .min(0)
    .max(3600)
    .default(2)
    .describe("How long a model stays after the routes to it went, in seconds."),
  overcommitPercent: z
    .int()
    .min(0)
    .max(1000)
    .default(10)
    .describe(
      "How much more memory than its own a server offers to models, in percent; those used least are unloaded when it runs out.",
    ),
  memory: quantity.default("1Gi").describe("Memory request and limit of each agent."),
});

const modelStorage = quantity
  .default("1Gi")
  .describe(
    "Size of each server pod's volume: it holds a copy of every model that the pod serves. StatefulSets cannot change it later.",
  );

/** ServerConfig `mlserver`. */
export const mlserver = z.strictObject({
  modelStorage,
  parallelWorkers: z
    .int()
    .min(0)
    .max(128)
    .default(1)
    .describe(
      "Processes that infer beside the main one; each loads every model, which takes that much more memory. 0 infers in the main process. From Seldon Core 2.10 on.",
    ),
});

/** ServerConfig `triton`. */
export const triton = z.strictObject({ modelStorage });

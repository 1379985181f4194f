/**
 * The shape of a stack's configuration: every key with its meaning, unit, default and bounds.
 *
 * Pulumi.yaml declares the same top-level keys for the Pulumi CLI, which knows only shallow types; this schema is the
 * strict one. What one value alone can get wrong is refused here; what two values get wrong together is refused by
 * the rules in `config/rules/`. Both report every fault at once (see `config/parse.ts`).
 */
import { z } from "zod";
import { calico } from "./schema-calico";
import { charts } from "./schema-charts";
import { cluster, cni, k3s, network } from "./schema-cluster";
import { drift } from "./schema-drift";
import { type host, hosts } from "./schema-hosts";
import { ingress } from "./schema-ingress";
import { observability } from "./schema-observability";
import { policies } from "./schema-policies";
import { seldon } from "./schema-seldon";
import type { server } from "./schema-servers";

const validation = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Run the success criteria at the end of every `up` that changes what they prove."),
  timeoutSeconds: z
    .int()
    .min(10)
    .max(3600)
    .default(300)
    .describe("Bound of each readiness gate and of the validation, in seconds."),
  probePods: z
    .boolean()
    .default(true)
    .describe(
      "Start short-lived pods that wear the components' labels, to probe policies and pod addresses. Off: those criteria are skipped.",
    ),
  probeImage: z
    .string()
    .min(1)
    .optional()
    .describe("Image with busybox for these pods. Default: hosts.probeImage, without hosts its default."),
});

export const stackSchema = z.strictObject({
  cluster: cluster.describe("Which cluster this stack owns and how to reach it."),
  k3s: k3s.prefault({}).describe("K3s server settings."),
  network: network.describe("Address ranges and MTU."),
  cni: cni.prefault({}).describe("Which CNI runs, and which one is being left."),
  calico: calico.prefault({}).describe("Calico by the Tigera operator."),
  hosts: hosts
    .optional()
    .describe("The machines. Without them the cluster exists already and only objects inside it are managed."),
  seldon: seldon.prefault({}).describe("Seldon Core v2."),
  ingress: ingress.prefault({}).describe("The way in to the models from outside the cluster."),
  policies: policies.prefault({}).describe("NetworkPolicies."),
  observability: observability.prefault({}).describe("Metrics, alerts and dashboards."),
  charts: charts.prefault({}).describe("Where the Helm charts are."),
  validation: validation.prefault({}).describe("Readiness gates and success criteria."),
  drift: drift.prefault({}).describe("What `npm run drift` accepts."),
  protect: z
    .boolean()
    .default(true)
    .describe("Protect namespaces and CRDs from deletion. Off only where a cluster is thrown away."),
});

/** A stack's configuration with all defaults filled in. */
export type StackConfig = z.infer<typeof stackSchema>;
export type Host = z.infer<typeof host>;
export type Cni = StackConfig["cni"]["provider"];
export type SeldonServer = z.infer<typeof server>;
/** One accepted difference. */
export type AllowedDrift = StackConfig["drift"]["allow"][number];

/** Top-level keys that hold secrets. Pulumi encrypts them; they are read apart from the rest and stay `Output`s. */
export const SECRET_KEYS = {
  k3sToken: "Token by which servers and agents join (K3s `token`). Without it the first server makes one.",
  etcdS3AccessKey: "Access key id by which K3s writes etcd snapshots to the bucket of k3s.etcdSnapshots.s3.",
  etcdS3SecretKey: "Secret access key that belongs to etcdS3AccessKey.",
  storageCredentials:
    "Credentials of `seldon.storage.remotes`: JSON, by name of the remote and parameter of rclone's backend.",
  kafkaPassword: "SASL password for Kafka (pipelines profile with SASL_SSL).",
  calicoPullSecret: "Content of a .dockerconfigjson for the registry of Calico's images (calico.registry).",
} as const;
export type SecretKey = keyof typeof SECRET_KEYS;

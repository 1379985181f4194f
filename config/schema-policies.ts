/** The section about who may talk to whom: part of `config/schema.ts`. */
import { z } from "zod";
import { cidr, dnsLabel } from "./values";

export const policies = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Default deny and the flow table's allow rows in every namespace of ours."),
  clients: z
    .array(
      z.strictObject({
        namespace: dnsLabel.describe("Namespace of pods that may call models."),
        podLabels: z
          .record(z.string(), z.string())
          .default({})
          .describe("Only pods with these labels; all pods of the namespace when empty."),
      }),
    )
    .optional()
    .describe("Who may send inference requests to Envoy. Default: the pods of the ingress (ingress.provider)."),
  monitoringNamespace: dnsLabel.optional().describe("Namespace of Prometheus; its scrapes are allowed when set."),
  storage: z
    .strictObject({
      cidrs: z
        .array(cidr)
        .default(["0.0.0.0/0"])
        .describe(
          "Object storage addresses that model servers may reach. Pod, service and node ranges are always cut out.",
        ),
      ports: z.array(z.int().min(1).max(65535)).min(1).default([443]).describe("TCP ports of the object storage."),
    })
    .prefault({})
    .describe("Way out for model artefacts."),
});

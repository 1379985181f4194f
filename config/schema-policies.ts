/** The section about who may talk to whom: part of `config/schema.ts`. */
import { z } from "zod";
import { cidr, dnsLabel, dnsSubdomain } from "./values";

/**
 * A tier of Calico's. Its default action is Pass, so that an empty tier changes nothing; the operator's own tier has
 * order 100, Kubernetes' policies are in the tier `default` with order 1,000,000 (Calico 3.31 and 3.32, `v3/tier.go`).
 */
const tier = (order: number, meaning: string) =>
  z
    .strictObject({
      order: z
        .int()
        .min(101)
        .max(999_999)
        .default(order)
        .describe("Place among the tiers: a lower one is asked first. The operator's is 100, `default` 1,000,000."),
      owners: z
        .array(z.string().min(1))
        .default([])
        .describe(
          "Groups of users (as the API server knows them) that may write policies of this tier, and of no other, through the API projectcalico.org.",
        ),
    })
    .optional()
    .describe(meaning);

const storageSet = z.strictObject({
  name: dnsLabel.describe("Name of the set; the GlobalNetworkSet is `seldon-storage-<name>`."),
  hosts: z
    .array(dnsSubdomain)
    .min(1)
    .describe("DNS names that the addresses belong to. Nothing resolves them: they say whose addresses these are."),
  cidrs: z.array(cidr).min(1).describe("Addresses behind these names, outside the cluster."),
});

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
        .optional()
        .describe(
          "Object storage addresses that model servers may reach. Pod, service and node ranges are always cut out. Default: every address outside the cluster, or none where `service` or `sets` name the storage.",
        ),
      ports: z
        .array(z.int().min(1).max(65535))
        .min(1)
        .default([443])
        .describe(
          "TCP ports of the object storage; of a Service inside the cluster the container's, such as 9000 of MinIO.",
        ),
      service: z
        .strictObject({
          namespace: dnsLabel.describe("Namespace of the pods behind the Service."),
          podLabels: z
            .record(z.string(), z.string())
            .default({})
            .describe("Labels of these pods (the Service's selector); all pods of the namespace when empty."),
        })
        .optional()
        .describe("Object storage inside the cluster, such as MinIO."),
      sets: z
        .array(storageSet)
        .default([])
        .describe(
          "Addresses by the DNS names that they belong to, kept in GlobalNetworkSets: whoever maintains a set needs to touch no policy. Calico only.",
        ),
    })
    .prefault({})
    .describe("Way out for model artefacts."),
  enforce: z
    .boolean()
    .optional()
    .describe(
      "Whether the policies act. Default: yes, but not in the namespaces of `takenOver`. Where they do not act they are staged on Calico (StagedKubernetesNetworkPolicy, seen in Whisker) and left out on Flannel, whose policy controller knows no staging. `npm run policies` says what acting would cut.",
    ),
  takenOver: z
    .array(dnsLabel)
    .default([])
    .describe(
      "Runtime namespaces that had pods before the stack came: nothing is closed there until `enforce` is true.",
    ),
  tiers: z
    .strictObject({
      platform: tier(200, "What no later tier may close: names. Holds the policy `platform.dns`."),
      security: tier(300, "For a security team's own policies: made empty, and theirs to fill."),
      application: tier(400, "For policies of application teams that come before Kubernetes' own: made empty."),
    })
    .prefault({})
    .describe("Tiers of Calico's, each made when it is named. They need Calico."),
  clusterDefaultDeny: z
    .strictObject({
      enforce: z
        .boolean()
        .default(false)
        .describe("Whether it acts. Off: it is staged, and Whisker shows what it would deny."),
      exempt: z
        .array(dnsLabel)
        .default([])
        .describe("Namespaces that stay open, beside those of Kubernetes and of Calico."),
    })
    .optional()
    .describe(
      "Deny what no policy allows to and from the pods of every namespace. Nodes and the namespaces of Kubernetes and Calico are left alone. Needs Calico.",
    ),
});

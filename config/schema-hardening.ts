/**
 * What makes a K3s cluster harder to break into, and its datastore easier to get back: part of the section `k3s` of
 * `config/schema.ts`. docs/hardening.md explains both.
 */
import { z } from "zod";
import { bucket, folder, region } from "./schema-bucket";
import { dnsLabel, httpsUrl } from "./values";

/**
 * Keys of `k3s` about hardening.
 *
 * Source: docs.k3s.io `security/hardening-guide`, tab "v1.29 and Newer" (read at k3s-io/docs 035acb0), which holds for K3s
 * 1.32 and newer and answers to the CIS Kubernetes benchmark 1.9 to 2.0.
 */
export const hardening = {
  hardening: z
    .enum(["none", "cis"])
    .optional()
    .describe(
      "`cis` follows K3s' CIS hardening guide on every machine: kernel values and `protect-kernel-defaults`, an audit log, EventRateLimit, Pod Security `restricted` where a namespace says nothing else. K3s restarts, one machine at a time. Default: `none`, as K3s comes.",
    ),
  podSecurityExemptions: z
    .array(dnsLabel)
    .optional()
    .describe(
      "With `hardening: cis`: further namespaces that Pod Security does not look at, whatever their labels say. kube-system and Calico's are exempt anyway; Seldon's have a level of their own (`seldon.podSecurity`). Default: none.",
    ),
};

/** Where K3s copies its etcd snapshots to. */
export const snapshotStore = z.strictObject({
  bucket: bucket.describe("Bucket that keeps the snapshots. It must exist; K3s removes old snapshots from it."),
  region: region.describe("Region of the bucket, or what the store at `endpoint` calls its region."),
  folder: folder
    .optional()
    .describe("Folder in the bucket, one a cluster. Default: the cluster's name (`cluster.name`)."),
  endpoint: httpsUrl
    .optional()
    .describe("Where a store that speaks S3 is reached, by https. Default: Amazon's own (s3.amazonaws.com)."),
  endpointCa: z
    .string()
    .regex(/^-----BEGIN CERTIFICATE-----\r?\n[^]+-----END CERTIFICATE-----\s*$/, {
      error: "expected certificates in PEM, beginning with -----BEGIN CERTIFICATE-----",
    })
    .optional()
    .describe("Certificates (PEM) of the CA that signed the endpoint's. Default: the machine's own CAs."),
  forcePathStyle: z
    .boolean()
    .optional()
    .describe(
      "Name the bucket in the path of the URL (true) or in the host name (false). Default: as K3s finds out by the endpoint.",
    ),
  retention: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      "How many scheduled snapshots of each server the bucket keeps. Default: `etcdSnapshots.retention`. K3s before v1.32.8, v1.33.4 and v1.34.0 keeps that number there and no other.",
    ),
});

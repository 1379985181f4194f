/** Where models come from: part of `config/schema-seldon.ts`. */
import { z } from "zod";
import { dnsLabel } from "./values";

const name = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,30}$/, {
    error: "expected lower-case letters and digits, a letter first: it is the scheme of a Model's storageUri",
  })
  .describe("Name of the remote: a Model finds it by `<name>://<bucket>/<path>` in its storageUri.");

const url = z.string().regex(/^https?:\/\/[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:\d{1,5})?$/, {
  error: "expected an http or https URL without a path, such as http://minio.minio.svc:9000",
});

const common = {
  name,
  namespaces: z
    .array(dnsLabel)
    .min(1)
    .optional()
    .describe("Runtimes that get the remote and its credentials. Default: every runtime."),
  parameters: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/), z.string())
    .default({})
    .describe("Further parameters of the rclone backend, in clear text; they win over those that the kind brings."),
};

/** One remote of rclone, by the kind of its storage. */
export const remote = z.discriminatedUnion("kind", [
  z.strictObject({
    ...common,
    kind: z.literal("s3").describe("Amazon S3."),
    region: z.string().min(1).describe("Region of the buckets, such as eu-central-1."),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("minio").describe("MinIO, or another server that speaks S3."),
    endpoint: url.describe("Address of the server."),
  }),
  z.strictObject({
    ...common,
    kind: z.literal("gcs").describe("Google Cloud Storage with a service account."),
  }),
]);

export const storage = z.strictObject({
  remotes: z
    .array(remote)
    .default([])
    .describe(
      "Object storages that need credentials, which are the secret key `storageCredentials`. The chart brings `gs`, the public buckets of Google Cloud Storage, by itself.",
    ),
});

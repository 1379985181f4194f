/** Where the copy goes, as the subject says it: a machine or a bucket. */
import { z } from "zod";
import { sshTargetSchema, word } from "../cli/subject";

/** As `components/node-network/subjects.ts` makes it. No credentials: those are the environment's. */
export const bucketSchema = z.strictObject({
  bucket: word,
  region: word.describe("Requests are signed for it."),
  prefix: word.describe("Folder in the bucket, without a slash at either end."),
  endpoint: z.url().optional().describe("URL of a store that is not Amazon's."),
  forcePathStyle: z.boolean().describe("The bucket is named in the URL's path, not in its host name."),
  kmsKeyId: word.optional().describe("Encryption by this KMS key. Absent: AES256."),
});
export type BucketTarget = z.infer<typeof bucketSchema>;

export const targetShape = {
  to: sshTargetSchema.optional().describe("The machine that keeps the copy."),
  s3: bucketSchema.optional().describe("The bucket that keeps the copy."),
};

/** `s3://...` as the AWS CLI names an object. */
export const objectUrl = ({ bucket }: BucketTarget, key: string): string => `s3://${bucket}/${key}`;

/** Where the bucket is, for messages. */
export const placeOf = ({ bucket, region, endpoint }: BucketTarget): string =>
  `bucket ${bucket} (${endpoint ?? `Amazon S3, ${region}`})`;

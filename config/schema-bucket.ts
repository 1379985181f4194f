/** How a bucket that speaks S3 is named: shared by the copies before a change and by K3s' own snapshots. */
import { z } from "zod";

/** Names that S3 allows for general-purpose buckets (Amazon S3 user guide, "Bucket naming rules"). */
export const bucket = z
  .string()
  .refine(
    (value) =>
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value) && !value.includes("..") && !/^\d+(\.\d+){3}$/.test(value),
    {
      error:
        "expected the name of a bucket: 3 to 63 lower-case letters, digits, dots or dashes, starting and ending with a letter or digit, no IP address",
    },
  );

/** Name of a region, as requests are signed for it. */
export const region = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, { error: "expected a region such as eu-central-1" });

/** A folder in a bucket. */
export const folder = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, {
  error: "expected a folder in the bucket, without a slash at either end, such as backups/prod",
});

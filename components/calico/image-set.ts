/** The `ImageSet` of a version: which bytes run, whatever a tag points to. Pure. */
import type { StackConfig } from "../../config/schema";

/** Name and spec of an ImageSet. */
export interface ImageSet {
  /** The operator takes only the one of its own release; where others exist and that one does not, it stops. */
  readonly name: string;
  readonly spec: { readonly images: readonly { readonly image: string; readonly digest: string }[] };
}

/** The ImageSet of the configuration; undefined without digests. Digests are the operator's of the stack, never ours. */
export function imageSet({ version, imageDigests }: StackConfig["calico"]): ImageSet | undefined {
  if (imageDigests === undefined) return undefined;
  const images = Object.entries(imageDigests.images)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([image, digest]) => ({ image, digest }));
  return { name: `calico-v${version}`, spec: { images } };
}

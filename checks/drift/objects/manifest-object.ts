/** An object of a release's manifest, as Helm makes it. Pure. */
import type { DeclaredObject, DeclaredRelease } from "./declared";
import { isTree, type Tree } from "../../../config/tree";

/**
 * Labels and annotations that Helm puts on every object although its manifest does not hold them, and by which it knows
 * its own again (Helm 3.2 and later, pkg/action/validate.go setMetadataVisitor).
 */
export const helmMetadata = ({ name, namespace }: Pick<DeclaredRelease, "name" | "namespace">) => ({
  labels: { "app.kubernetes.io/managed-by": "Helm" },
  annotations: { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace },
});

/** An object of a manifest as something that is declared. Helm puts those without a namespace into the release's. */
export function manifestObject(body: Tree, release: Pick<DeclaredRelease, "name" | "namespace">): DeclaredObject {
  const metadata = isTree(body["metadata"]) ? body["metadata"] : {};
  const { namespace } = metadata;
  const own = helmMetadata(release);
  const part = (key: string): Tree => (isTree(metadata[key]) ? metadata[key] : {});
  return {
    apiVersion: String(body["apiVersion"]),
    kind: String(body["kind"]),
    name: String(metadata["name"]),
    namespace: typeof namespace === "string" ? namespace : release.namespace,
    body: {
      ...body,
      metadata: {
        ...metadata,
        labels: { ...part("labels"), ...own.labels },
        annotations: { ...part("annotations"), ...own.annotations },
      },
    },
    withheld: [],
  };
}

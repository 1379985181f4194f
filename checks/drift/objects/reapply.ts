/** The commands that compare a release's manifest with the cluster, and write it again. Pure. */
import { type CheckContext, quote } from "../../context";
import { isTree } from "../../../config/tree";
import type { DeclaredRelease } from "./declared";
import { helmMetadata } from "./manifest-object";
import type { ReleaseRecord } from "./release-record";

type Named = Pick<DeclaredRelease, "name" | "namespace">;

const manifestBy = (context: CheckContext, { name, namespace }: Named): string =>
  `${context.helm(namespace)} get manifest ${name}`;

/** Shows what differs. */
export const diffOf = (context: CheckContext, release: Named): string =>
  `${manifestBy(context, release)} | ${context.kubectl(...home(release), "diff --server-side --force-conflicts -f -")}`;

/**
 * Writes every object as Helm wrote it, with what Helm knows it by, which no manifest holds, and in Helm's name: under
 * another one the fields would belong to somebody else from then on.
 */
export function reapply(context: CheckContext, release: Named, record: ReleaseRecord): string {
  const { labels, annotations } = helmMetadata(release);
  const local = (verb: string, pairs: Readonly<Record<string, string>>): string =>
    // JSON, because kubectl's YAML of several objects has no separators.
    [`kubectl ${verb} --local --overwrite -o json -f -`, ...pairsOf(pairs)].join(" ");
  const apply = ["apply --server-side --force-conflicts --field-manager helm -f -"];
  return [
    manifestBy(context, release),
    local("label", labels),
    local("annotate", annotations),
    context.kubectl(...(isAtHome(record) ? home(release) : []), ...apply),
  ].join(" | ");
}

const pairsOf = (pairs: Readonly<Record<string, string>>): string[] =>
  Object.entries(pairs).map(([key, value]) => `${key}=${quote(value)}`);

/** Charts may leave the namespace to Helm, and kubectl would take `default`. */
const home = ({ namespace }: Named): string[] => ["-n", namespace];

/** Whether no object names another namespace, which kubectl refuses beside `-n`. */
const isAtHome = ({ namespace, objects }: ReleaseRecord): boolean =>
  objects.every(
    ({ metadata }) => !isTree(metadata) || [undefined, namespace].includes(metadata["namespace"] as string),
  );

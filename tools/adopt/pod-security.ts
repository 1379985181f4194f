/** Whether the Pod Security level that the first `up` puts on a namespace refuses pods that a workaround makes. Pure. */
import { quote } from "../../checks/context";
import type { Inventory } from "./inventory";
import type { Obstacle } from "./obstacles";
import type { FoundWorkaround } from "./outside";
import { isTree } from "../../config/tree";

const LABEL = "pod-security.kubernetes.io/enforce";

/** Every level but this one refuses pods on their node's network (Kubernetes' Pod Security Standards, baseline). */
const OPEN = "privileged";

/** Running pods stay; at their next start they are refused, which is when nobody expects it. */
export function refusedPods(
  { objects }: Inventory,
  workarounds: readonly FoundWorkaround[],
  stack: string,
): Obstacle[] {
  return objects.flatMap(({ object, standing, id, changes }) => {
    const metadata = object.body["metadata"];
    const labels = isTree(metadata) && isTree(metadata["labels"]) ? metadata["labels"] : {};
    const level = labels[LABEL];
    const comes = changes.some(
      ({ field, declared }) => field === `metadata.labels[${LABEL}]` && declared !== "dropped",
    );
    if (object.kind !== "Namespace" || standing !== "adopt" || !comes || level === OPEN) return [];
    const hosts = workarounds.filter(
      ({ object: { namespace }, workaround }) => namespace === id && workaround.kind === "hostNetwork",
    );
    if (hosts.length === 0) return [];
    const names = [...new Set(hosts.map(({ object: { kind, name } }) => `${kind} ${name}`))].join(", ");
    return [
      {
        what: `Namespace ${id}`,
        why: `the first up enforces Pod Security ${String(level)} there, which refuses pods with hostNetwork at their next start: ${names}`,
        fix: `npm run adopt -- ${quote(stack)} --remove-workarounds --yes before the import, or until then: pulumi config set --path seldon.podSecurity ${OPEN} -s ${quote(stack)}`,
      },
    ];
  });
}

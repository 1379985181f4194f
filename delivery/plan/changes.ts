/** What turns one plan into another: create, update, replace and delete, resource by resource. Pure. */
import { differingPaths, matchesPath } from "./paths";
import type { Plan, PlanResource } from "./plan";

export const OPERATIONS = ["create", "update", "replace", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Change {
  readonly operation: Operation;
  readonly ref: string;
  readonly type: string;
  readonly name: string;
  /** Inputs that differ, by path; never their values. Empty for create and delete. */
  readonly paths: readonly string[];
}

/**
 * What a provider replaces a resource for, by type; the first row that fits. Kubernetes: identity cannot be changed
 * (@pulumi/kubernetes 4.34, `forceNewProperties`). A Job's template, a StatefulSet's claims and the like are not used
 * by this program. A Kubernetes provider never counts: its `clusterIdentifier` is fixed.
 */
const REPLACED_FOR: readonly { readonly type: RegExp; readonly paths: readonly string[] }[] = [
  { type: /^kubernetes:helm\.sh\/v3:Release$/, paths: ["name", "namespace"] },
  { type: /^kubernetes:/, paths: ["apiVersion", "kind", "metadata.name", "metadata.namespace"] },
  { type: /^command:/, paths: ["triggers"] },
  { type: /^pulumi:providers:kubernetes$/, paths: ["clusterIdentifier"] },
];

function isReplaced(resource: PlanResource, paths: readonly string[]): boolean {
  const row = REPLACED_FOR.find(({ type }) => type.test(resource.type));
  const patterns = [...(row?.paths ?? []), ...resource.replaceOnChanges];
  return paths.some((path) => patterns.some((pattern) => matchesPath(pattern, path)));
}

/** Changes in the order of the plans: those of the new plan first, then what is deleted. */
export function changesOf(before: Plan, after: Plan): Change[] {
  const kept = [...after.resources.values()].flatMap((resource): Change[] => {
    const { ref, type, name } = resource;
    const old = before.resources.get(ref);
    if (old === undefined) return [{ operation: "create", ref, type, name, paths: [] }];
    const paths = differingPaths(old.inputs, resource.inputs);
    if (paths.length === 0) return [];
    return [{ operation: isReplaced(resource, paths) ? "replace" : "update", ref, type, name, paths }];
  });
  const gone = [...before.resources.values()]
    .filter(({ ref }) => !after.resources.has(ref))
    .map(({ ref, type, name }): Change => ({ operation: "delete", ref, type, name, paths: [] }));
  return [...kept, ...gone];
}

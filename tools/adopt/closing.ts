/** Namespaces that were open before the stack came: whether its policies would close them, and whom that would cut off. */
import { declaredPolicies } from "../../components/network-policies/declared";
import { enforcedEverywhere, enforcedNamespaces } from "../../config/policies";
import { seldonNamespaces } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { quote } from "../../checks/context";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import type { NetworkPolicy } from "../../checks/evidence/objects";
import { changesOf } from "../../checks/policy/existing/cuts";
import { ownWorld, readSnapshot } from "../../checks/policy/existing/world";
import { cutLines } from "./cut";
import type { Inventory } from "./inventory";
import type { Obstacle } from "./obstacles";
import { opensEverything } from "./workarounds";
import type { Tree } from "../../config/tree";

/** Namespaces that others made and that the first `up` would close although nobody asked for it. */
export function closedUnasked({ objects }: Inventory, config: StackConfig, stack: string): Obstacle[] {
  if (config.policies.enforce !== undefined) return [];
  const comes = (namespace: string): boolean =>
    objects.some(
      (one) => one.object.kind === "NetworkPolicy" && one.object.namespace === namespace && one.standing === "create",
    );
  const others = new Set(
    objects.filter((one) => one.object.kind === "Namespace" && one.standing === "adopt").map(({ id }) => id),
  );
  const key = config.policies.takenOver.length;
  return enforcedNamespaces(config)
    .filter((namespace) => others.has(namespace) && comes(namespace))
    .map((namespace, index) => ({
      what: `Namespace ${namespace}`,
      why: "the first up would close it: its policies deny what the flow table does not know, and its pods and callers were there before (see who would be cut off)",
      fix: `pulumi config set --path 'policies.takenOver[${key + index}]' ${namespace} -s ${quote(stack)}; or policies.enforce true, once the list has been read`,
    }));
}

/**
 * Who would be cut off in the namespaces of the stack in which its policies do not act yet. None where they do.
 * @throws LookError
 */
export async function wouldCut(
  { objects }: Inventory,
  config: StackConfig,
  { context }: ObjectDrift,
  signal: AbortSignal,
): Promise<string[]> {
  if (!config.policies.enabled) return [];
  const declared = declaredPolicies(enforcedEverywhere(config));
  const acting = new Set(
    objects.filter(({ object, standing }) => object.kind === "NetworkPolicy" && standing === "own").map(({ id }) => id),
  );
  const namespaces = seldonNamespaces(config);
  const taken = namespaces.filter((namespace) => {
    const exists = objects.some(
      ({ object, id, standing }) => object.kind === "Namespace" && id === namespace && standing !== "create",
    );
    const own = declared.policies.filter(({ metadata }) => metadata.namespace === namespace);
    return exists && !own.every(({ metadata: { name } }) => acting.has(`${namespace}/${name}`));
  });
  if (taken.length === 0) return [];
  const snapshot = await readSnapshot(context, signal);
  // Policies that open everything are workarounds, and go; else they would hide everybody from the list.
  const leaves = (policy: NetworkPolicy): boolean =>
    taken.includes(policy.metadata.namespace ?? "") && opensEverything(policy as unknown as Tree);
  return cutLines(snapshot, changesOf(snapshot, ownWorld(declared, snapshot.world), namespaces, leaves), taken);
}

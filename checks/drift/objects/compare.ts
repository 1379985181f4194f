/** Compares one declared object with the live one, by a dry run of what would be applied. */
import type { ClusterApi } from "../../cluster/api";
import type { Kinds } from "../../cluster/kinds";
import { objectPath } from "../../cluster/paths";
import type { DeclaredObject } from "./declared";
import { differences, missingFrom } from "./difference";
import { Findings, type ObjectDifference, whole } from "./findings";
import { type OwnedField, ownedFields } from "./managed-fields";
import { DRY_RUN_MANAGER, isOwn } from "./managers";
import { isTree, type Tree } from "../../../config/tree";

export interface Comparison {
  readonly differences: readonly ObjectDifference[];
  /** What the API server has against the declaration; then only the declared fields were compared. */
  readonly objection?: string;
}

/** Where one object is compared. */
export interface Comparing {
  readonly api: ClusterApi;
  readonly kinds: Kinds;
  readonly signal: AbortSignal;
  /** Field manager of the dry run. @default the name under which the stack wrote the object */
  readonly manager?: string;
}

/** @throws LookError, also where the object's kind is not installed or a right is missing. */
export async function compare(declared: DeclaredObject, comparing: Comparing): Promise<Comparison> {
  const { kinds, signal } = comparing;
  const served = await kinds.get(declared.apiVersion, declared.kind, signal);
  // A chart's object got the release's namespace before anybody knew whether its kind has one.
  const object = served.namespaced ? declared : { ...declared, namespace: undefined };
  const path = objectPath(object, served);
  const found = await look(object, path, comparing);
  // Something may write between the look and the dry run; what differs twice, differs.
  return found.differences.length > 0 ? look(object, path, comparing) : found;
}

async function look(object: DeclaredObject, path: string, { api, signal, manager }: Comparing): Promise<Comparison> {
  const live = await api.find<Tree>(path, signal);
  if (live === undefined) return { differences: [whole(object, "missing")] };
  const owned = ownedFields(live);
  const dryRun = await api.dryRunApply<Tree>(path, object.body, manager ?? managerFor(object, owned), signal);
  const refused = "objection" in dryRun;
  const found = new Findings(
    object,
    owned,
    refused ? missingFrom(live, object.body) : differences(live, dryRun.object),
  );
  const leaving = isTree(live["metadata"]) && live["metadata"]["deletionTimestamp"] !== undefined;
  return {
    differences: [
      ...(leaving ? [{ ...whole(object, "missing"), live: "being deleted" }] : []),
      ...found.changed(),
      ...found.missingKeys(live),
      ...(object.partial === true ? [] : found.added()),
      ...found.held(),
    ],
    ...(refused ? { objection: dryRun.objection } : {}),
  };
}

/**
 * The name under which the stack wrote the object, so that fields which it no longer declares count too. Where parts are
 * withheld, another name: under its own the dry run would take them away.
 */
function managerFor({ withheld }: DeclaredObject, owned: readonly OwnedField[]): string {
  if (withheld.length > 0) return DRY_RUN_MANAGER;
  const own = owned.filter(({ manager }) => isOwn(manager));
  const newest = own.reduce<OwnedField | undefined>(
    (best, one) => (best === undefined || (one.time ?? "") > (best.time ?? "") ? one : best),
    undefined,
  );
  return newest?.manager ?? DRY_RUN_MANAGER;
}

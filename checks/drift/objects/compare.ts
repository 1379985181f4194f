/** Compares one declared object with the live one, by a dry run of what would be applied. */
import type { ClusterApi } from "../../cluster/api";
import { type Kinds, objectPath } from "../../cluster/kinds";
import { classOf, type DriftClass, type Origin } from "./classes";
import type { DeclaredObject } from "./declared";
import { differences, type FieldDifference, missingFrom, namedFields } from "./difference";
import { isTree, isWithin, member, type Tree } from "./field-path";
import { type OwnedField, ownedFields, ownersOf } from "./managed-fields";
import { DRY_RUN_MANAGER, isOwn } from "./managers";
import { show } from "./show";

/** One difference, ready to be told: values are shown, never whole. */
export interface ObjectDifference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
  /** Empty for a whole object. */
  readonly field: string;
  readonly class: DriftClass;
  readonly origin: Origin;
  readonly live: string;
  readonly declared: string;
  /** Field manager that wrote it last, and when; absent where nobody of others did. */
  readonly by?: string | undefined;
}

export interface Comparison {
  readonly differences: readonly ObjectDifference[];
  /** What the API server has against the declaration; then only the declared fields were compared. */
  readonly objection?: string;
}

type Named = Pick<DeclaredObject, "kind" | "name" | "namespace">;

/** Where one object is compared. */
export interface Comparing {
  readonly api: ClusterApi;
  readonly kinds: Kinds;
  readonly signal: AbortSignal;
}

/** @throws LookError, also where the object's kind is not installed or a right is missing. */
export async function compare(object: DeclaredObject, { api, kinds, signal }: Comparing): Promise<Comparison> {
  const path = objectPath(object, await kinds.get(object.apiVersion, object.kind, signal));
  let found = await look(object, path, api, signal);
  // Something may write between the look and the dry run; what differs twice, differs.
  if (found.differences.length > 0) found = await look(object, path, api, signal);
  return found;
}

async function look(object: DeclaredObject, path: string, api: ClusterApi, signal: AbortSignal): Promise<Comparison> {
  const live = await api.find<Tree>(path, signal);
  if (live === undefined) return { differences: [whole(object, "missing")] };
  const owned = ownedFields(live);
  const dryRun = await api.dryRunApply<Tree>(path, object.body, managerFor(object, owned), signal);
  const refused = "objection" in dryRun;
  const changed = refused ? missingFrom(live, object.body) : differences(live, dryRun.object);
  const leaving = isTree(live["metadata"]) && live["metadata"]["deletionTimestamp"] !== undefined;
  return {
    differences: [
      ...(leaving ? [{ ...whole(object, "missing"), live: "being deleted" }] : []),
      ...changed.map((difference) => told(object, "changed", difference, owned)),
      ...missingKeys(object, live),
      ...added(object, owned, changed),
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

/** A whole object that is there or is not. */
export function whole(
  { kind, name, namespace }: Named,
  origin: "missing" | "undeclared",
  by?: string,
): ObjectDifference {
  const [live, declared] = origin === "missing" ? ["absent", "present"] : ["present", "absent"];
  const { class: driftClass } = classOf({ kind, origin, field: "" });
  return { kind, name, namespace, field: "", class: driftClass, origin, live, declared, by };
}

function told(
  object: Named,
  origin: "changed" | "added",
  { field, live, declared }: FieldDifference,
  owned: readonly OwnedField[],
): ObjectDifference {
  const { kind, name, namespace } = object;
  const other = ownersOf(owned, field).find(({ manager }) => !isOwn(manager));
  return {
    kind,
    name,
    namespace,
    field,
    class: classOf({ kind, origin, field, manager: other?.manager }).class,
    origin,
    live: show(live, field, kind),
    declared: show(declared, field, kind),
    by: other === undefined ? undefined : showOwner(other),
  };
}

const showOwner = ({ manager, time }: OwnedField): string => (time === undefined ? manager : `${manager}, ${time}`);

/** Keys of a Secret are compared by their names; its values never. */
function missingKeys(object: DeclaredObject, live: Tree): ObjectDifference[] {
  const data = isTree(live["data"]) ? live["data"] : {};
  return (object.secretKeys ?? [])
    .filter((key) => !(key in data))
    .map((key) => told(object, "changed", { field: member("data", key), live: undefined, declared: "[secret]" }, []));
}

/** Fields that others brought and nobody declared. Those that differ are told already. */
function added(
  object: DeclaredObject,
  owned: readonly OwnedField[],
  changed: readonly FieldDifference[],
): ObjectDifference[] {
  const own = owned.filter(({ manager }) => isOwn(manager));
  const others = owned.filter(({ manager }) => !isOwn(manager));
  return others
    .filter(
      ({ field, value }) =>
        value !== undefined &&
        ownersOf(own, field).length === 0 &&
        !isDeclared(object, field) &&
        !changed.some((one) => isWithin(one.field, field) || isWithin(field, one.field)),
    )
    .map(({ field, value }) => told(object, "added", { field, live: value, declared: undefined }, others));
}

/** Whether the declaration names a field, or a part of it, or withholds its value. */
const isDeclared = ({ body, withheld }: DeclaredObject, field: string): boolean =>
  [...withheld, ...namedFields(body)].some((named) => isWithin(field, named) || isWithin(named, field));

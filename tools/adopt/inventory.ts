/** What is in the cluster, against what the stack declares: one look at everything, which writes nothing. */
import { setMaxListeners } from "node:events";
import { createLimit } from "../../checks/engine/limit";
import { objectPath } from "../../checks/cluster/paths";
import { compare } from "../../checks/drift/objects/compare";
import { isWithin } from "../../checks/drift/objects/field-path";
import type { ObjectDifference } from "../../checks/drift/objects/findings";
import { ownedFields } from "../../checks/drift/objects/managed-fields";
import { isOwn } from "../../checks/drift/objects/managers";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import type { ReleaseRecord } from "../../checks/drift/objects/release-record";
import { releaseDifferences } from "../../checks/drift/objects/releases";
import { show } from "../../checks/drift/objects/show";
import { outcomeOfError } from "../../checks/verdict";
import { type Candidates, importId, type ObjectCandidate, type ReleaseCandidate } from "./candidates";
import { droppedFields } from "./kept-managers";
import { isTree, type Tree } from "../../config/tree";

/**
 * `adopt`: it exists, and others made it. `own`: the stack wrote it before. `create`: it does not exist yet. `leaving`: it
 * is being deleted.
 */
export type Standing = "adopt" | "own" | "create" | "leaving";

/** One field that the first `up` changes, or drops. */
export interface Change {
  readonly field: string;
  readonly live: string;
  /** `dropped` where the stack does not declare it. */
  readonly declared: string;
  /** Field manager that holds it now. */
  readonly by?: string | undefined;
}

export interface FoundObject extends ObjectCandidate {
  readonly standing: Standing;
  readonly id: string;
  /** What the first `up` changes. */
  readonly changes: readonly Change[];
  /** Fields that differ and that the program leaves alone (`ignoreChanges`). */
  readonly leftAlone: readonly string[];
  /** What the API server has against the declaration. */
  readonly objection?: string | undefined;
  /** Release whose notes the object carries: `namespace/name`. */
  readonly helm?: string | undefined;
  readonly live?: Tree | undefined;
}

export interface FoundRelease extends ReleaseCandidate {
  readonly standing: Standing;
  readonly id: string;
  readonly changes: readonly Change[];
  readonly record?: ReleaseRecord | undefined;
}

export interface Inventory {
  readonly objects: readonly FoundObject[];
  readonly releases: readonly FoundRelease[];
  /** What could not be looked at, one line each. */
  readonly gaps: readonly string[];
}

/** Helm by hand and Helm inside of Pulumi's provider write under the same names, so they tell nothing. */
const BY_HELM = /^(helm|pulumi-resource-kubernetes)$/;

/** Field manager of the dry runs: the stack's own is made up only when Pulumi first writes an object. */
const MANAGER = "seldon-k3s-adopt";

/** Objects that are looked at at the same time; each costs three requests. */
const AT_ONCE = 8;

/**
 * @param run Access to the cluster; its identity must have been proven.
 * @param tell Told how far it is.
 */
export async function takeInventory(
  { objects, releases }: Candidates,
  run: ObjectDrift,
  signal: AbortSignal,
  tell: (text: string) => void = () => undefined,
): Promise<Inventory> {
  setMaxListeners(0, signal);
  const limit = createLimit(AT_ONCE);
  const gaps: string[] = [];
  const all = objects.length + releases.length;
  let done = 0;
  const look = async <T>(what: string, how: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await limit(() => how().finally(() => tell(`${++done} of ${all}  ${what}`)));
    } catch (error) {
      signal.throwIfAborted();
      const { actual, fix } = outcomeOfError(error);
      gaps.push(`${what}: ${actual}${fix === undefined ? "" : `; fix: ${fix}`}`);
      return undefined;
    }
  };
  const [foundObjects, foundReleases] = await Promise.all([
    Promise.all(
      objects.map((one) => look(`${one.object.kind} ${importId(one.object)}`, () => lookAtObject(one, run, signal))),
    ),
    Promise.all(releases.map((one) => look(`release ${importId(one.release)}`, () => lookAtRelease(one, run, signal)))),
  ]);
  const there = foundObjects.filter((one) => one !== undefined);
  const known = foundReleases.filter((one) => one !== undefined);
  return { objects: there, releases: settled(known, there), gaps: gaps.sort() };
}

/** A release's record does not tell who installed it; the objects around it do. */
function settled(releases: readonly FoundRelease[], objects: readonly FoundObject[]): FoundRelease[] {
  const has = (standing: Standing): boolean => objects.some((one) => one.standing === standing);
  if (has("adopt") || !has("own")) return [...releases];
  return releases.map((one) => (one.standing === "adopt" ? { ...one, standing: "own" as const } : one));
}

async function lookAtObject(candidate: ObjectCandidate, run: ObjectDrift, signal: AbortSignal): Promise<FoundObject> {
  const { object, resource } = candidate;
  const served = await run.kinds.find(object.apiVersion, object.kind, signal);
  const named = served?.namespaced === false ? { ...object, namespace: undefined } : object;
  const id = importId(named);
  const nothing = { ...candidate, id, changes: [], leftAlone: [] };
  // The release that brings its CRD is still to be installed.
  if (served === undefined) return { ...nothing, standing: "create" };
  const live = await run.context.api.find<Tree>(objectPath(named, served), signal);
  if (live === undefined) return { ...nothing, standing: "create" };
  const metadata: Tree = isTree(live["metadata"]) ? live["metadata"] : {};
  const owned = ownedFields(live);
  const standing =
    metadata["deletionTimestamp"] !== undefined
      ? "leaving"
      : owned.some(({ manager }) => isOwn(manager) && !BY_HELM.test(manager))
        ? "own"
        : "adopt";
  const { differences, objection } = await compare(object, { ...run.comparing(signal), manager: MANAGER });
  const ignored = resource.options.ignoreChanges ?? [];
  const isLeft = (field: string): boolean => ignored.some((outer) => isWithin(field, outer));
  const changed = differences.filter(({ origin, field }) => origin === "changed" && field !== "");
  const dropped = standing === "adopt" ? droppedFields(object, owned) : [];
  const changes = [
    ...changed.map(changeOf),
    ...dropped.map(({ field, value, manager }) => ({
      field,
      live: show(value, field, object.kind),
      declared: "dropped",
      by: manager,
    })),
  ];
  return {
    ...candidate,
    standing,
    id,
    changes: changes.filter(({ field }) => !isLeft(field)),
    leftAlone: changes.map(({ field }) => field).filter(isLeft),
    objection,
    helm: helmOwner(metadata),
    live,
  };
}

const changeOf = ({ field, live, declared, by }: ObjectDifference): Change => ({
  field,
  live,
  declared,
  ...(by === undefined ? {} : { by: by.split(",")[0]! }),
});

/** Release whose notes an object carries: `namespace/name`. */
export function helmOwner({ annotations }: Tree): string | undefined {
  if (!isTree(annotations)) return undefined;
  const { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace } = annotations;
  return typeof name === "string" && typeof namespace === "string" ? `${namespace}/${name}` : undefined;
}

async function lookAtRelease(
  candidate: ReleaseCandidate,
  run: ObjectDrift,
  signal: AbortSignal,
): Promise<FoundRelease> {
  const { release } = candidate;
  const record = await run.record(release, signal);
  const id = importId(release);
  if (record === undefined) return { ...candidate, id, standing: "create", changes: [] };
  const changes = releaseDifferences(release, record)
    .filter(({ field }) => field !== "status")
    .map(changeOf);
  return { ...candidate, id, standing: "adopt", changes, record };
}

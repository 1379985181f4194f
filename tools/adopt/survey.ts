/** Everything that `npm run adopt` finds out, before anybody decides anything. Writes nothing. */
import { setMaxListeners } from "node:events";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import { namespacesOf } from "../../checks/subject";
import { outcomeOfError } from "../../checks/verdict";
import type { StackConfig } from "../../config/schema";
import { type LiveSteps, step } from "../../terminal/steps/live";
import type { Candidates } from "./candidates";
import { closedUnasked, wouldCut } from "./closing";
import { forget, type OtherRelease, otherReleases, takenByOthers } from "./helm-owners";
import { type Inventory, takeInventory } from "./inventory";
import { type Obstacle, obstaclesOf } from "./obstacles";
import { refusedPods } from "./pod-security";
import { type FoundWorkaround, liveObjects, type Named, outsideOf, workaroundsOf } from "./outside";

export interface Survey {
  readonly inventory: Inventory;
  readonly obstacles: readonly Obstacle[];
  readonly outside: readonly Named[];
  readonly releases: readonly OtherRelease[];
  readonly workarounds: readonly FoundWorkaround[];
  /** Who would be cut off once the policies act, one line each. */
  readonly cut: readonly string[];
  /** What the reader must know, and what does not stand in the way. */
  readonly notes: readonly string[];
  /** What could not be looked at. */
  readonly gaps: readonly string[];
}

export interface SurveyOptions {
  readonly candidates: Candidates;
  readonly run: ObjectDrift;
  readonly config: StackConfig;
  readonly signal: AbortSignal;
  /** The list of what is looked at, on a terminal. */
  readonly live?: LiveSteps | undefined;
}

/** What is looked at, in this order. */
const PARTS = {
  inventory: "objects and releases of the stack",
  taken: "releases over existing objects",
  releases: "other releases",
  live: "objects beside the declared ones",
  cut: "who would be cut off",
} as const;

export async function survey({ candidates, run, config, signal, live: list }: SurveyOptions): Promise<Survey> {
  setMaxListeners(0, signal);
  list?.expect(Object.values(PARTS));
  const inventory = await step(list, PARTS.inventory, (tell) => takeInventory(candidates, run, signal, tell));
  const gaps = [...inventory.gaps];
  const orGap = async <T>(what: string, empty: T, how: () => Promise<T>): Promise<T> => {
    try {
      return await step(list, what, how);
    } catch (error) {
      signal.throwIfAborted();
      gaps.push(`${what}: ${outcomeOfError(error).actual}`);
      return empty;
    }
  };
  const namespaces = namespacesOf(run.context.subject);
  const taken = await orGap(PARTS.taken, [], () => takenByOthers(inventory, run, signal));
  const releases = await orGap(PARTS.releases, [], () => otherReleases(inventory, namespaces, run, signal));
  const live = await orGap(PARTS.live, [], () => liveObjects(run, signal));
  const workarounds = workaroundsOf(live);
  const unlisted: string[] = [];
  const cut = await step(list, PARTS.cut, () => wouldCut(inventory, config, run, signal)).catch((error: unknown) => {
    signal.throwIfAborted();
    // The list is for who reads; without it everything else still holds.
    unlisted.push(`who would be cut off could not be worked out: ${outcomeOfError(error).actual}`);
    return [];
  });
  const takeOver = config.cluster.takeOver === true;
  return {
    inventory,
    cut,
    obstacles: [
      ...obstaclesOf(inventory, { context: run.context, takeOver }),
      ...taken,
      ...closedUnasked(inventory, config, run.context.subject.stack),
      ...refusedPods(inventory, workarounds, run.context.subject.stack),
    ],
    outside: outsideOf(live),
    releases,
    workarounds,
    notes: [...sharedOwners(inventory, run), ...secretNotes(inventory), ...unlisted],
    gaps,
  };
}

/** Objects that the stack takes over while a release that it does not declare still counts them as its own. */
function sharedOwners({ objects, releases }: Inventory, run: ObjectDrift): string[] {
  const declared = new Set(releases.map(({ id }) => id));
  const shared = objects.filter(
    ({ standing, helm }) => standing === "adopt" && helm !== undefined && !declared.has(helm),
  );
  return [...new Set(shared.map(({ helm }) => helm!))].map((helm) => {
    const names = shared.filter((one) => one.helm === helm).map(({ object }) => `${object.kind} ${object.name}`);
    const [namespace = "", name = ""] = helm.split("/");
    return `release ${helm} counts ${names.join(", ")} as its own, and would change or delete it at its next upgrade or uninstall. Forget the release after the import; what it brought stays: ${forget(namespace, name, run)}`;
  });
}

const secretNotes = ({ objects }: Inventory): string[] =>
  objects
    .filter(({ standing, object }) => standing === "adopt" && object.kind === "Secret")
    .map(
      ({ id }) =>
        `the content of Secret ${id} cannot be compared here: where the stack's value is another one, Pulumi replaces the Secret; the preview says so`,
    );

/**
 * Operations that a killed engine left behind, and what resolves each. Pure.
 *
 * Facts (pulumi 3.259, tried): every `up` and `refresh` forgets interrupted updates, deletes and reads by itself. An
 * interrupted create stays through any number of them until it is cleared. `refresh --import-pending-creates` clears it
 * and takes nothing up: the object is then in the cluster, not in the state, and the next `up` ends with "already
 * exists". A resource that is put into the state under its id is kept by a refresh where it exists, and dropped where it
 * does not: that resolves both cases without asking which it is. `stack import` drops every pending operation.
 */
import { isTree, type Tree } from "../../config/tree";
import { partsOf, type PendingOperation, type State, type StateResource } from "./document";

export interface Resolution {
  readonly operation: string;
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  /** The id under which it is put into the state, to be kept or dropped by the refresh. */
  readonly takeUp?: string;
  /** What is done, as a person reads it. */
  readonly text: string;
}

/** The id that the Kubernetes provider gives: `namespace/name`, without a namespace the name. Releases have theirs at the top. */
export function kubernetesId({ type, inputs }: StateResource): string | undefined {
  if (!type.startsWith("kubernetes:") || !isTree(inputs)) return undefined;
  const at: unknown = type === "kubernetes:helm.sh/v3:Release" ? inputs : inputs["metadata"];
  if (!isTree(at) || typeof at["name"] !== "string") return undefined;
  return typeof at["namespace"] === "string" ? `${at["namespace"]}/${at["name"]}` : at["name"];
}

/** What the operation left, and what is done about it. */
export function resolutionOf({ type: operation, resource }: PendingOperation, state: State): Resolution {
  const { urn, type } = resource;
  const about = { operation, urn, name: partsOf(urn).name, type };
  if (operation !== "creating") return { ...about, text: "the refresh reads what came of it" };
  const known = state.resources.filter((other) => other.urn === urn);
  const id = kubernetesId(resource);
  if (known.some((other) => id === undefined || other.id === id)) {
    return { ...about, text: "is in the state already: the note of it is dropped" };
  }
  if (id === undefined) {
    return {
      ...about,
      text: "the note of it is dropped, and the next `pulumi up` runs it again: it finds done what is done",
    };
  }
  if (known.length > 0) {
    return {
      ...about,
      text: `was to replace ${known[0]!.id ?? "another"} under the id ${id}: the note is dropped; if the next \`pulumi up\` says that it exists, delete that one`,
    };
  }
  return {
    ...about,
    takeUp: id,
    text: `taken up as ${id}; the refresh keeps it where it exists, and drops it where it does not`,
  };
}

/** The state with what is to be taken up, and without the notes; undefined where nothing is. */
export function takenUp(state: State, resolutions: readonly Resolution[]): Tree | undefined {
  const ids = new Map(resolutions.flatMap(({ urn, takeUp }) => (takeUp === undefined ? [] : [[urn, takeUp] as const])));
  if (ids.size === 0) return undefined;
  const added = new Map(
    state.pending.flatMap(({ resource }) => {
      const id = ids.get(resource.urn);
      return id === undefined ? [] : [[resource.urn, { ...resource, id }] as const];
    }),
  );
  const { pending_operations: _, ...deployment } = state.deployment;
  return {
    ...state.document,
    deployment: { ...deployment, resources: [...state.resources, ...added.values()] },
  };
}

/** What the refresh looks at: what was interrupted, where the state knows it; else the stack itself, which reads nothing. */
export function refreshTargets(state: State, resolutions: readonly Resolution[]): readonly string[] {
  const known = new Set(state.resources.map(({ urn }) => urn));
  const targets = resolutions.filter(({ urn, takeUp }) => takeUp !== undefined || known.has(urn)).map(({ urn }) => urn);
  const root = state.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.urn;
  return [...new Set(targets.length > 0 ? targets : root === undefined ? [] : [root])];
}

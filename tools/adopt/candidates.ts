/** What of a plan can exist in the cluster already: its Kubernetes objects and Helm releases, with what imports them. Pure. */
import type { RecordedResource } from "../../inprocess/engine";
import { type DeclaredObject, type DeclaredRelease, declaredOf, type Marks } from "../../checks/drift/objects/declared";

interface Planned {
  /** As the program registers it. */
  readonly resource: RecordedResource;
}

export interface ObjectCandidate extends Planned {
  readonly object: DeclaredObject;
}

export interface ReleaseCandidate extends Planned {
  readonly release: DeclaredRelease;
}

export interface Candidates {
  readonly objects: readonly ObjectCandidate[];
  readonly releases: readonly ReleaseCandidate[];
}

/** @throws LookError for a resource without a name or kind, which a plan never has. */
export function candidatesOf(resources: readonly RecordedResource[], marks: Marks): Candidates {
  const each = resources.map((resource) => {
    // Whole, also what the program leaves alone for now: it takes effect one day, and is told until then.
    const { type, name, inputs } = resource;
    return { resource, declared: declaredOf([{ type, name, inputs }], marks) };
  });
  return {
    objects: each.flatMap(({ resource, declared }) =>
      // A patch of somebody else's object makes nothing that could exist already.
      declared.objects.filter(({ partial }) => partial !== true).map((object) => ({ resource, object })),
    ),
    releases: each.flatMap(({ resource, declared }) => declared.releases.map((release) => ({ resource, release }))),
  };
}

/**
 * The id by which Pulumi's Kubernetes provider imports an object or a release: `namespace/name`, or `name` where the kind
 * has no namespaces (provider 4.34, `util.go` parseFqName).
 */
export const importId = ({ name, namespace }: { readonly name: string; readonly namespace?: string | undefined }) =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** Which Helm release holds what: Helm installs nothing that another release, or none, already has. */
import { objectPath } from "../../checks/cluster/paths";
import { quote } from "../../checks/context";
import type { ObjectDrift } from "../../checks/drift/objects/objects";
import type { StoredSecret } from "../../checks/drift/objects/release-record";
import { type FoundRelease, helmOwner, type Inventory } from "./inventory";
import type { Obstacle } from "./obstacles";
import { isTree, type Tree } from "../../config/tree";

/** An object that a chart always brings, by which a release under another name is known. */
interface Mark {
  readonly chart: RegExp;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** What selects all objects of the chart for kubectl, where it is more than the mark. */
  readonly all?: string;
}

const CRD = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" } as const;

/** Not Calico 3.31: its definitions lie in the chart's `crds/`, which Helm passes over where they exist. */
const MARKS: readonly Mark[] = [
  { chart: /^seldon-core-v2-crds-/, ...CRD, name: "models.mlops.seldon.io", all: "mlops.seldon.io" },
  {
    chart: /^crd\.projectcalico\.org\.v1-/,
    ...CRD,
    name: "felixconfigurations.crd.projectcalico.org",
    all: "projectcalico.org",
  },
  { chart: /^seldon-core-v2-setup-/, apiVersion: "apps/v1", kind: "Deployment", name: "seldon-v2-controller-manager" },
  { chart: /^seldon-core-v2-runtime-/, apiVersion: "mlops.seldon.io/v1alpha1", kind: "SeldonRuntime", name: "seldon" },
  { chart: /^tigera-operator-/, apiVersion: "apps/v1", kind: "Deployment", name: "tigera-operator" },
];

/** Releases that the first `up` would install over objects which are there already. @throws LookError */
export async function takenByOthers(
  { releases }: Inventory,
  run: ObjectDrift,
  signal: AbortSignal,
): Promise<Obstacle[]> {
  const absent = releases.filter(({ standing }) => standing === "create");
  const found = await Promise.all(absent.map((one) => markOf(one, run, signal)));
  return found.filter((one) => one !== undefined);
}

async function markOf(
  { release, id }: FoundRelease,
  run: ObjectDrift,
  signal: AbortSignal,
): Promise<Obstacle | undefined> {
  const mark = MARKS.find(({ chart }) => chart.test(release.chart));
  const served = mark && (await run.kinds.find(mark.apiVersion, mark.kind, signal));
  if (mark === undefined || served === undefined) return undefined;
  const named = { ...mark, ...(served.namespaced ? { namespace: release.namespace } : {}) };
  const live = await run.context.api.find<Tree>(objectPath(named, served), signal);
  if (live === undefined) return undefined;
  const owner = helmOwner(isTree(live["metadata"]) ? live["metadata"] : {});
  const kubectl = run.context.kubectl.bind(run.context);
  const where = served.namespaced ? ["-n", release.namespace] : [];
  const objects =
    mark.all === undefined
      ? `${mark.kind.toLowerCase()} ${mark.name} (and the chart's other objects)`
      : `$(${kubectl("get crd -o name | grep", quote(mark.all))})`;
  const [namespace, name] = owner?.split("/") ?? [];
  return {
    what: `release ${id}`,
    why: `it does not exist, and ${mark.kind} ${mark.name} ${owner === undefined ? "belongs to no release" : `belongs to release ${owner}`}: Helm refuses to install over it`,
    fix: [
      `hand the objects over: ${kubectl(...where, "annotate --overwrite", objects, `meta.helm.sh/release-name=${release.name} meta.helm.sh/release-namespace=${release.namespace}`)}`,
      `the same with label --overwrite app.kubernetes.io/managed-by=Helm`,
      ...(owner === undefined ? [] : [`forget the old release, whose objects stay: ${forget(namespace!, name!, run)}`]),
    ].join("; "),
  };
}

/** Deletes Helm's records and nothing else: the release is forgotten, what it brought stays. */
export const forget = (namespace: string, name: string, { context }: ObjectDrift): string =>
  context.kubectl("-n", namespace, "delete secret -l", `owner=helm,name=${name}`);

export interface OtherRelease {
  readonly name: string;
  readonly namespace: string;
  readonly status: string;
}

/** Releases in the stack's namespaces that it does not declare. @throws LookError */
export async function otherReleases(
  { releases }: Inventory,
  namespaces: readonly string[],
  { context }: ObjectDrift,
  signal: AbortSignal,
): Promise<OtherRelease[]> {
  const declared = new Set(releases.map(({ id }) => id));
  const lists = await Promise.all(
    namespaces.map(async (namespace) => {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
      const secrets = await context.api.list<StoredSecret>(path, signal, { labelSelector: "owner=helm" });
      const newest = new Map<string, OtherRelease & { readonly revision: number }>();
      for (const { metadata } of secrets) {
        const { name = "", status = "", version = "0" } = metadata.labels ?? {};
        const revision = Number(version);
        if (revision >= (newest.get(name)?.revision ?? 0)) newest.set(name, { name, namespace, status, revision });
      }
      return [...newest.values()].map(({ name, namespace, status }) => ({ name, namespace, status }));
    }),
  );
  return lists.flat().filter(({ name, namespace }) => !declared.has(`${namespace}/${name}`));
}

/** A Helm release without Helm: its objects, applied as Helm's own, and its record. Hooks are not run. */
import { manifestObject } from "../../checks/drift/objects/manifest-object";
import { objectsOf } from "../../checks/drift/objects/release-record";
import type { ApiClient } from "../api/client";
import type { KubernetesObject } from "../api/objects";
import type { ChartRelease, RenderedChart } from "./chart-files";
import { untilGone } from "./gone";
import { forgetRelease, HELM_MANAGER, recordedRevisions, recordRevision, type ReleaseName } from "./helm-record";
import { untilRolledOut } from "./rollout";

/** Helm's order of installation, reduced to what others need first; custom resources come last. */
const FIRST_KINDS = [
  "Namespace",
  "CustomResourceDefinition",
  "ServiceAccount",
  "Secret",
  "ConfigMap",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
  "Service",
  "DaemonSet",
  "Deployment",
  "StatefulSet",
  "Job",
];

/** Objects with this annotation stay when their release or its next revision has them no more (Helm 3 and 4, pkg/kube). */
const KEEP = "helm.sh/resource-policy";

export interface Installing {
  readonly client: ApiClient;
  /** How long to wait for the workloads; undefined: not at all. */
  readonly timeoutSeconds: number | undefined;
  /** How many revisions are kept; 0: all. */
  readonly maxHistory: number;
  readonly signal: AbortSignal;
}

/**
 * Applies a release's objects, deletes what only its revision before had, and records the new one.
 *
 * @returns the number of the revision
 * @throws Error where an object cannot be applied, or is not ready in time; the revision is recorded as failed then.
 */
export async function install(
  release: ChartRelease,
  chart: RenderedChart,
  { client, timeoutSeconds, maxHistory, signal }: Installing,
): Promise<number> {
  const { namespace } = release;
  const before = await recordedRevisions(client, release);
  const record = (status: "deployed" | "failed") =>
    recordRevision(client, { release, chart, before, status, maxHistory }, signal);
  try {
    // With the labels and annotations by which Helm knows its own.
    const own = chart.objects.map((object) => manifestObject(object, release).body as KubernetesObject);
    for (const object of inOrder([...chart.crds, ...own])) {
      await client.apply(object, { fieldManager: HELM_MANAGER, namespace, signal });
    }
    const names = new Set(own.map((object) => nameOf(object, release)));
    const gone = manifestOf(before.at(-1)?.manifest).filter((object) => !names.has(nameOf(object, release)));
    await removeAll(client, release, gone, signal);
    if (timeoutSeconds !== undefined)
      await untilRolledOut(chart.objects, { client, namespace, timeoutSeconds, signal });
  } catch (error) {
    // What stopped the run stops this too, and Helm that is killed records nothing either.
    if (!signal.aborted) await record("failed").catch(() => undefined);
    throw error;
  }
  return record("deployed");
}

/** Deletes the objects of the newest revision and waits until they are gone, then forgets the release. */
export async function uninstall(client: ApiClient, release: ReleaseName, signal: AbortSignal): Promise<void> {
  const revisions = await recordedRevisions(client, release);
  await removeAll(client, release, manifestOf(revisions.at(-1)?.manifest), signal);
  await forgetRelease(client, revisions);
}

const manifestOf = (manifest = ""): KubernetesObject[] => objectsOf(manifest) as KubernetesObject[];

/** CRDs stay: with them would go everything of their kinds. */
async function removeAll(
  client: ApiClient,
  { namespace }: ReleaseName,
  objects: readonly KubernetesObject[],
  signal: AbortSignal,
): Promise<void> {
  const leaving = inOrder(objects).filter(
    ({ kind, metadata }) => kind !== "CustomResourceDefinition" && metadata.annotations?.[KEEP] !== "keep",
  );
  for (const object of leaving.reverse()) {
    await untilGone(client, { ...object, metadata: { namespace, ...object.metadata } }, signal);
  }
}

/** What tells one object from the others, whatever version of its API it is written in. */
const nameOf = ({ apiVersion, kind, metadata }: KubernetesObject, { namespace }: ReleaseName): string =>
  [apiVersion.replace(/\/?[^/]*$/, ""), kind, metadata.namespace ?? namespace, metadata.name].join(" ");

function inOrder(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const rank = ({ kind }: KubernetesObject) =>
    FIRST_KINDS.includes(kind) ? FIRST_KINDS.indexOf(kind) : FIRST_KINDS.length;
  return [...objects].sort((left, right) => rank(left) - rank(right));
}

/**
 * Helm's record of a release, as the engine in process writes it in Helm's place: one Secret a revision, the newest
 * `deployed` or `failed`, those before it `superseded`. What Helm keeps beyond that of a chart, its templates, schema and
 * files, is left out: `helm list`, `history`, `status` and `get` read the record; Helm's own upgrade brings a chart anyway.
 */
import { canonicalJson } from "../../components/canonical";
import type { KubernetesObject } from "../api/objects";
import { packRelease, unpackRelease, type RawRelease } from "../../checks/drift/objects/release-codec";
import { RECORD_TYPE, type StoredSecret } from "../../checks/drift/objects/release-record";
import type { ApiClient } from "../api/client";
import type { ChartRelease, RenderedChart } from "./chart-files";

/** By this name Helm writes, whatever writes here. */
export const HELM_MANAGER = "helm";

export type ReleaseStatus = "deployed" | "failed" | "superseded";

export interface KeptRelease extends RawRelease {
  /** Helm 4 goes on as the revision before began: by server-side apply (pkg/release/v1/release.go ApplyMethod). */
  readonly apply_method?: "ssa" | "csa";
  readonly info: Readonly<Record<string, string>> & { readonly status: ReleaseStatus };
  readonly chart: {
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly values: Readonly<Record<string, unknown>>;
  };
}

/** Name and namespace of a release. */
export type ReleaseName = Pick<ChartRelease, "name" | "namespace">;

/** The Secret of one revision. */
function secretOf(release: KeptRelease): KubernetesObject {
  const { name, namespace, version, info } = release;
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: RECORD_TYPE,
    metadata: {
      name: `sh.helm.release.v1.${name}.v${version}`,
      namespace,
      labels: { owner: "helm", name, version: String(version), status: info.status },
    },
    data: { release: packRelease(release) },
  };
}

/** Every revision that is recorded, the oldest first. */
export async function recordedRevisions(client: ApiClient, { name, namespace }: ReleaseName): Promise<KeptRelease[]> {
  const query = new URLSearchParams({ labelSelector: `owner=helm,name=${name}` });
  const found = await client.list(`/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets?${query.toString()}`);
  return (found as readonly (KubernetesObject & StoredSecret)[])
    .filter(({ type }) => type === RECORD_TYPE)
    .map(({ data }) => unpackRelease(data?.["release"] ?? "") as KeptRelease)
    .sort((left, right) => left.version - right.version);
}

/** What is recorded of a new revision. */
export interface NewRevision {
  readonly release: ChartRelease;
  readonly chart: RenderedChart;
  /** Revisions that are recorded already, the oldest first. */
  readonly before: readonly KeptRelease[];
  readonly status: "deployed" | "failed";
  /** How many revisions are kept; 0: all. */
  readonly maxHistory: number;
}

/**
 * Records a revision, and closes those before it as Helm does. Where the newest is the same and in force there is none to
 * record: Pulumi's provider would not have asked Helm.
 *
 * @returns the number of the revision that is in force now, or has failed.
 */
export async function recordRevision(
  client: ApiClient,
  { release, chart, before, status, maxHistory }: NewRevision,
  signal: AbortSignal,
): Promise<number> {
  const { name, namespace, values } = release;
  const newest = before.at(-1);
  const content = {
    chart: { metadata: chart.metadata, values: chart.values },
    config: values ?? {},
    manifest: chart.manifest,
  };
  if (newest?.info.status === "deployed" && status === "deployed" && isSame(newest, content)) return newest.version;
  const version = (newest?.version ?? 0) + 1;
  const now = new Date().toISOString();
  const what = version === 1 ? "Install" : "Upgrade";
  const next: KeptRelease = {
    name,
    namespace,
    version,
    info: {
      first_deployed: before[0]?.info["first_deployed"] ?? now,
      last_deployed: now,
      deleted: "",
      description: `${what} ${status === "deployed" ? "complete" : "failed"} (seldon-k3s sandbox engine)`,
      status,
    },
    apply_method: "ssa",
    ...content,
  };
  const options = { fieldManager: HELM_MANAGER, signal };
  await client.apply(secretOf(next), options);
  // A failed revision leaves the one before it in force.
  const over = status === "deployed" ? before.filter(({ info }) => info.status === "deployed") : [];
  for (const one of over) {
    await client.apply(secretOf({ ...one, info: { ...one.info, status: "superseded" } }), options);
  }
  const tooMany = maxHistory === 0 ? 0 : Math.max(0, before.length + 1 - maxHistory);
  for (const old of before.slice(0, tooMany)) await client.remove(secretOf(old));
  return version;
}

const isSame = (
  { chart, config, manifest }: KeptRelease,
  content: Pick<KeptRelease, "chart" | "config" | "manifest">,
) => canonicalJson({ chart, config, manifest }) === canonicalJson(content);

/** Forgets every revision, as `helm uninstall` does. */
export async function forgetRelease(client: ApiClient, revisions: readonly KeptRelease[]): Promise<void> {
  for (const one of revisions) await client.remove(secretOf(one));
}

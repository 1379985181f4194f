/**
 * Helm's own record of a release: a Secret of type `helm.sh/release.v1` a revision (storage driver `secret`, which is
 * Helm's default and the Pulumi provider's). Pure.
 */
import { parseAllDocuments, type Tags } from "yaml";
import { LookError } from "../../verdict";
import { isTree, type Tree } from "../../../config/tree";
import { unpackRelease } from "./release-codec";

export interface ReleaseRecord {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** `deployed`, `failed`, `pending-upgrade` ... */
  readonly status: string;
  /** Name and version of the chart, joined by a hyphen. */
  readonly chart: string;
  /** Values that were given over those of the chart. */
  readonly values: Tree;
  readonly objects: readonly Tree[];
}

/** A Secret as far as it is read. */
export interface StoredSecret {
  readonly type?: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
}

export const RECORD_TYPE = "helm.sh/release.v1";

/** The record of the newest revision, or undefined where there is none. @throws LookError where it cannot be read. */
export function newestRecord(secrets: readonly StoredSecret[]): ReleaseRecord | undefined {
  const revision = ({ metadata }: StoredSecret): number => Number(metadata.labels?.["version"] ?? 0);
  const newest = secrets
    .filter(({ type }) => type === RECORD_TYPE)
    .reduce<StoredSecret | undefined>(
      (best, one) => (best === undefined || revision(one) > revision(best) ? one : best),
      undefined,
    );
  return newest === undefined ? undefined : recordOf(newest);
}

function recordOf({ metadata, data }: StoredSecret): ReleaseRecord {
  try {
    const release = unpackRelease(data?.["release"] ?? "");
    const chart = release.chart?.metadata;
    return {
      name: release.name,
      namespace: release.namespace,
      revision: release.version,
      status: release.info?.status ?? "unknown",
      // Calico's charts write a `v` before their version; folders and configuration do not.
      chart: `${chart?.name ?? ""}-${(chart?.version ?? "").replace(/^v/, "")}`,
      values: isTree(release.config) ? release.config : {},
      objects: objectsOf(release.manifest ?? ""),
    };
  } catch (error) {
    // The error's own words could quote the content, which may hold secrets.
    throw new LookError(`Helm's record in Secret ${metadata.name} cannot be read`, {
      fix: "see by helm get manifest whether Helm itself can read it; a newer Helm may write another form",
      final: true,
      cause: error,
    });
  }
}

/**
 * Helm reads YAML 1.1 (sigs.k8s.io/yaml): `0420` is octal, `on` is true. Dates and numbers to the base of 60 stay text
 * there.
 */
const withoutTimes = (tags: Tags): Tags =>
  tags.filter((tag) => typeof tag === "string" || (tag.tag !== "tag:yaml.org,2002:timestamp" && tag.format !== "TIME"));

/** The objects of a manifest; lists are opened, empty documents left out. @throws Error where it is no YAML. */
export function objectsOf(manifest: string): Tree[] {
  const parsed = parseAllDocuments(manifest, { version: "1.1", customTags: withoutTimes });
  const documents = Array.isArray(parsed) ? parsed : [];
  return documents
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS() as unknown;
    })
    .filter(isTree)
    .flatMap((document) => {
      const { items } = document;
      return document["kind"] === "List" && Array.isArray(items) ? items.filter(isTree) : [document];
    });
}

/** Components of a CycloneDX 1.5 document (cyclonedx.org/docs/1.5/json) beside those of npm. Pure. */
import { folderOf, type PinnedChart } from "../charts/pinned";

export interface Component {
  readonly type: "application" | "container" | "file";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  readonly externalReferences?: readonly { readonly type: "distribution"; readonly url: string }[];
}

const hashesOf = (sha256: string | undefined): Pick<Component, "hashes"> =>
  sha256 === undefined ? {} : { hashes: [{ alg: "SHA-256", content: sha256 }] };

/** @param sha256 Of the archive, where charts.lock.yaml has it. */
export function chartComponent(pinned: PinnedChart, sha256: string | undefined): Component {
  const { chart, version, repository } = pinned;
  return {
    type: "application",
    "bom-ref": `chart:${folderOf(pinned)}`,
    name: chart,
    version,
    purl: `pkg:helm/${chart}@${version}?repository_url=${encodeURIComponent(repository)}`,
    ...hashesOf(sha256),
    externalReferences: [{ type: "distribution", url: repository }],
  };
}

/** @param image `registry/name:tag`, `registry/name@sha256:...` or with both. */
export function imageComponent(image: string): Component {
  const [place = "", digest] = image.split("@sha256:");
  const colon = place.lastIndexOf(":");
  const tagged = colon > place.lastIndexOf("/");
  const name = tagged ? place.slice(0, colon) : place;
  const tag = tagged ? place.slice(colon + 1) : undefined;
  const [first = "", ...rest] = name.split("/");
  // A first part with a dot or a port is a registry; Docker Hub is meant without.
  const registry = rest.length > 0 && /[.:]/.test(first) ? first : undefined;
  const path = registry === undefined ? name : rest.join("/");
  const version = digest === undefined ? (tag ?? "") : `sha256:${digest}`;
  const where =
    registry === undefined || registry === "docker.io" ? "" : `?repository_url=${encodeURIComponent(registry)}`;
  return {
    type: "container",
    "bom-ref": `image:${image}`,
    name,
    version: tag ?? version,
    purl: `pkg:docker/${path}@${encodeURIComponent(version)}${where}`,
    ...hashesOf(digest),
  };
}

/** K3s itself. */
export const k3sComponent = (version: string): Component => ({
  type: "application",
  "bom-ref": `k3s:${version}`,
  name: "k3s",
  version,
  purl: `pkg:github/k3s-io/k3s@${encodeURIComponent(version)}`,
});

/** A file that K3s is installed from, as the stack pins it. */
export const fileComponent = (
  name: string,
  version: string,
  { url, sha256 }: { url: string; sha256: string },
): Component => ({
  type: "file",
  "bom-ref": `file:${name}`,
  name,
  version,
  ...hashesOf(sha256),
  externalReferences: [{ type: "distribution", url }],
});

/** Which files K3s is installed from, by version and architecture. Pure. */

export const ARCHES = ["amd64", "arm64"] as const;
export type Arch = (typeof ARCHES)[number];

/** One file to pin. */
export interface ReleaseFile {
  /** Place in the section `k3s.install`. */
  readonly key: readonly [string] | readonly [string, Arch];
  /** Name in a folder or on a mirror. */
  readonly name: string;
  /** Where K3s publishes it. */
  readonly url: string;
  /** Architecture whose `sha256sum-ARCH.txt` of the release lists the file. @default none: the installer is in no list */
  readonly listed?: Arch;
}

/** Where K3s publishes releases and, by tag, its sources (k3s.io/releases; install.sh is not a release's file). */
const RELEASES = "https://github.com/k3s-io/k3s/releases/download";
const SOURCES = "https://raw.githubusercontent.com/k3s-io/k3s";

/** In a URL a plus is written %2B: some servers take it for a space. */
const inUrl = (version: string): string => encodeURIComponent(version);

/** `k3s` for amd64, `k3s-arm64` for arm64, as the release names them. */
const binaryName = (arch: Arch): string => (arch === "amd64" ? "k3s" : `k3s-${arch}`);

/** Base URL of a release's files. @param mirror base URL with the same layout below it: `<mirror>/<version>/<file>` */
export const releaseBase = (version: string, mirror: string = RELEASES): string =>
  `${mirror.replace(/\/+$/, "")}/${inUrl(version)}`;

/** The list of a release's own hashes. */
export const sumsName = (arch: Arch): string => `sha256sum-${arch}.txt`;

/**
 * Every file of an installation.
 *
 * @param mirror base URL instead of K3s' own; the installer is then beside the release's files.
 * @param images whether to pin the air-gap images too.
 */
export function releaseFiles(
  version: string,
  arches: readonly Arch[],
  { mirror, images }: { readonly mirror?: string | undefined; readonly images: boolean },
): ReleaseFile[] {
  const base = releaseBase(version, mirror);
  const installer = mirror === undefined ? `${SOURCES}/${inUrl(version)}/install.sh` : `${base}/install.sh`;
  const of = (key: "binary" | "images", arch: Arch, name: string): ReleaseFile => ({
    key: [key, arch],
    name,
    url: `${base}/${name}`,
    listed: arch,
  });
  return [
    { key: ["installer"], name: "install.sh", url: installer },
    ...arches.map((arch) => of("binary", arch, binaryName(arch))),
    ...(images ? arches.map((arch) => of("images", arch, `k3s-airgap-images-${arch}.tar.zst`)) : []),
  ];
}

/** The hash that a release's own list gives a file; undefined when the list does not name it. */
export function listedHash(sums: string, name: string): string | undefined {
  for (const line of sums.split("\n")) {
    const [hash, file] = line.trim().split(/\s+/);
    if (file?.replace(/^\*/, "") === name && hash !== undefined && /^[0-9a-f]{64}$/.test(hash)) return hash;
  }
  return undefined;
}

/** K3s versions: order, and which change of version is allowed. Pure. */

/** Numbers of `v1.33.1+k3s1`: minor, patch, K3s' own build; undefined where the text is none. */
export function versionNumbers(version: string): readonly [number, number, number] | undefined {
  const match = /^v1\.(\d+)\.(\d+)(?:-[A-Za-z0-9.]+)?\+k3s(\d+)$/.exec(version);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/**
 * What going from one version to another means.
 *
 * `same`; `upgrade` within a minor or to the next; `skips` at least one minor, which Kubernetes does not support;
 * `downgrade`, which K3s does not support; `unknown` where one of them is no K3s version.
 */
export type VersionChange = "same" | "upgrade" | "skips" | "downgrade" | "unknown";

export function versionChange(from: string, to: string): VersionChange {
  if (from === to) return "same";
  const have = versionNumbers(from);
  const want = versionNumbers(to);
  if (have === undefined || want === undefined) return "unknown";
  const [first] = have.map((number, index) => want[index]! - number).filter((difference) => difference !== 0);
  if (first === undefined) return "same";
  if (first < 0) return "downgrade";
  return want[0] - have[0] > 1 ? "skips" : "upgrade";
}

/** Which chart a Helm release installs, and in which version. */
import { isRelease, type JudgedResource, UNKNOWN } from "./resource";

/** An exact version, as a folder's end or as the release's `version`. */
const EXACT = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;
const IN_FOLDER = /^(?<name>.+?)-(?<version>v?\d+\.\d+\.\d+.*)$/;

export interface ChartFound {
  readonly name: string;
  /** Undefined where nothing pins it. */
  readonly version: string | undefined;
}

/** The chart of a release; UNKNOWN while nobody knows it, undefined for other resources. */
export function chartOf(resource: JudgedResource): ChartFound | typeof UNKNOWN | undefined {
  if (!isRelease(resource)) return undefined;
  const { chart, version } = resource.inputs;
  if (chart === UNKNOWN || version === UNKNOWN) return UNKNOWN;
  if (typeof chart !== "string") return { name: "", version: undefined };
  const folder =
    chart
      .split("/")
      .at(-1)
      ?.replace(/\.tgz$/, "") ?? "";
  const parts = IN_FOLDER.exec(folder)?.groups;
  // The provider fills in an empty version where a folder is the chart.
  const pinned = typeof version === "string" && version !== "" ? version : parts?.["version"];
  const exact = pinned !== undefined && EXACT.test(pinned) ? pinned : undefined;
  return { name: parts?.["name"] ?? folder, version: exact };
}

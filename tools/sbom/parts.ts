/** What of a stack, or of every supported version, stands in a bill of materials beside the npm packages. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { load } from "js-yaml";
import { CALICO, CALICO_VERSIONS, type CalicoVersion } from "../../config/compatibility";
import { declaredCnis, probeImage } from "../../config/derive";
import type { StackConfig } from "../../config/schema";
import { isTree } from "../../config/tree";
import type { ChartLock } from "../charts/lock-file";
import { allCharts, chartsOf, folderOf, type PinnedChart } from "../charts/pinned";
import type { Evaluation } from "../plan/evaluate";
import { chartComponent, type Component, fileComponent, imageComponent, k3sComponent } from "./components";
import { imagesIn, mergedValues } from "./images";

export interface Parts {
  readonly components: readonly Component[];
  /** Charts that are not here, so that the images in them are not known. */
  readonly unread: readonly PinnedChart[];
}

export interface ChartSource {
  readonly lock: Pick<ChartLock, "get">;
  /** Folder with one folder a chart and version. */
  readonly folder: string;
}

/** A chart's own values; undefined where the chart has not been pulled. */
function valuesOf(pinned: PinnedChart, { folder }: ChartSource): unknown {
  const chart = path.join(folder, folderOf(pinned));
  if (!existsSync(path.join(chart, "Chart.yaml"))) return undefined;
  const file = path.join(chart, "values.yaml");
  return existsSync(file) ? (load(readFileSync(file, "utf8")) ?? {}) : {};
}

type CalicoSource = Pick<StackConfig["calico"], "version" | "registry" | "imagePath" | "imageDigests">;

/** The images that the Tigera operator takes, and its own: their names follow from the version (config/compatibility.ts). */
function calicoImages({ version, registry = "quay.io", imagePath, imageDigests }: CalicoSource): string[] {
  const place = registry.replace(/\/+$/, "");
  const marked = (digest: string | undefined): string => (digest === undefined ? "" : `@${digest}`);
  const own = CALICO[version].images.map((image) => {
    const [folder = "", name = ""] = image.split("/");
    return `${place}/${imagePath ?? folder}/${name}:v${version}${marked(imageDigests?.images[image])}`;
  });
  return [
    ...own,
    `${place}/${imagePath ?? "tigera"}/operator:v${CALICO[version].operator}${marked(imageDigests?.operator)}`,
  ];
}

function partsOf(
  charts: readonly PinnedChart[],
  source: ChartSource,
  images: readonly string[],
  more: readonly Component[],
  given: (pinned: PinnedChart) => unknown,
): Parts {
  const values = charts.map((pinned) => ({ pinned, own: valuesOf(pinned, source) }));
  const inCharts = values.flatMap(({ pinned, own }) => imagesIn(mergedValues(own, given(pinned))));
  const all = [...new Set([...images, ...inCharts])].sort();
  return {
    components: [
      ...more,
      ...charts.map((pinned) => chartComponent(pinned, source.lock.get(folderOf(pinned)))),
      ...all.map(imageComponent),
    ],
    unread: values.filter(({ own }) => own === undefined).map(({ pinned }) => pinned),
  };
}

/** Of every version that config/compatibility.ts knows. */
export const partsOfAll = (source: ChartSource): Parts =>
  partsOf(
    allCharts(),
    source,
    CALICO_VERSIONS.flatMap((version: CalicoVersion) => calicoImages({ version })),
    [],
    () => undefined,
  );

function k3sParts({ version, install }: StackConfig["k3s"]): Component[] {
  const files = [
    { name: "install.sh", file: install?.installer },
    { name: "k3s", file: install?.binary.amd64 },
    { name: "k3s-arm64", file: install?.binary.arm64 },
    { name: "k3s-airgap-images-amd64.tar.zst", file: install?.images?.amd64 },
    { name: "k3s-airgap-images-arm64.tar.zst", file: install?.images?.arm64 },
  ];
  return [
    k3sComponent(version),
    ...files.flatMap(({ name, file }) => (file === undefined ? [] : [fileComponent(name, version, file)])),
  ];
}

/** Of one stack: its charts with its values, its K3s, and every image that its plan names. */
export function partsOfStack(config: StackConfig, { resources }: Evaluation, source: ChartSource): Parts {
  const releases = resources.filter(({ type }) => type === "kubernetes:helm.sh/v3:Release");
  const given = (pinned: PinnedChart): unknown =>
    releases.find(({ inputs }) => isTree(inputs) && path.basename(String(inputs["chart"])) === folderOf(pinned))
      ?.inputs["values"];
  const declared = resources.flatMap(({ inputs, type }) =>
    // The images of an ImageSet are listed by the table, whole; a release's values with those of its chart.
    type.endsWith(":ImageSet") || type.endsWith(":Release") ? [] : imagesIn(inputs),
  );
  const calico = declaredCnis(config).has("calico") ? calicoImages(config.calico) : [];
  return partsOf(chartsOf(config), source, [...declared, ...calico, probeImage(config)], k3sParts(config.k3s), given);
}

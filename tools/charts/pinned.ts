/** Which charts the stack deploys, and where their publishers keep them. Data. */
import {
  CALICO,
  CALICO_VERSIONS,
  CERT_MANAGER_VERSIONS,
  SELDON_VERSIONS,
  STRIMZI_VERSIONS,
  type CalicoVersion,
  type SeldonVersion,
} from "../../config/compatibility";
import { declaredCnis } from "../../config/derive";
import { strimziOf } from "../../config/kafka";
import type { StackConfig } from "../../config/schema";
import { PUBLISHERS } from "../../config/schema-charts";

/** A chart at one version. */
export interface PinnedChart {
  readonly chart: string;
  /** As the configuration writes it, without a leading `v`. */
  readonly version: string;
  /** Base URL of the Helm repository, or `oci://` with the registry and the folder of its charts. */
  readonly repository: string;
}

const SELDON_CHARTS = ["seldon-core-v2-crds", "seldon-core-v2-setup", "seldon-core-v2-runtime"];

type Repositories = StackConfig["charts"]["repositories"];

const calicoCharts = (version: CalicoVersion, { calico }: Repositories): PinnedChart[] =>
  [...(CALICO[version].crds === "crd-chart" ? ["crd.projectcalico.org.v1"] : []), "tigera-operator"].map((chart) => ({
    chart,
    version,
    repository: calico,
  }));

const seldonCharts = (version: SeldonVersion, { seldon }: Repositories): PinnedChart[] =>
  SELDON_CHARTS.map((chart) => ({ chart, version, repository: seldon }));

const certManagerChart = (version: string, { certManager }: Repositories): PinnedChart => ({
  chart: "cert-manager",
  version,
  repository: certManager,
});

const strimziChart = (version: string, { strimzi }: Repositories): PinnedChart => ({
  chart: "strimzi-kafka-operator",
  version,
  repository: strimzi,
});

/** Name of the chart's folder below the charts folder, and its key in the lock file. */
export const folderOf = ({ chart, version }: Pick<PinnedChart, "chart" | "version">): string => `${chart}-${version}`;

/** The charts that one stack deploys. */
export function chartsOf(config: StackConfig): PinnedChart[] {
  const { repositories } = config.charts;
  const calico = declaredCnis(config).has("calico") ? calicoCharts(config.calico.version, repositories) : [];
  const { install, version } = config.seldon.tls.certManager;
  const strimzi = strimziOf(config);
  return [
    ...calico,
    ...seldonCharts(config.seldon.version, repositories),
    ...(install ? [certManagerChart(version, repositories)] : []),
    ...(strimzi?.operator === true ? [strimziChart(strimzi.version, repositories)] : []),
  ];
}

/** The charts of every version in config/compatibility.ts, from their publishers. */
export const allCharts = (): PinnedChart[] => [
  ...CALICO_VERSIONS.flatMap((version) => calicoCharts(version, PUBLISHERS)),
  ...SELDON_VERSIONS.flatMap((version) => seldonCharts(version, PUBLISHERS)),
  ...CERT_MANAGER_VERSIONS.map((version) => certManagerChart(version, PUBLISHERS)),
  ...STRIMZI_VERSIONS.map((version) => strimziChart(version, PUBLISHERS)),
];

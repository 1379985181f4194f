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

/** A chart at one version. */
export interface PinnedChart {
  readonly chart: string;
  /** As the configuration writes it, without a leading `v`. */
  readonly version: string;
  /** Base URL of the Helm repository. */
  readonly repository: string;
}

/**
 * Helm repositories of the publishers (Calico docs "Install using Helm"; Seldon Core 2 docs "Helm installation";
 * cert-manager docs "Helm"; Strimzi docs "Deploying the Cluster Operator using Helm").
 */
const REPOSITORY = {
  calico: "https://docs.tigera.io/calico/charts",
  seldon: "https://seldonio.github.io/helm-charts",
  certManager: "https://charts.jetstack.io",
  strimzi: "https://strimzi.io/charts",
} as const;

const SELDON_CHARTS = ["seldon-core-v2-crds", "seldon-core-v2-setup", "seldon-core-v2-runtime"];

const calicoCharts = (version: CalicoVersion): PinnedChart[] =>
  [...(CALICO[version].crds === "crd-chart" ? ["crd.projectcalico.org.v1"] : []), "tigera-operator"].map((chart) => ({
    chart,
    version,
    repository: REPOSITORY.calico,
  }));

const seldonCharts = (version: SeldonVersion): PinnedChart[] =>
  SELDON_CHARTS.map((chart) => ({ chart, version, repository: REPOSITORY.seldon }));

const certManagerChart = (version: string): PinnedChart => ({
  chart: "cert-manager",
  version,
  repository: REPOSITORY.certManager,
});

const strimziChart = (version: string): PinnedChart => ({
  chart: "strimzi-kafka-operator",
  version,
  repository: REPOSITORY.strimzi,
});

/** Name of the chart's folder below the charts folder, and its key in the lock file. */
export const folderOf = ({ chart, version }: Pick<PinnedChart, "chart" | "version">): string => `${chart}-${version}`;

/** The charts that one stack deploys. */
export function chartsOf(config: StackConfig): PinnedChart[] {
  const calico = declaredCnis(config).has("calico") ? calicoCharts(config.calico.version) : [];
  const { install, version } = config.seldon.tls.certManager;
  const strimzi = strimziOf(config);
  return [
    ...calico,
    ...seldonCharts(config.seldon.version),
    ...(install ? [certManagerChart(version)] : []),
    ...(strimzi?.operator === true ? [strimziChart(strimzi.version)] : []),
  ];
}

/** The charts of every version in config/compatibility.ts. */
export const allCharts = (): PinnedChart[] => [
  ...CALICO_VERSIONS.flatMap(calicoCharts),
  ...SELDON_VERSIONS.flatMap(seldonCharts),
  ...CERT_MANAGER_VERSIONS.map(certManagerChart),
  ...STRIMZI_VERSIONS.map(strimziChart),
];

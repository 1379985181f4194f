/** The charts that the lab deploys where nobody has pulled the real ones. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { useLabOperator } from "./standin-calico/charts";

const STAND_INS = resolve(__dirname, "../../sandbox/stand-ins/charts");

/**
 * Writes `<folder>/tigera-operator-<version>`: the CRDs of the sandbox's stand-in, and the lab's operator. Plain YAML, so
 * that Helm installs it as well as the in-process engine does.
 *
 * @param version Calico's version, which is also the chart's. Up to 3.31 the CRDs are in this chart. @default "3.31.7"
 * @returns the chart's folder
 */
export function labCharts(folder: string, version = "3.31.7"): string {
  const chart = join(folder, `tigera-operator-${version}`);
  cpSync(join(STAND_INS, "tigera-operator"), chart, { recursive: true });
  const manifest = join(chart, "Chart.yaml");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/^version: .*$/m, `version: ${version}`));
  useLabOperator(chart);
  return chart;
}

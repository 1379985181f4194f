/** The charts that the lab deploys where nobody has pulled the real ones. */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { useLabOperator } from "./standin-calico/charts";

const STAND_INS = resolve(__dirname, "../../sandbox/stand-ins/charts");

/**
 * Writes `<folder>/tigera-operator-<version>`: the CRDs of the sandbox's stand-in, and the lab's operator. Plain YAML, so
 * that Helm installs it as well as the in-process engine does.
 *
 * @param version Calico's version, which is also the chart's. Up to 3.31 the CRDs are in this chart. @default "3.31.7"
 * @returns the chart's folder
 * @throws Error where LAB_EXTRAS names a folder without `crds/`: Calico's own programs want all of its CRDs.
 */
export function labCharts(folder: string, version = "3.31.7"): string {
  const chart = join(folder, `tigera-operator-${version}`);
  cpSync(join(STAND_INS, "tigera-operator"), chart, { recursive: true });
  const manifest = join(chart, "Chart.yaml");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/^version: .*$/m, `version: ${version}`));
  useLabOperator(chart);
  const extras = process.env["LAB_EXTRAS"];
  if (extras) {
    const crds = join(extras, "crds");
    if (!existsSync(crds)) throw new Error(`${crds} is not there; the real calico-node wants all CRDs of its chart`);
    rmSync(join(chart, "crds"), { recursive: true });
    // The stand-in's chart is read without folders below its own.
    for (const file of readdirSync(crds, { recursive: true, encoding: "utf8" })) {
      if (file.endsWith(".yaml")) cpSync(join(crds, file), join(chart, "crds", basename(file)));
    }
  }
  return chart;
}

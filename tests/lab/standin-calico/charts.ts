/** The operator's chart for a lab without the real one. */
import { copyFileSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";

const OPERATOR = resolve(__dirname, "operator.yaml");

/**
 * Turns the sandbox's stand-in chart, whose operator is simulated, into one that starts the lab's operator. (The real
 * chart needs nothing: its image is imported under the real name, see tests/lab/image/contents.ts.)
 *
 * @param folder the chart, as `prepareCharts` of the sandbox has copied it
 */
export function useLabOperator(folder: string): void {
  const manifest = join(folder, "templates", "operator.yaml");
  if (!existsSync(manifest)) {
    throw new Error(
      `${manifest} is not there: ${folder} is no copy of the sandbox's stand-in chart (sandbox/stand-ins/charts)`,
    );
  }
  copyFileSync(OPERATOR, manifest);
}

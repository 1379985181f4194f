import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../cli";
import { folderKey, install, isInstalled, localOrigins, type InstallOptions } from "./install";
import { folderOf, type PinnedChart } from "./pinned";
import { ChartSource } from "./repository";

export interface PullOptions extends InstallOptions {
  readonly charts: readonly PinnedChart[];
  /** Archives, chart folders, or folders of either, instead of the repositories. @default the repositories */
  readonly from?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Called with one line for each chart. */
  readonly onProgress: (line: string) => void;
}

/**
 * Brings every chart into the charts folder; those that are there, unchanged, are left alone.
 *
 * @throws ToolError at the first chart that cannot be had (exit code 2), or is not what it should be (1).
 */
export async function pullCharts(options: PullOptions): Promise<void> {
  const { charts, from, target, signal, onProgress } = options;
  const source = new ChartSource(signal);
  const local = from ? localOrigins(from, target) : undefined;
  const absent = local ? charts.filter((pinned) => !local.has(folderOf(pinned))) : [];
  if (absent.length > 0) {
    const found = [...(local?.keys() ?? [])].sort().join(", ") || "no chart";
    throw new ToolError(`not in ${from?.join(", ")}: ${absent.map(folderOf).join(", ")}; found ${found}`, EXIT.failed);
  }
  for (const pinned of charts) {
    const name = folderOf(pinned);
    if (!local && isInstalled(pinned, options)) {
      onProgress(`${name}: already there`);
      continue;
    }
    const origin = local?.get(name) ?? { archive: await source.fetch(pinned) };
    install(pinned, origin, options);
    const key = "archive" in origin ? name : folderKey(name);
    onProgress(`${name}: ${"archive" in origin ? "" : "a local folder, "}SHA-256 ${options.lock.get(key) ?? "?"}`);
  }
}

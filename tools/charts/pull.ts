import { EXIT } from "../../checks/exit-codes";
import { above, type LiveSteps, step } from "../../terminal/steps/live";
import { ToolError } from "../cli";
import { folderKey, install, isInstalled, localOrigins, type InstallOptions } from "./install";
import { folderOf, type PinnedChart } from "./pinned";
import { ChartSource } from "./repository";

export interface PullOptions extends InstallOptions {
  readonly charts: readonly PinnedChart[];
  /** Archives, chart folders, or folders of either, instead of the repositories. @default the repositories */
  readonly from?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** The list of the charts, on a terminal. */
  readonly live?: LiveSteps | undefined;
  /** Called with one line for each chart. */
  readonly onProgress: (line: string) => void;
}

/**
 * Brings every chart into the charts folder; those that are there, unchanged, are left alone.
 *
 * @throws ToolError at the first chart that cannot be had (exit code 2), or is not what it should be (1).
 */
export async function pullCharts(options: PullOptions): Promise<void> {
  const { charts, from, target, signal, onProgress, live } = options;
  const source = new ChartSource(signal);
  const local = from ? localOrigins(from, target) : undefined;
  const absent = local ? charts.filter((pinned) => !local.has(folderOf(pinned))) : [];
  if (absent.length > 0) {
    const found = [...(local?.keys() ?? [])].sort().join(", ") || "no chart";
    throw new ToolError(`not in ${from?.join(", ")}: ${absent.map(folderOf).join(", ")}; found ${found}`, EXIT.failed);
  }
  const bring = async (pinned: PinnedChart, name: string, tell: (text: string) => void): Promise<string> => {
    if (!local && isInstalled(pinned, options)) return "already there";
    if (!local) tell(`fetching it from ${pinned.repository}`);
    const origin = local?.get(name) ?? { archive: await source.fetch(pinned) };
    install(pinned, origin, options);
    const key = "archive" in origin ? name : folderKey(name);
    return `${"archive" in origin ? "" : "a local folder, "}SHA-256 ${options.lock.get(key) ?? "?"}`;
  };
  live?.expect(charts.map(folderOf));
  for (const pinned of charts) {
    const name = folderOf(pinned);
    const came = await step(live, name, (tell) => bring(pinned, name, tell), { resultOf: (text) => text });
    above(live, () => onProgress(`${name}: ${came}`));
  }
}

/** The charts that a run deploys: real ones where there are any, else stand-ins. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf } from "../config/thrown";
import { ChartLock } from "../tools/charts/lock-file";
import { folderOf, type PinnedChart } from "../tools/charts/pinned";
import { pullCharts } from "../tools/charts/pull";
import { SandboxError } from "./failure";

export interface ChartsOptions {
  readonly needed: readonly PinnedChart[];
  /** Folder of the run that gets one sub-folder a chart. */
  readonly target: string;
  /** Folder with real charts that must hold all that are needed; null asks for stand-ins. */
  readonly given?: string | null;
  readonly project: string;
  /** The project's own charts folder, which `npm run charts` fills. */
  readonly pulled: string;
  /** Where charts that can be had from their repositories are kept. */
  readonly cache: string;
  /** Decides which of a stand-in's variants is deployed. */
  readonly profile: string;
  readonly signal: AbortSignal;
}

export interface PreparedCharts {
  /** All or none: a real operator chart with the CRDs of a stand-in would prove nothing. */
  readonly origin: "real" | "stand-in";
  /** Where the real ones came from, or why there are stand-ins. */
  readonly reason: string;
  /** `<chart>-<version>` of each. */
  readonly names: readonly string[];
}

const STAND_INS = join(__dirname, "stand-ins", "charts");
const PULL_TIMEOUT_MS = 20_000;

/** Puts every needed chart into the run's folder. @throws SandboxError naming the charts that cannot be had. */
export async function prepareCharts(options: ChartsOptions): Promise<PreparedCharts> {
  const { needed, target, given } = options;
  const names = needed.map(folderOf);
  mkdirSync(target, { recursive: true });
  const { folder, reason } = given === undefined ? await findCharts(options) : givenCharts(options);
  if (folder === undefined) {
    for (const chart of needed) copyStandIn(chart, options);
    return { origin: "stand-in", reason, names };
  }
  for (const name of names) symlinkSync(join(folder, name), join(target, name));
  return { origin: "real", reason, names };
}

interface Source {
  readonly folder?: string;
  readonly reason: string;
}

const missingIn = (folder: string, needed: readonly PinnedChart[]) =>
  needed.map(folderOf).filter((name) => !existsSync(join(folder, name, "Chart.yaml")));

function givenCharts({ given, needed }: ChartsOptions): Source {
  if (!given) return { reason: "asked for" };
  const folder = resolve(given);
  const missing = missingIn(folder, needed);
  if (missing.length === 0) return { folder, reason: `from ${folder}` };
  throw new SandboxError(
    `--charts ${given} does not hold ${missing.join(", ")}: it needs one folder with a Chart.yaml each`,
  );
}

/** What `npm run charts` has pulled, else what the repositories give. */
async function findCharts({ needed, pulled, cache, project, signal }: ChartsOptions): Promise<Source> {
  if (missingIn(pulled, needed).length === 0) return { folder: pulled, reason: `from ${pulled}` };
  const lock = new ChartLock(join(project, "charts.lock.yaml"));
  const unknown = needed.map(folderOf).filter((name) => lock.get(name) === undefined);
  if (unknown.length > 0) {
    return { reason: `there are none in ${pulled}, and charts.lock.yaml records no SHA-256 of ${unknown.join(", ")}` };
  }
  const timeout = AbortSignal.timeout(PULL_TIMEOUT_MS);
  try {
    await pullCharts({
      charts: needed,
      target: cache,
      lock,
      update: false,
      signal: AbortSignal.any([signal, timeout]),
      onProgress: () => undefined,
    });
    return { folder: cache, reason: "from their repositories" };
  } catch (error) {
    signal.throwIfAborted();
    return { reason: `there are none in ${pulled}, and the repositories cannot be reached: ${messageOf(error)}` };
  }
}

function copyStandIn(pinned: PinnedChart, { target, profile }: ChartsOptions): void {
  const { chart, version } = pinned;
  const source = join(STAND_INS, chart);
  if (!existsSync(source)) {
    throw new SandboxError(
      `there is no stand-in for the chart ${chart}; give the real one with --charts, or add sandbox/stand-ins/charts/${chart}`,
    );
  }
  const copy = join(target, folderOf(pinned));
  cpSync(source, copy, { recursive: true });
  const manifest = join(copy, "Chart.yaml");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/^version: .*$/m, `version: ${version}`));
  // Plain YAML has no conditions, so what depends on the profile is one file a profile.
  const profiles = join(copy, "profiles");
  if (!existsSync(profiles)) return;
  mkdirSync(join(copy, "templates"), { recursive: true });
  renameSync(join(profiles, `${profile}.yaml`), join(copy, "templates", `${profile}.yaml`));
  rmSync(profiles, { recursive: true });
}

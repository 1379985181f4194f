/** Builds the sandbox's tools from pinned Go modules, once, into a cache outside the clone. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isExecutable } from "./build/executable";
import { provideTools, type BuiltBinary } from "./build/tool-cache";
import { TOOLS, type Binary } from "./build/tool-table";
import type { Progress } from "./progress";

/** Where each binary is, and where it came from. */
export type ToolPaths = Readonly<Partial<Record<Binary, BuiltBinary>>>;

export interface BuildOptions {
  readonly wanted: readonly Binary[];
  readonly progress: Progress;
  readonly env?: NodeJS.ProcessEnv;
  /** Folder with one folder a tool. */
  readonly sources?: string;
  readonly signal?: AbortSignal;
}

const SOURCES = resolve(__dirname, "tools");

/** What outlives a run: `$XDG_CACHE_HOME/seldon-k3s`, or ~/.cache/seldon-k3s. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache"), "seldon-k3s");
}

export const toolCache = (env: NodeJS.ProcessEnv = process.env): string => join(cacheFolder(env), "tools");

/**
 * Gives the path of every wanted binary: from KUBEBUILDER_ASSETS where that folder holds it, else from the cache, else
 * built now.
 *
 * @throws SandboxError without a Go that can build what is missing, or when a build fails.
 */
export async function buildTools(options: BuildOptions): Promise<ToolPaths> {
  const { wanted, env = process.env } = options;
  const paths: Partial<Record<Binary, BuiltBinary>> = {};
  const assets = env["KUBEBUILDER_ASSETS"];
  for (const binary of wanted) {
    const path = assets ? join(assets, binary) : "";
    if (isExecutable(path)) paths[binary] = { path, origin: "KUBEBUILDER_ASSETS" };
  }
  const built = await provideTools({
    tools: TOOLS,
    wanted: wanted.filter((binary) => !paths[binary]),
    sources: options.sources ?? SOURCES,
    cache: toolCache(env),
    progress: options.progress,
    env,
    signal: options.signal,
  });
  return { ...built, ...paths };
}

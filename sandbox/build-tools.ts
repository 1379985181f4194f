/** Builds the sandbox's tools from pinned Go modules, once, into a cache outside the clone. */
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { findGo, goBuild, neededGo, refuseOldGo } from "./build/go";
import { withLock } from "./build/lock";
import { buildFlags, TOOLS, type Binary, type Tool } from "./build/tool-table";
import { atExit, SandboxError } from "./failure";
import type { Progress } from "./progress";

/** Where each binary is, and where it came from. */
export type ToolPaths = Readonly<Partial<Record<Binary, { readonly path: string; readonly origin: string }>>>;

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
  const paths: Partial<Record<Binary, { path: string; origin: string }>> = {};
  const assets = env["KUBEBUILDER_ASSETS"];
  for (const binary of wanted) {
    const path = assets ? join(assets, binary) : "";
    if (isExecutable(path)) paths[binary] = { path, origin: "KUBEBUILDER_ASSETS" };
  }
  for (const tool of TOOLS) {
    const missing = wanted.filter((binary) => tool.binaries[binary] !== undefined && !paths[binary]);
    if (missing.length === 0) continue;
    const folder = await provide(tool, missing, { ...options, env });
    for (const binary of missing)
      paths[binary] = { path: join(folder, binary), origin: `${tool.name} ${tool.version}` };
  }
  return paths;
}

/** The folder in the cache that holds the tool's binaries. */
async function provide(tool: Tool, binaries: readonly Binary[], options: BuildOptions & { env: NodeJS.ProcessEnv }) {
  const { env, progress, sources = SOURCES, signal } = options;
  const source = join(sources, tool.name);
  const cache = toolCache(env);
  const stem = `${tool.name}-${keyOf(tool, binaries, source)}`;
  const go = findGo(env);
  const cached = findCached(cache, stem, go, binaries);
  if (cached) return cached;
  if (!go) {
    throw new SandboxError(
      `${tool.name} ${tool.version} must be built, and there is no Go on PATH: install Go ${neededGo(source)} or newer ` +
        "(https://go.dev/dl/), or run once where Go is, with the same cache folder " +
        cache,
    );
  }
  refuseOldGo(go, tool.name, neededGo(source));
  mkdirSync(cache, { recursive: true });
  const target = join(cache, `${stem}-${goKey(go)}`);
  const onWait = ({ pid }: { pid: number }, seconds: number) => {
    if (seconds % 10 === 0) progress.say(`${tool.name}: process ${pid} is building it; waiting, ${seconds} s so far`);
  };
  await withLock(join(cache, `${stem}.lock`), { onWait, signal }, async () => {
    removeLeftovers(cache, stem);
    if (!isComplete(target, binaries)) await build(tool, binaries, { ...options, source, cache, stem, target });
  });
  return target;
}

interface Build extends BuildOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly source: string;
  readonly cache: string;
  readonly stem: string;
  readonly target: string;
}

async function build(tool: Tool, binaries: readonly Binary[], options: Build): Promise<void> {
  const { env, progress, signal, source, cache, stem, target } = options;
  const temporary = mkdtempSync(join(cache, `.${stem}-`));
  progress.say(`${tool.name} ${tool.version} is built once and then kept in ${cache}`);
  let status = "starting";
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const dispose = atExit(remove);
  try {
    const packages = binaries.map((binary) => tool.binaries[binary] ?? "");
    await progress.part(
      `build ${tool.name} ${tool.version}`,
      () =>
        goBuild({
          tool: tool.name,
          folder: source,
          args: [...buildFlags(tool), "-o", `${temporary}/`, ...packages],
          env,
          signal,
          onProgress: ({ downloaded, compiled }) =>
            (status = `${downloaded} modules downloaded, ${compiled} packages compiled`),
        }),
      () => status,
    );
    for (const binary of binaries) nameBinary(temporary, tool.binaries[binary] ?? "", binary);
    if (!isComplete(temporary, binaries))
      throw new SandboxError(`building ${tool.name} gave no ${binaries.join(", ")}`);
    rmSync(target, { recursive: true, force: true });
    renameSync(temporary, target);
  } finally {
    remove();
    dispose();
  }
}

/** `go build` names a binary after the last part of its package that is no major version. */
function nameBinary(folder: string, pkg: string, binary: Binary): void {
  const built = join(folder, basename(pkg.replace(/\/v\d+$/, "")));
  if (built !== join(folder, binary) && existsSync(built)) renameSync(built, join(folder, binary));
}

/** What decides the result, but the Go version: that is a part of the folder's name, so that no Go is needed to find it. */
function keyOf(tool: Tool, binaries: readonly Binary[], source: string): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(source, file)));
  hash.update(
    JSON.stringify([buildFlags(tool), binaries.map((binary) => tool.binaries[binary]), process.platform, process.arch]),
  );
  return hash.digest("hex").slice(0, 16);
}

const goKey = (go: string) => go.replace(/[^\w.]+/g, "-");

function findCached(cache: string, stem: string, go: string | undefined, binaries: readonly Binary[]) {
  const names = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith(`${stem}-go`)) : [];
  const own = go && `${stem}-${goKey(go)}`;
  const candidates = own ? names.filter((name) => name === own) : names.sort().reverse();
  return candidates.map((name) => join(cache, name)).find((folder) => isComplete(folder, binaries));
}

/** What builds that were killed left behind. Called under the lock, so nobody is using it. */
function removeLeftovers(cache: string, stem: string): void {
  for (const name of readdirSync(cache).filter((entry) => entry.startsWith(`.${stem}-`))) {
    rmSync(join(cache, name), { recursive: true, force: true });
  }
}

const isComplete = (folder: string, binaries: readonly Binary[]) =>
  binaries.every((binary) => isExecutable(join(folder, binary)));

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path !== "";
  } catch {
    return false;
  }
}

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
import { findGo, goBuild, neededGo, prefetchModules, refuseOldGo } from "./build/go";
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
  const orders = TOOLS.flatMap((tool): Order[] => {
    const binaries = wanted.filter((binary) => tool.binaries[binary] !== undefined && !paths[binary]);
    return binaries.length > 0 ? [orderOf(tool, binaries, { ...options, env })] : [];
  });
  const folders = await provide(orders, { ...options, env });
  for (const { tool, binaries, stem } of orders) {
    const origin = `${tool.name} ${tool.version}`;
    for (const binary of binaries) paths[binary] = { path: join(folders.get(stem) ?? "", binary), origin };
  }
  return paths;
}

/** Some binaries of one tool, and where they belong. */
interface Order {
  readonly tool: Tool;
  readonly binaries: readonly Binary[];
  readonly packages: readonly string[];
  /** Folder with the tool's go.mod. */
  readonly source: string;
  /** Name in the cache, up to the Go version. */
  readonly stem: string;
}

type Context = BuildOptions & { readonly env: NodeJS.ProcessEnv };

function orderOf(tool: Tool, binaries: readonly Binary[], { sources = SOURCES }: Context): Order {
  const source = join(sources, tool.name);
  const packages = binaries.map((binary) => tool.binaries[binary] ?? "");
  return { tool, binaries, packages, source, stem: `${tool.name}-${keyOf(tool, packages, source)}` };
}

/** The folder in the cache of every order, by stem; builds what is not there. */
async function provide(orders: readonly Order[], context: Context): Promise<ReadonlyMap<string, string>> {
  const { env, signal } = context;
  const cache = toolCache(env);
  const go = findGo(env);
  const folders = new Map<string, string>();
  for (const { stem, binaries } of orders) {
    const cached = findCached(cache, stem, go, binaries);
    if (cached) folders.set(stem, cached);
  }
  const missing = orders.filter(({ stem }) => !folders.has(stem));
  for (const { tool, source } of missing) refuseGo(go, tool, source, cache);
  const done = new AbortController();
  const fetching = { env, signal: signal ? AbortSignal.any([signal, done.signal]) : done.signal };
  try {
    for (const { packages, source } of missing.slice(1))
      void prefetchModules({ ...fetching, folder: source }, packages);
    for (const order of missing) folders.set(order.stem, await buildOnce(order, cache, go ?? "", context));
  } finally {
    done.abort();
  }
  return folders;
}

/** @throws SandboxError when there is no Go that can build the tool. */
function refuseGo(go: string | undefined, { name, version }: Tool, source: string, cache: string): void {
  if (go) return refuseOldGo(go, name, neededGo(source));
  throw new SandboxError(
    `${name} ${version} must be built, and there is no Go on PATH: install Go ${neededGo(source)} or newer ` +
      `(https://go.dev/dl/), or run once where Go is, with the same cache folder ${cache}`,
  );
}

async function buildOnce(order: Order, cache: string, go: string, context: Context): Promise<string> {
  const { tool, stem, binaries } = order;
  const { progress, signal } = context;
  mkdirSync(cache, { recursive: true });
  const target = join(cache, `${stem}-${goKey(go)}`);
  const onWait = ({ pid }: { pid: number }, seconds: number) => {
    if (seconds % 10 === 0) progress.say(`${tool.name}: process ${pid} is building it; waiting, ${seconds} s so far`);
  };
  await withLock(join(cache, `${stem}.lock`), { onWait, signal }, async () => {
    removeLeftovers(cache, stem);
    if (!isComplete(target, binaries)) await build(order, cache, target, context);
  });
  return target;
}

async function build(order: Order, cache: string, target: string, context: Context): Promise<void> {
  const { tool, binaries, packages, source, stem } = order;
  const { env, progress, signal } = context;
  const temporary = mkdtempSync(join(cache, `.${stem}-`));
  progress.say(`${tool.name} ${tool.version} is built once and then kept in ${cache}`);
  let status = "starting";
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const dispose = atExit(remove);
  try {
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
function keyOf(tool: Tool, packages: readonly string[], source: string): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(source, file)));
  hash.update(JSON.stringify([buildFlags(tool), packages, process.platform, process.arch]));
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

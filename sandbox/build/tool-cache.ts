/** Builds tools from pinned Go modules, once, into a cache. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { atExit, SandboxError } from "../failure";
import type { Progress } from "../progress";
import { isExecutable } from "./executable";
import { findGo, goBuild, neededGo, prefetchModules, refuseOldGo } from "./go";
import { withLock } from "./lock";
import { buildFlags, type Tool } from "./tool-table";

/** Binaries of tools of one table. */
export interface ToolRequest<B extends string> {
  readonly tools: readonly Tool<B>[];
  readonly wanted: readonly B[];
  /** Folder with one folder a tool, named like it. */
  readonly sources: string;
  /** Where what is built is kept. */
  readonly cache: string;
  readonly progress: Progress;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** A binary, and which tool it is of. */
export interface BuiltBinary {
  readonly path: string;
  readonly origin: string;
}

/**
 * Gives the path of every wanted binary, from the cache or built now.
 *
 * @throws SandboxError without a Go that can build what is missing, or when a build fails.
 */
export async function provideTools<B extends string>(
  request: ToolRequest<B>,
): Promise<Partial<Record<B, BuiltBinary>>> {
  const orders = request.tools.flatMap((tool): Order[] => {
    const binaries = request.wanted.filter((binary) => tool.binaries[binary] !== undefined);
    return binaries.length > 0 ? [orderOf(tool, binaries, request)] : [];
  });
  const folders = await provide(orders, request);
  const paths: Partial<Record<B, BuiltBinary>> = {};
  for (const { tool, binaries, stem } of orders) {
    const origin = `${tool.name} ${tool.version}`;
    for (const binary of binaries) paths[binary as B] = { path: join(folders.get(stem) ?? "", binary), origin };
  }
  return paths;
}

/** Some binaries of one tool, and where they belong. */
interface Order {
  readonly tool: Tool<string>;
  readonly binaries: readonly string[];
  readonly packages: readonly string[];
  /** Folder with the tool's go.mod. */
  readonly source: string;
  /** Name in the cache, up to the Go version. */
  readonly stem: string;
}

type Context = Pick<ToolRequest<string>, "sources" | "cache" | "progress" | "env" | "signal">;

function orderOf(tool: Tool<string>, binaries: readonly string[], { sources }: Context): Order {
  const source = join(sources, tool.name);
  const packages = binaries.map((binary) => tool.binaries[binary] ?? "");
  return { tool, binaries, packages, source, stem: `${tool.name}-${keyOf(tool, packages, source)}` };
}

/** The folder in the cache of every order, by stem; builds what is not there. */
async function provide(orders: readonly Order[], context: Context): Promise<ReadonlyMap<string, string>> {
  const { env, signal, cache } = context;
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
    for (const order of missing) folders.set(order.stem, await buildOnce(order, go ?? "", context));
  } finally {
    done.abort();
  }
  return folders;
}

/** @throws SandboxError when there is no Go that can build the tool. */
function refuseGo(go: string | undefined, { name, version }: Tool<string>, source: string, cache: string): void {
  if (go) return refuseOldGo(go, name, neededGo(source));
  throw new SandboxError(
    `${name} ${version} must be built, and there is no Go on PATH: install Go ${neededGo(source)} or newer ` +
      `(https://go.dev/dl/), or run once where Go is, with the same cache folder ${cache}`,
  );
}

async function buildOnce(order: Order, go: string, context: Context): Promise<string> {
  const { tool, stem, binaries } = order;
  const { progress, signal, cache } = context;
  mkdirSync(cache, { recursive: true });
  const target = join(cache, `${stem}-${goKey(go)}`);
  const onWait = ({ pid }: { pid: number }, seconds: number) => {
    if (seconds % 10 === 0) progress.say(`${tool.name}: process ${pid} is building it; waiting, ${seconds} s so far`);
  };
  await withLock(join(cache, `${stem}.lock`), { onWait, signal }, async () => {
    removeLeftovers(cache, stem);
    if (!isComplete(target, binaries)) await build(order, target, context);
  });
  return target;
}

async function build(order: Order, target: string, context: Context): Promise<void> {
  const { tool, binaries, packages, source, stem } = order;
  const { env, progress, signal, cache } = context;
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
          cgo: tool.cgo,
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
function nameBinary(folder: string, pkg: string, binary: string): void {
  const built = join(folder, basename(pkg.replace(/\/v\d+$/, "")));
  if (built !== join(folder, binary) && existsSync(built)) renameSync(built, join(folder, binary));
}

/** What decides the result, but the Go version: that is a part of the folder's name, so that no Go is needed to find it. */
function keyOf(tool: Tool<string>, packages: readonly string[], source: string): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(source, file)));
  for (const file of ownSources(source)) hash.update(file).update(readFileSync(join(source, file)));
  hash.update(JSON.stringify([buildFlags(tool), packages, process.platform, process.arch]));
  return hash.digest("hex").slice(0, 16);
}

/** What a tool that is written here is made of, in a fixed order: everything but the modules' pins. */
function ownSources(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below))
    .sort()
    .map((name) => join(below, name))
    .filter((path) => path !== "go.mod" && path !== "go.sum" && !path.endsWith("_test.go"))
    .flatMap((path) => (statSync(join(folder, path)).isDirectory() ? ownSources(folder, path) : [path]));
}

const goKey = (go: string) => go.replace(/[^\w.]+/g, "-");

function findCached(cache: string, stem: string, go: string | undefined, binaries: readonly string[]) {
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

const isComplete = (folder: string, binaries: readonly string[]) =>
  binaries.every((binary) => isExecutable(join(folder, binary)));

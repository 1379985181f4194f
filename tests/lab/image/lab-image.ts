/** The lab's one image archive and the program in it: built once for each state of the sources, then kept in the cache. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { cacheFolder } from "../../../sandbox/build-tools";
import { findGo, goBuild, neededGo, refuseOldGo } from "../../../sandbox/build/go";
import { withLock } from "../../../sandbox/build/lock";
import { SandboxError } from "../../../sandbox/failure";
import type { Progress } from "../../../sandbox/progress";
import { DEFAULT_PIECES, filesBelow, images, type Pieces } from "./contents";
import { ociArchive } from "./oci";

const SOURCES = resolve(__dirname, "../tools/labtool");

export interface LabImage {
  /** The archive: `ctr -n k8s.io images import <archive>` makes all images of it known to a containerd. */
  readonly archive: string;
  /** Every name in it. */
  readonly names: readonly string[];
  /** The static program tests/lab/tools/labtool, for use outside of a pod. */
  readonly labtool: string;
}

export interface LabImageOptions {
  readonly progress: Progress;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** @default Debian's files */
  readonly pieces?: Omit<Pieces, "labtool">;
}

/**
 * Gives the image archive, from the cache where it was made from the same sources and pieces before.
 *
 * @throws SandboxError without a Go that can build labtool, or when the build fails.
 */
export async function labImage(options: LabImageOptions): Promise<LabImage> {
  const { env = process.env, pieces = DEFAULT_PIECES } = options;
  const cache = join(cacheFolder(env), "lab");
  mkdirSync(cache, { recursive: true });
  return withLock(join(cache, "image.lock"), { signal: options.signal }, async () => {
    const labtool = await buildLabtool(cache, { ...options, env });
    const specs = images({ ...pieces, labtool });
    const names = specs.flatMap((spec) => spec.names);
    const bytes = ociArchive(specs, process.arch === "arm64" ? "arm64" : "amd64");
    const archive = join(cache, `image-${digestOf([bytes])}.tar`);
    if (!existsSync(archive)) writeWhole(archive, bytes);
    return { archive, names, labtool };
  });
}

async function buildLabtool(cache: string, { env, progress, signal }: LabImageOptions & { env: NodeJS.ProcessEnv }) {
  const sources = filesBelow(SOURCES, /(?<!_test)\.go$|^go\.(mod|sum)$/);
  const key = digestOf(sources.flatMap((file) => [Buffer.from(relative(SOURCES, file)), readFileSync(file)]));
  const target = join(cache, `labtool-${key}`);
  if (existsSync(target)) return target;
  const go = findGo(env);
  if (!go)
    throw new SandboxError(
      `the lab's own program must be built, and there is no Go on PATH: install Go ${neededGo(SOURCES)} or newer`,
    );
  refuseOldGo(go, "labtool", neededGo(SOURCES));
  const temporary = `${target}.${process.pid}`;
  let compiled = 0;
  try {
    await progress.part(
      "build labtool",
      () =>
        goBuild({
          tool: "labtool",
          folder: SOURCES,
          args: ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w", "-o", temporary, "."],
          env,
          signal,
          onProgress: (done) => (compiled = done.compiled),
        }),
      () => `${compiled} packages compiled`,
    );
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
}

function writeWhole(path: string, bytes: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, path);
}

/** Each part with its length, so that no two lists of parts give the same bytes. */
function digestOf(parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}

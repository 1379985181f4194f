/** The images of a server pod that is as real as a machine without Seldon's registry can have it. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative, resolve } from "node:path";
import { cacheFolder } from "../../../sandbox/build-tools";
import { goBuild } from "../../../sandbox/build/go";
import { withLock } from "../../../sandbox/build/lock";
import { SandboxError } from "../../../sandbox/failure";
import type { Progress } from "../../../sandbox/progress";
import { filesBelow } from "./contents";
import { ociArchive } from "./oci";
import { buildRootfs, planRootfs } from "./rootfs";
import { tar } from "./tar";

const SOURCES = resolve(__dirname, "../tools/seldon");

/** Real MLServer from PyPI, under a name of the lab's: it is not Seldon's own image. */
export const MLSERVER_IMAGE = "docker.io/lab/mlserver:1.7.1";
/** Real rclone of Debian. */
export const RCLONE_IMAGE = "docker.io/lab/rclone:1.60.1";
/** The stand-ins for Seldon's agent and scheduler. */
export const STAND_IN_IMAGE = "docker.io/lab/seldon-stand-in:1";

/** OCI archives for `ctr images import`. */
export interface SeldonImages {
  /** MLServer and rclone. */
  readonly mlserver: string;
  readonly standIn: string;
}

export interface SeldonImageOptions {
  readonly progress: Progress;
  /** Whether what the cache lacks may be fetched and built: some hundred MB, some minutes. */
  readonly build: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Where the cache has the archive with MLServer, or why there cannot be one here. */
function mlserverArchive(env: NodeJS.ProcessEnv): { readonly path: string } | { readonly missing: string } {
  const plan = planRootfs();
  return "missing" in plan ? plan : { path: join(cacheFolder(env), "lab", `mlserver-${plan.key}.tar`) };
}

/** Why the images are not to be had; undefined when they are. Fetches and builds nothing. */
export function whyNoSeldonImages(build: boolean, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const archive = mlserverArchive(env);
  if ("missing" in archive) return archive.missing;
  return build || existsSync(archive.path) ? undefined : "the image with MLServer is built by the full run only";
}

/** Gives the archives, from the cache where they were made from the same things before. @throws SandboxError */
export async function seldonImages(options: SeldonImageOptions): Promise<SeldonImages> {
  const { env = process.env, signal, build } = options;
  const archive = mlserverArchive(env);
  if ("missing" in archive) throw new SandboxError(`the image with MLServer cannot be built: ${archive.missing}`);
  const cache = join(cacheFolder(env), "lab");
  mkdirSync(cache, { recursive: true });
  return withLock(join(cache, "seldon-image.lock"), { signal }, async () => {
    if (!existsSync(archive.path)) {
      if (!build) throw new SandboxError(`${archive.path} is not there; the full run builds it`);
      await buildMlserver(cache, archive.path, options);
    }
    return { mlserver: archive.path, standIn: await standIns(cache, { ...options, env }) };
  });
}

const WORK = "mlserver-work-";

async function buildMlserver(cache: string, target: string, { progress, signal }: SeldonImageOptions): Promise<void> {
  // Of a build that was killed.
  for (const name of readdirSync(cache)) if (name.startsWith(WORK)) rmSync(join(cache, name), { recursive: true });
  const work = mkdtempSync(join(cache, WORK));
  let step = "";
  try {
    await progress.part(
      "build the image with MLServer",
      async () => {
        const layer = join(work, "layer.tar");
        await buildRootfs(work, layer, { signal, onStep: (text) => (step = text) });
        const names = [MLSERVER_IMAGE, RCLONE_IMAGE];
        const path = "PATH=/usr/local/bin:/usr/bin:/bin:/sbin";
        const image = { names, command: ["sh"], environment: [path, "HOME=/tmp"], layers: [readFileSync(layer)] };
        const whole = join(work, "image.tar");
        writeFileSync(whole, ociArchive([image], "amd64"));
        renameSync(whole, target);
      },
      () => step,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The static Go program of tests/lab/tools/seldon, under both of its names. */
async function standIns(
  cache: string,
  { progress, env, signal }: SeldonImageOptions & { env: NodeJS.ProcessEnv },
): Promise<string> {
  const hash = createHash("sha256");
  for (const file of filesBelow(SOURCES, /(?<!_test)\.go$|^go\.(mod|sum)$/)) {
    const content = readFileSync(file);
    hash.update(`${relative(SOURCES, file)} ${content.length}:`).update(content);
  }
  const target = join(cache, `seldon-stand-in-${hash.digest("hex").slice(0, 16)}.tar`);
  if (existsSync(target)) return target;
  const [program, whole] = [`${target}.${process.pid}.bin`, `${target}.${process.pid}`];
  let compiled = 0;
  const flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags=-s -w"];
  try {
    await progress.part(
      "build the stand-ins for agent and scheduler",
      () =>
        goBuild({
          tool: "stand-ins",
          folder: SOURCES,
          args: [...flags, "-o", program, "."],
          env,
          signal,
          onProgress: (done) => (compiled = done.compiled),
        }),
      () => `${compiled} packages compiled`,
    );
    const layer = tar([
      { path: "bin/" },
      { path: "etc/" },
      { path: "bin/agent", content: readFileSync(program), mode: 0o755 },
      { path: "bin/scheduler", link: "agent" },
    ]);
    writeFileSync(
      whole,
      ociArchive(
        [{ names: [STAND_IN_IMAGE], command: ["agent"], layers: [layer] }],
        process.arch === "arm64" ? "arm64" : "amd64",
      ),
    );
    renameSync(whole, target);
  } finally {
    for (const path of [program, whole]) rmSync(path, { force: true });
  }
  return target;
}

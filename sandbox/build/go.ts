/** The Go toolchain that builds the sandbox's tools. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { atExit, SandboxError } from "../failure";
import { signalGroup } from "../process-identity";
import { tailOf } from "../supervisor";

export interface BuildRequest {
  /** Name in messages. */
  readonly tool: string;
  /** Folder with the go.mod. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Whether C may be compiled too. @default false */
  readonly cgo?: boolean;
  /** Called with what the compiler has done so far. */
  readonly onProgress: (done: BuildProgress) => void;
}

export interface BuildProgress {
  readonly downloaded: number;
  readonly compiled: number;
}

/** The `go` directive of a go.mod: the oldest Go that builds it. */
export function neededGo(folder: string): string {
  return /^go (\d+\.\d+)/m.exec(readFileSync(join(folder, "go.mod"), "utf8"))?.[1] ?? "unknown";
}

/** Version and platform of the Go on PATH, such as `go1.26.8 linux/amd64`; undefined when there is none. */
export function findGo(env: NodeJS.ProcessEnv): string | undefined {
  const { status, stdout } = spawnSync("go", ["version"], { env, encoding: "utf8" });
  return status === 0 ? stdout.replace(/^go version /, "").trim() : undefined;
}

/** @throws SandboxError naming the version that is needed. */
export function refuseOldGo(found: string, tool: string, needed: string): void {
  const [major = 0, minor = 0] = numbers(found.replace(/^go/, ""));
  const [neededMajor = 0, neededMinor = 0] = numbers(needed);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new SandboxError(
    `${tool} needs Go ${needed} or newer to build; found ${found}. Install it from https://go.dev/dl/`,
  );
}

const numbers = (version: string) => (/^(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);

/** A line of `go build -v`: the path of a package that has been compiled. */
const PACKAGE = /^[\w.-]+(\/[\w.~-]+)*$/;

const MIB = 2 ** 20;
const MOST_MEMORY = 1536 * MIB;
const LEAST_MEMORY = 512 * MIB;

/**
 * Lets each compiler use memory instead of collecting garbage, which saves a tenth of its work: half of the machine's
 * memory is shared among as many compilers as there are processors. A machine that has little keeps Go's own ways.
 */
function compilerMemory(): NodeJS.ProcessEnv {
  const share = Math.min(MOST_MEMORY, totalmem() / 2 / availableParallelism());
  return share < LEAST_MEMORY ? {} : { GOGC: "off", GOMEMLIMIT: `${Math.floor(share / MIB)}MiB` };
}

interface GoRun {
  readonly args: readonly string[];
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly cgo?: boolean;
  readonly onLine: (line: string) => void;
}

/** Runs the go command to its end; gives its exit code. */
async function runGo({ args, folder, env, signal, cgo = false, onLine }: GoRun): Promise<number | null> {
  signal?.throwIfAborted();
  const child = spawn("go", args, {
    cwd: folder,
    env: { ...env, ...compilerMemory(), CGO_ENABLED: cgo ? "1" : "0", GOWORK: "off", GOFLAGS: "" },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  // The compilers are children of `go`: only ending the group ends them all.
  const stop = () => signalGroup(child.pid ?? 0, "SIGKILL");
  signal?.addEventListener("abort", stop, { once: true });
  const dispose = atExit(stop);
  createInterface({ input: child.stderr }).on("line", onLine);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    signal?.throwIfAborted();
    return code;
  } finally {
    signal?.removeEventListener("abort", stop);
    dispose();
  }
}

/** Runs `go build`. @throws SandboxError with the end of the compiler's output. */
export async function goBuild({ tool, folder, args, env, signal, cgo, onProgress }: BuildRequest): Promise<void> {
  let errors = "";
  const done = { downloaded: 0, compiled: 0 };
  const onLine = (line: string) => {
    if (line.startsWith("go: downloading ")) done.downloaded++;
    else if (PACKAGE.test(line)) done.compiled++;
    else errors = `${errors}${line}\n`.slice(-20_000);
    onProgress({ ...done });
  };
  const code = await runGo({ args: ["build", "-v", ...args], folder, env, signal, cgo, onLine });
  if (code === 0) return;
  throw new SandboxError(
    `building ${tool} failed (go build ended with exit code ${code ?? "unknown"}); nothing of it is kept. The end of its output:\n` +
      `${tailOf(errors, 15)}\nMend the cause (network, disk space, Go version) and run the same command again.`,
  );
}

/**
 * Downloads the modules that a build will need, while another build keeps the processors busy. A fault is not told
 * here: the build meets it again.
 */
export async function prefetchModules(request: Pick<GoRun, "folder" | "env" | "signal">, packages: readonly string[]) {
  await runGo({ ...request, args: ["list", "-deps", ...packages], onLine: () => undefined }).catch(() => undefined);
}

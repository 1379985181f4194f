/**
 * The file system of the lab's image with real MLServer and real rclone: packages of Debian 12 by apt, and of
 * mlserver/requirements.txt by pip. Where they come from is the machine's own configuration of apt and pip; what they must
 * be is known before they are fetched, by hash.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { SandboxError } from "../../../sandbox/failure";
import { mustRun, run } from "../processes";

const FOLDER = resolve(__dirname, "mlserver");
const REQUIREMENTS = join(FOLDER, "requirements.txt");
const START = join(FOLDER, "mlserver");

/** rclone, Python without its installer, and the libraries that they and the wheels load. */
const PACKAGES = [
  "rclone",
  "python3.11-minimal",
  "libpython3.11-minimal",
  "libpython3.11-stdlib",
  "libc6",
  "libcrypt1",
  "libgcc-s1",
  "libstdc++6",
  "zlib1g",
  "libssl3",
  "libexpat1",
  "libffi8",
  "libbz2-1.0",
  "liblzma5",
  "libsqlite3-0",
  "libuuid1",
  "media-types",
  "busybox-static",
] as const;

/** Wheels for Debian 12's libc (2.36) and everything older. */
const PLATFORMS = [28, 17, 12, 5].map((minor) => `manylinux_2_${minor}_x86_64`).concat("manylinux2014_x86_64");

/** Debian's Python looks here for what does not come from Debian. */
const SITE = "usr/local/lib/python3.11/dist-packages";

/** Programs of the machine that make the file system, by the package that has them. */
const NEEDED = {
  "dpkg-deb": "dpkg",
  "python3 -m pip": "python3-pip",
  chroot: "coreutils",
  tar: "tar",
};

/** Changes whenever what is below makes something else of the same packages. */
const RECIPE = 1;

export type RootfsPlan =
  | {
      /** Digest of everything that decides what the file system holds. */
      readonly key: string;
    }
  | { readonly missing: string };

interface Options {
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done. */
  readonly onStep: (text: string) => void;
}

/** What would be made on this machine, without fetching anything. */
export function planRootfs(): RootfsPlan {
  if (process.arch !== "x64") return { missing: `the wheels are for x86-64, and this is ${process.arch}` };
  const asked = spawnSync("apt-get", ["--print-uris", "download", ...PACKAGES], { encoding: "utf8" });
  // `'uri' FILE SIZE SHA256:...`
  const debs = (asked.stdout ?? "").split("\n").flatMap((line) => DEB.exec(line)?.[1] ?? []);
  if (debs.length !== PACKAGES.length) {
    const why = asked.error?.message ?? asked.stderr.trim().split("\n").at(-1) ?? "";
    return { missing: `apt does not know all of ${PACKAGES.join(", ")} (${why}); on Debian 12 run apt-get update` };
  }
  const hash = createHash("sha256");
  const files = [REQUIREMENTS, START].map((file) => readFileSync(file, "utf8"));
  for (const part of [String(RECIPE), debs.sort().join("\n"), ...files]) hash.update(`${part.length}:`).update(part);
  return { key: hash.digest("hex").slice(0, 16) };
}

const DEB = /^'[^']*' (\S+ \d+ SHA256:[0-9a-f]{64})$/;

/** @throws SandboxError that names the packages to install. */
async function refuseWithoutTools(signal: AbortSignal | undefined): Promise<void> {
  for (const [words, name] of Object.entries(NEEDED)) {
    const [command = "", ...args] = words.split(" ");
    const found = await run(command, [...args, "--version"], { signal }).catch(() => undefined);
    if (found?.code !== 0) throw new SandboxError(`${words} is missing: install the package ${name}`);
  }
}

/** Makes the file system as one tar archive. @throws SandboxError with the end of what failed. */
export async function buildRootfs(work: string, target: string, { signal, onStep }: Options): Promise<void> {
  const [debs, root] = ["debs", "root"].map((name) => join(work, name)) as [string, string];
  for (const folder of [
    debs,
    root,
    join(root, SITE),
    join(root, "usr/local/bin"),
    join(root, "bin"),
    join(root, "dev"),
    join(root, "tmp"),
  ])
    mkdirSync(folder, { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  const must = (command: string, args: readonly string[], cwd = work) =>
    mustRun("nice", ["-n", "19", command, ...args], { cwd, signal });

  await refuseWithoutTools(signal);
  onStep(`fetching ${PACKAGES.length} packages of Debian`);
  await must("apt-get", ["-qq", "download", ...PACKAGES], debs);
  for (const deb of readdirSync(debs).sort()) await must("dpkg-deb", ["--extract", join(debs, deb), root]);
  // A shell and its tools, for probes and start commands.
  for (const name of ["sh", "sleep", "cat", "ls", "env"]) symlinkSync("busybox", join(root, "bin", name));
  symlinkSync("python3.11", join(root, "usr/bin/python3"));
  copyFileSync("/etc/passwd", join(root, "etc/passwd"));

  onStep("installing MLServer and what it needs");
  await must("python3", [
    ...["-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--no-compile", "--only-binary=:all:"],
    ...["--python-version", "3.11", "--implementation", "cp", ...PLATFORMS.flatMap((name) => ["--platform", name])],
    ...["--target", join(root, SITE), "--requirement", REQUIREMENTS],
  ]);
  copyFileSync(START, join(root, "usr/local/bin/mlserver"));
  chmodSync(join(root, "usr/local/bin/mlserver"), 0o755);

  onStep("compiling Python, and proving that MLServer and rclone start");
  const compile = ["-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"];
  // Some wheels bring files of other Pythons' syntax; whoever imports one will hear of it.
  await run(
    "nice",
    ["-n", "19", "chroot", root, "/usr/bin/python3.11", ...compile, "/usr/lib/python3.11", `/${SITE}`],
    { signal },
  );
  // rclone wants it as it starts; a container has its own.
  await must("mknod", ["--mode=666", join(root, "dev/null"), "c", "1", "3"]);
  for (const command of ["mlserver --version", "rclone version"]) {
    await must("chroot", [root, "/bin/busybox", "env", "PATH=/usr/local/bin:/usr/bin:/bin", ...command.split(" ")]);
  }
  rmSync(join(root, "dev/null"));

  onStep("packing");
  await must("tar", [
    "--create",
    "--file",
    target,
    "--directory",
    root,
    "--sort=name",
    "--mtime=@0",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--exclude=./usr/share/doc",
    "--exclude=./usr/share/man",
    ".",
  ]);
}

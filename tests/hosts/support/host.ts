/**
 * A throw-away machine for the programs in `hosts/`: the system's own files with a copy-on-write layer in memory, a
 * network, processes and /run of its own, and stand-ins for systemctl and K3s that write down how they were called.
 * Programs run as they would on a machine; nothing outside can be reached. Linux and root.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const HOSTS = resolve(__dirname, "../../../hosts");
export const FAKE = join(__dirname, "fake");
export const PROGRAMS = "/usr/local/lib/seldon-k3s";

/** Why these tests cannot run here; undefined when they can. */
export function cannotRun(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs Linux and root";
  const missing = ["unshare", "nsenter", "chroot", "ip", "iptables-nft", "flock"].filter(
    (tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0,
  );
  if (missing.length > 0) return `needs ${missing.join(", ")}`;
  const folder = mkdtempSync(join(tmpdir(), "seldon-hosts-"));
  const probe = spawnSync("unshare", ["--mount", "--net", "--pid", "--fork", "sh", "-c", setUp(folder, "true")]);
  rmSync(folder, { recursive: true, force: true });
  return probe.status === 0 ? undefined : "needs the right to make namespaces and mounts";
}

/** Builds the machine's root below `folder` in a mount namespace of its own, then runs `command` in it. */
function setUp(folder: string, command: string): string {
  return `set -e
mount --make-rprivate /
root=${folder}
mount -t tmpfs -o size=256m tmpfs $root
mkdir $root/up $root/work $root/root
mount -t overlay overlay -o lowerdir=/,upperdir=$root/up,workdir=$root/work $root/root
cd $root/root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
# Whatever this machine has there is not the throw-away machine's.
for folder in etc/cni etc/rancher etc/systemd/system opt usr/local/bin usr/local/lib/seldon-k3s var/lib/cni \
  var/lib/calico var/lib/kubelet var/lib/rancher var/lib/seldon-k3s; do
  if [ -e $folder ]; then mount -t tmpfs -o mode=755 tmpfs $folder; fi
done
ip link set lo up
exec chroot . /bin/sh -c '${command}'
`;
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A request: lines, and the one that ends it. */
export const request = (...lines: readonly string[]): string => [...lines, "end", ""].join("\n");

/** A file in a request. */
export const file = (path: string, content: string, mode = "0600", key = "file"): string =>
  [
    `${key} ${mode} ${path}`,
    ...content
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => `| ${line}`),
  ].join("\n");

export class FixtureHost {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly pid: number,
    private readonly folder: string,
  ) {}

  static async start(): Promise<FixtureHost> {
    const folder = mkdtempSync(join(tmpdir(), "seldon-hosts-"));
    const holder = spawn(
      "unshare",
      [
        "--mount",
        "--net",
        "--pid",
        "--uts",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        setUp(folder, "hostname fixture; echo ready; exec sleep 3600"),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await once(holder.stdout, "data");
    const [child] = readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, "utf8").trim().split(" ");
    const host = new FixtureHost(holder, Number(child), folder);
    host.putPrograms();
    return host;
  }

  /** Path by which this process sees a file of the machine. */
  private outside(path: string): string {
    return `/proc/${this.pid}/root${path}`;
  }

  private putPrograms(): void {
    for (const folder of ["/fake/nodes", "/etc/rancher/k3s"]) mkdirSync(this.outside(folder), { recursive: true });
    this.write("/fake/calls", "");
    for (const [from, to] of [
      [HOSTS, PROGRAMS],
      [FAKE, "/fake/bin"],
    ] as const) {
      for (const name of readdirSync(from)) this.write(`${to}/${name}`, readFileSync(join(from, name), "utf8"), 0o755);
    }
  }

  write(path: string, content: string, mode = 0o644): void {
    mkdirSync(dirname(this.outside(path)), { recursive: true });
    writeFileSync(this.outside(path), content);
    chmodSync(this.outside(path), mode);
  }

  remove(...paths: readonly string[]): void {
    for (const path of paths) rmSync(this.outside(path), { recursive: true, force: true });
  }

  read(path: string): string {
    return readFileSync(this.outside(path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(this.outside(path));
  }

  private args(command: readonly string[]): string[] {
    return ["-t", String(this.pid), "--mount", "--net", "--pid", "--uts", "--root", "--wd", ...command];
  }

  /** Tools of the fixture come first, as on the machine they would in /usr/local/bin. */
  private static readonly env = { PATH: "/fake/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root" };

  /** Runs a command on the machine to its end. */
  exec(command: readonly string[], input = ""): Result {
    const { status, stdout, stderr } = spawnSync("nsenter", this.args(command), {
      input,
      env: FixtureHost.env,
      encoding: "utf8",
      timeout: 60_000,
    });
    return { code: status, stdout, stderr };
  }

  sh(script: string, input = ""): Result {
    return this.exec(["sh", "-c", script], input);
  }

  /** Runs a program of `hosts/`. */
  run(program: string, input: string, ...args: readonly string[]): Result {
    return this.exec([`${PROGRAMS}/${program}`, ...args], input);
  }

  /** Starts a command and leaves it running. */
  spawn(command: readonly string[]): ChildProcess {
    return spawn("nsenter", this.args(command), { env: FixtureHost.env, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** What the stand-ins were asked since the last look, without questions that change nothing. */
  calls(): string[] {
    const calls = this.read("/fake/calls").trim().split("\n");
    this.write("/fake/calls", "");
    return calls.filter((call) => call !== "" && !/^kubectl .* get |systemctl (show|is-|daemon-reload)/.test(call));
  }

  /** Paths, modes and contents below some folders, for a comparison of before and after. */
  tree(...folders: readonly string[]): string {
    return this.sh(
      `for path in $(find ${folders.join(" ")} 2>/dev/null | sort); do stat -c '%n %a' $path; [ -d $path ] || sha256sum <$path; done`,
    ).stdout;
  }

  /** K3s as the installer leaves it, running. */
  installK3s(unit: "k3s" | "k3s-agent" = "k3s", flags: readonly string[] = []): void {
    const role = unit === "k3s" ? "server" : "agent";
    const words = [role, ...flags.map((flag) => `'${flag}'`)].map((word) => `    ${word} \\\n`).join("");
    this.write(
      `/etc/systemd/system/${unit}.service`,
      `[Unit]\nDescription=Lightweight Kubernetes\n[Service]\nType=notify\nEnvironmentFile=-/etc/default/%N\nKillMode=process\nExecStart=/usr/local/bin/k3s \\\n${words}\n`,
    );
    // What K3s reads when it starts was there before, and clearly so.
    this.sh(`find /etc/rancher /etc/systemd/system -type f -exec touch -d '1 minute ago' {} +
      systemctl enable ${unit}; systemctl start ${unit}`);
    this.sh("until [ -e /fake/ready ]; do sleep 0.01; done");
    this.calls();
  }

  /** Ends every process of the machine at once, and the machine with them. */
  async stop(): Promise<void> {
    const gone = once(this.holder, "exit");
    this.holder.kill("SIGKILL");
    await gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Tests on a fresh machine each. Where none can be made they are skipped, and the name says why.
 *
 * @param tests gets what gives the test's machine.
 */
export function onMachine(name: string, tests: (machine: () => FixtureHost) => void): void {
  const reason = cannotRun();
  if (reason !== undefined) {
    describe.skip(`${name} (skipped: ${reason})`, () => tests(() => undefined as never));
    return;
  }
  describe(name, () => {
    let host: FixtureHost | undefined;
    beforeEach(async () => {
      host = await FixtureHost.start();
    });
    afterEach(async () => host?.stop());
    tests(() => host!);
  });
}

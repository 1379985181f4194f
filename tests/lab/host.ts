/** One machine of a lab: it can be logged in to, loses its power, boots, and is cut from the network. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { SandboxError } from "../../sandbox/failure";
import { identify, isRunning, type ProcessIdentity } from "../../sandbox/process-identity";
import { removeGroup, type HostRecord, type LabFolder } from "./folder";
import { killNow, SCRIPTS, type Keeper } from "./keeper";
import { childrenOf, isFirstProcess, mustRun, run, start, waitFor, type RunOptions, type RunResult } from "./processes";
import type { LabTools } from "./tools";

/** What all hosts of a lab have in common. */
export interface HostSetting {
  readonly folder: LabFolder;
  readonly keeper: Keeper;
  readonly tools: Pick<LabTools, "init" | "components">;
  /** Content of /etc/hosts. */
  readonly hosts: string;
}

/** Seconds until a host that was switched on must answer. */
const BOOT_SECONDS = 30;

export class LabHost {
  readonly name: string;
  readonly role: "server" | "agent";
  /** Address on the lab's bridge; SSH answers on port 22, user root. */
  readonly address: string;
  /** `ssh-ed25519 AAAA...`, as the stack's configuration pins it. */
  readonly hostKey: string;
  readonly #setting: HostSetting;

  constructor(record: HostRecord, setting: HostSetting) {
    this.name = record.name;
    this.role = record.role;
    this.address = record.address;
    this.hostKey = record.hostKey;
    this.#setting = setting;
  }

  /** The host's first process, as this machine sees it. */
  get #power(): ProcessIdentity | undefined {
    const power = this.#setting.folder.power(this.name);
    return power && isRunning(power) ? power : undefined;
  }

  get running(): boolean {
    return this.#power !== undefined;
  }

  /** Folder on this machine with the logs of the host's units and of what the stand-in for K3s runs. */
  get logs(): string {
    return this.#setting.folder.folder("logs", this.name);
  }

  /** Folder on this machine whose content is copied over the host's root at its first boot. */
  get files(): string {
    return filesOf(this.#setting.folder, this.name);
  }

  /** Switches the host on: its first process starts sshd and the units that are enabled. Does nothing on a running host. */
  async boot(): Promise<void> {
    if (this.running) return;
    const { folder, keeper, tools } = this.#setting;
    const console = openSync(join(this.logs, "console.log"), "a", 0o600);
    const child = await start("nsenter", [...keeper.entry, "sh", join(SCRIPTS, "host-power-on.sh")], {
      stdio: ["ignore", console, console],
      detached: true,
      env: {
        PATH: process.env["PATH"],
        NAME: this.name,
        ADDRESS: this.address,
        CGROUP: `${folder.cgroup}/${this.name}`,
        SCRIPTS,
        HOSTS: this.#setting.hosts,
        DISK: folder.file("disks", this.name),
        RANCHER: folder.folder("rancher", this.name),
        LOGS: this.logs,
        FILES: this.files,
        INIT: tools.init,
        COMPONENTS: Object.entries(tools.components)
          .map(([name, path]) => `${name} ${path}`)
          .join("\n"),
      },
    });
    closeSync(console);
    child.unref();
    const nsenter = child.pid ?? 0;
    const failed = () => identify(nsenter) === undefined;
    const explain = async () => (await run("tail", ["-n", "5", join(this.logs, "console.log")])).stdout;
    const power = await waitFor(
      `the first process of ${this.name}`,
      BOOT_SECONDS,
      async () => {
        if (failed()) throw new SandboxError(`host ${this.name} did not start: ${await explain()}`);
        // nsenter, then what it started: the script, which becomes unshare; then the host's first process.
        const first = childrenOf(nsenter).flatMap(childrenOf).find(isFirstProcess);
        return first === undefined ? undefined : identify(first);
      },
      { explain, every: 20 },
    );
    folder.recordPower(this.name, power);
    await waitFor(
      `an answer of host ${this.name}`,
      BOOT_SECONDS,
      async () => (this.running && (await this.exec("systemctl is-active ssh")).code === 0 ? true : undefined),
      { explain, every: 100 },
    );
  }

  /** Takes the power away: every process ends at once, the network is silent. The disk keeps what was written. */
  async powerCut(): Promise<void> {
    const power = this.#power;
    if (power) {
      killNow(power);
      await waitFor(`the end of host ${this.name}`, 30, () => !isRunning(power) || undefined, { every: 20 });
    }
    const { folder, keeper } = this.#setting;
    folder.recordPower(this.name, undefined);
    // A network namespace without processes would still answer pings and refuse connections; and it goes in its own time,
    // so the cable first.
    await keeper.run("ip", ["link", "delete", `v-${this.name}`]);
    await keeper.run("ip", ["netns", "delete", this.name]);
    for (const line of (await run("cat", ["/proc/self/mounts"])).stdout.split("\n")) {
      const [, mountPoint, kind] = line.split(" ");
      if (kind === "cgroup" || kind === "cgroup2") await removeGroup(join(mountPoint ?? "", folder.cgroup, this.name));
    }
  }

  /** Takes the cable out: the host runs on and reaches nobody. */
  async cutNetwork(): Promise<void> {
    await this.#setting.keeper.must("ip", ["link", "set", `v-${this.name}`, "down"]);
  }

  /** Puts the cable back. */
  async restoreNetwork(): Promise<void> {
    await this.#setting.keeper.must("ip", ["link", "set", `v-${this.name}`, "up"]);
  }

  /** nsenter's flags that lead into the host. @throws SandboxError when it has no power. */
  get entry(): string[] {
    const power = this.#power;
    if (!power) throw new SandboxError(`host ${this.name} is switched off: boot() it first`);
    return ["--target", String(power.pid), "--mount", "--net", "--pid", "--ipc", "--uts", "--cgroup", "--"];
  }

  /**
   * Runs something on the host as root, past SSH.
   *
   * @param command a program with its arguments, or a line for `sh`.
   */
  async exec(command: string | readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run("nsenter", [...this.entry, ...argvOf(command)], { env: HOST_ENVIRONMENT, ...options });
  }

  /** The same for what must succeed; gives its standard output. @throws SandboxError with what it wrote. */
  async must(command: string | readonly string[], options: RunOptions = {}): Promise<string> {
    return mustRun("nsenter", [...this.entry, ...argvOf(command)], { env: HOST_ENVIRONMENT, ...options });
  }
}

/** Folder with the files of a host; its mode becomes that of the host's root. */
export function filesOf(folder: LabFolder, name: string): string {
  const path = folder.folder("files", name);
  chmodSync(path, 0o755);
  return path;
}

const HOST_ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
};

const argvOf = (command: string | readonly string[]) => (typeof command === "string" ? ["sh", "-c", command] : command);

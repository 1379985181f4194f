/**
 * A real sshd on a loopback port, with throw-away keys and an agent of its own. It runs as this user, so the login is
 * this user's. Everything is in one temporary folder and ends with `stop()`.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../support/ports";

/** Debian keeps it outside of a user's PATH. */
export const SSHD = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path));

export const hasTool = (name: string): boolean =>
  (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, name)));

/** `describe`, or a skipped one that names what is missing. */
export const describeWithSshd: (name: string, tests: () => void) => void =
  SSHD !== undefined && hasTool("ssh-agent") && hasTool("ssh-keygen") && hasTool("ssh-add")
    ? describe
    : (name, tests) => describe.skip(`${name} (needs sshd, ssh-agent, ssh-keygen and ssh-add)`, tests);

export const USER = userInfo().username;

/** A folder with keys and an agent; several sshd may use it. */
export class KeyRing {
  readonly folder = mkdtempSync(join(tmpdir(), "ssh-test-"));
  readonly socket = join(this.folder, "agent");
  private agent: ChildProcess | undefined;

  /** Makes a key pair without a passphrase. @returns the path of the private half */
  key(name: string, type = "ed25519"): string {
    const path = join(this.folder, name);
    execFileSync("ssh-keygen", ["-q", "-t", type, ...(type === "rsa" ? ["-b", "2048"] : []), "-N", "", "-f", path]);
    return path;
  }

  publicKey = (path: string): string => readFileSync(`${path}.pub`, "utf8").trim().split(" ").slice(0, 2).join(" ");

  async startAgent(): Promise<void> {
    this.agent = spawn("ssh-agent", ["-D", "-a", this.socket], { stdio: "ignore" });
    for (let tries = 0; tries < 200 && !existsSync(this.socket); tries += 1) await pause(10);
  }

  add(path: string): void {
    execFileSync("ssh-add", ["-q", path], { env: { ...process.env, SSH_AUTH_SOCK: this.socket }, stdio: "pipe" });
  }

  clear(): void {
    execFileSync("ssh-add", ["-q", "-D"], { env: { ...process.env, SSH_AUTH_SOCK: this.socket }, stdio: "pipe" });
  }

  async stop(): Promise<void> {
    if (this.agent !== undefined && this.agent.exitCode === null) {
      this.agent.kill();
      await once(this.agent, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class Sshd {
  private constructor(
    readonly port: number,
    readonly hostKey: string,
    private readonly child: ChildProcess,
  ) {}

  /**
   * @param name Unique in the key ring.
   * @param options Further lines of its configuration.
   * @param authorized Whom it lets in. @default the ring's authorized_keys
   */
  static async start(
    keys: KeyRing,
    name: string,
    options: readonly string[] = [],
    type?: string,
    authorized = join(keys.folder, "authorized_keys"),
  ): Promise<Sshd> {
    // Debian's sshd wants this folder when it runs as root; its systemd unit makes it, and here none may have run.
    if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
    const port = await freePort();
    const hostKey = keys.key(`host-${name}`, type);
    const config = join(keys.folder, `sshd-${name}.conf`);
    const lines = [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${join(keys.folder, `${name}.pid`)}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      // The folder lies below /tmp, which everybody may write to.
      "StrictModes no",
      "UsePAM no",
      ...options,
    ];
    writeFileSync(config, `${lines.join("\n")}\n`);
    const child = spawn(SSHD!, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    for (let tries = 0; tries < 300 && !log.includes("listening"); tries += 1) {
      if (child.exitCode !== null) throw new Error(`sshd did not start: ${log}`);
      await pause(10);
    }
    return new Sshd(port, keys.publicKey(hostKey), child);
  }

  get endpoint() {
    return { address: "127.0.0.1", port: this.port, user: USER, hostKey: this.hostKey };
  }

  /** Ends the listener. Connections that stand go on, each in a process of its own. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }
}

/** Lets the key into every sshd of the ring. */
export const authorize = (keys: KeyRing, ...paths: readonly string[]): void =>
  writeFileSync(join(keys.folder, "authorized_keys"), paths.map((path) => `${keys.publicKey(path)}\n`).join(""), {
    mode: 0o600,
  });

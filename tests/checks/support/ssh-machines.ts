/**
 * Machines that one can log in to: a real sshd a machine on loopback, which answers `hosts/inspect` with facts of the test's
 * own and runs every other command for real on this machine.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authorize, KeyRing, Sshd, USER } from "../../ssh/support/sshd";

export class SshMachines {
  readonly keys = new KeyRing();
  private readonly sshds = new Map<string, Sshd>();
  private readonly before = process.env.SSH_AUTH_SOCK;

  /** Starts an sshd for each name; SSH_AUTH_SOCK of this process is an agent that may log in to all. */
  static async start(...names: readonly string[]): Promise<SshMachines> {
    const machines = new SshMachines();
    const { keys } = machines;
    await keys.startAgent();
    const login = keys.key("login");
    keys.add(login);
    authorize(keys, login);
    process.env.SSH_AUTH_SOCK = keys.socket;
    for (const name of names) {
      machines.answer(name, "");
      const script = join(keys.folder, `shell-${name}`);
      const facts = join(keys.folder, `facts-${name}`);
      writeFileSync(
        script,
        [
          "#!/bin/sh",
          'case "$SSH_ORIGINAL_COMMAND" in',
          // The facts' own clock would be years off.
          `"sh -s") cat >/dev/null; sed -e "s/^epoch .*/epoch $(date +%s.%N)/" ${facts} ;;`,
          '*) exec sh -c "$SSH_ORIGINAL_COMMAND" ;;',
          "esac",
          "",
        ].join("\n"),
      );
      chmodSync(script, 0o755);
      machines.sshds.set(name, await Sshd.start(keys, name, [`ForceCommand ${script}`]));
    }
    return machines;
  }

  /** What `hosts/inspect` prints on a machine from now on. */
  answer(name: string, text: string): void {
    writeFileSync(join(this.keys.folder, `facts-${name}`), text);
  }

  /** A machine of the stack's configuration. @param address The one that its facts have. */
  host(name: string, address: string): object {
    const { port, hostKey } = this.sshds.get(name)!;
    return { name, address, sshAddress: "127.0.0.1", port, hostKey, user: USER };
  }

  async stopMachine(name: string): Promise<void> {
    await this.sshds.get(name)?.stop();
  }

  async stop(): Promise<void> {
    for (const sshd of this.sshds.values()) await sshd.stop();
    if (this.before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = this.before;
    await this.keys.stop();
  }
}

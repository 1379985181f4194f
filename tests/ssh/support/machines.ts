/** Two real sshd, a machine and a bastion, with an agent that both let in, for a file of tests. */
import type { ConnectOptions, SshError, SshSession, SshTarget } from "../../../ssh/client";
import { withSession } from "../../../ssh/client";
import { authorize, describeWithSshd, KeyRing, Sshd } from "./sshd";

/** The error that a promise ends with. */
export const failure = async (promise: Promise<unknown>): Promise<SshError> => {
  try {
    await promise;
  } catch (error) {
    return error as SshError;
  }
  throw new Error("it succeeded");
};

export class Machines {
  readonly keys = new KeyRing();
  readonly options: ConnectOptions = { agentSocket: this.keys.socket, dialMs: 30_000 };
  host!: Sshd;
  bastion!: Sshd;

  target = (more: Partial<SshTarget> = {}): SshTarget => ({ name: "node-1", ...this.host.endpoint, ...more });
  use = <T>(task: (session: SshSession) => Promise<T>): Promise<T> => withSession(this.target(), this.options, task);
}

/** Tests against the two; skipped by name where there is no sshd. */
export function describeWithMachines(name: string, tests: (its: Machines) => void): void {
  describeWithSshd(name, () => {
    // Logins are slow on a machine that is busy with other things; none of these tests is about time.
    jest.setTimeout(60_000);
    const its = new Machines();
    beforeAll(async () => {
      await its.keys.startAgent();
      const login = its.keys.key("login");
      its.keys.add(login);
      authorize(its.keys, login);
      its.host = await Sshd.start(its.keys, "node");
      its.bastion = await Sshd.start(its.keys, "bastion");
    });
    afterAll(async () => {
      await its.host.stop();
      await its.bastion.stop();
      await its.keys.stop();
    });
    tests(its);
  });
}

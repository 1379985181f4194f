/** Runs programs of `hosts/` on one machine, over one SSH connection that is opened when first needed. */
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import { connect, SshError, type SshSession, type SshTarget } from "../../ssh/client";
import { asRoot, checkSudo } from "../../ssh/sudo";
import { lineRedactor, redact } from "../../checks/evidence/redact";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";

export interface OnHostOptions {
  readonly signal: AbortSignal;
  /** Told what the program says while it runs. */
  readonly say: (line: string) => void;
}

export class OnHost {
  private session: Promise<SshSession> | undefined;

  constructor(
    readonly target: SshTarget,
    private readonly options: OnHostOptions,
  ) {}

  /**
   * Runs a program to its end; what it printed on standard output. A connection that breaks is made anew once: programs
   * go on by themselves, and a second start joins the running one.
   * @throws SshError | ToolError when the program failed.
   */
  async program(name: string, request: string): Promise<string> {
    try {
      return await this.runProgram(name, request);
    } catch (error) {
      if (!(error instanceof SshError) || error.kind !== "lost" || this.options.signal.aborted) throw error;
      this.options.say(`${error.message}; connecting again`);
      this.close();
      return this.runProgram(name, request);
    }
  }

  /** The connection, for what is not a program. @throws SshError */
  connection(): Promise<SshSession> {
    const session = this.session ?? connect(this.target, { signal: this.options.signal });
    this.session = session;
    session.catch(() => (this.session = undefined));
    return session;
  }

  close(): void {
    const session = this.session;
    this.session = undefined;
    session?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  private async runProgram(name: string, request: string): Promise<string> {
    const { name: host, user } = this.target;
    const { signal, say } = this.options;
    const session = await this.connection();
    const masked = lineRedactor();
    const result = await session.run(asRoot(user, `${PROGRAM_FOLDER}/run ${name}`), {
      // A request without its last line was cut off, and is refused there.
      stdin: `host ${host}\n${request}end\n`,
      signal,
      onLine: (line, from) => {
        if (from === "stderr") say(masked(line));
      },
    });
    const { code, stdout, stderr } = checkSudo(host, user, result);
    if (code === 0) return stdout;
    const [last = "no message"] = redact(stderr).trim().split("\n").slice(-1);
    throw new ToolError(`${host}: ${name} ended with ${code}: ${last}`, EXIT.failed);
  }
}

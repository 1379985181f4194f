/** One machine in a rotation: `hosts/rotate` there, asked directly or run so that it outlives the connection. */
import { lineRedactor, redact } from "../../checks/evidence/redact";
import { EXIT } from "../../checks/exit-codes";
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import { renderRequest } from "../../components/machines/request";
import { asRoot, checkSudo } from "../../ssh/sudo";
import type { SshTarget } from "../../ssh/target";
import { ToolError } from "../../tools/cli";
import { OnHost, type OnHostOptions } from "../hosts/on-host";

/** What can be rotated, in the words of the program. */
export const WHATS = ["certificates", "token", "encryption-key"] as const;
export type What = (typeof WHATS)[number];

/** The old and the new token, as the first server gives them. */
export interface Tokens {
  /** Whether the first server's file has the short form, which a new cluster can be made with, or the secure one. */
  readonly form: "short" | "secure";
  readonly old: string;
  readonly new: string;
}

export interface RotatingHostArgs {
  readonly what: What;
  readonly target: SshTarget;
  readonly role: "server" | "agent";
  readonly first: boolean;
  /** Names of the other servers, which must be up before this machine's K3s is restarted. */
  readonly others: readonly string[];
}

/** The program is not there, or cannot be started: the machine has those of an older checkout, or none. */
const NO_PROGRAM = [126, 127];

export class RotatingHost {
  private readonly host: OnHost;

  constructor(
    private readonly args: RotatingHostArgs,
    private readonly options: OnHostOptions,
  ) {
    this.host = new OnHost(args.target, options);
  }

  get name(): string {
    return this.args.target.name;
  }

  /** What the machine would do, as it says itself. Reads only. @throws SshError | ToolError for a no-go. */
  async check(rotation: string): Promise<{ readonly says: string; readonly open: string | undefined }> {
    const { stdout, stderr } = await this.ask("check", rotation);
    const [says = "nothing said"] = redact(stderr).trim().split("\n").slice(-1);
    return { says: says.replace(/^seldon-k3s: [^:]*: /, ""), open: /^rotation (\S+)$/m.exec(stdout)?.[1] };
  }

  /** First server only. @returns The rotation that is under way: the one of an interrupted run, or this one. */
  async open(rotation: string): Promise<string> {
    const { stdout } = await this.ask("open", rotation);
    const name = /^rotation (\S+)$/m.exec(stdout)?.[1];
    if (name === undefined) throw new ToolError(`${this.name}: rotate open printed no rotation`, EXIT.failed);
    return name;
  }

  /** First server only. @throws ToolError where the tokens are not there yet. */
  async give(rotation: string): Promise<Tokens> {
    const { stdout } = await this.ask("give", rotation);
    const value = (key: string) => new RegExp(`^${key} (\\S+)$`, "m").exec(stdout)?.[1] ?? "";
    const form = value("form");
    const tokens = { form: form === "secure" ? form : "short", old: value("old"), new: value("new") } as const;
    // Never with what it printed: that is a token, or a part of one.
    if (tokens.old === "" || tokens.new === "" || tokens.old === tokens.new) {
      throw new ToolError(`${this.name}: rotate give printed no two tokens`, EXIT.failed);
    }
    return tokens;
  }

  async close(rotation: string): Promise<void> {
    await this.ask("close", rotation, true);
  }

  /** The machine's part. @param tokens for the token's rotation, on every machine but the first. */
  async turn(rotation: string, tokens?: Tokens): Promise<void> {
    const { what } = this.args;
    await this.host.program(`rotate ${what} do`, this.lines(rotation, tokens));
  }

  /** Ends the connection. */
  end(): void {
    this.host.close();
  }

  /** Lines of the request, without `host` and `end`. */
  private lines(rotation: string, tokens?: Tokens): string {
    const { role, first, others } = this.args;
    const secret = (path: string, token: string) => [`secret-file 0600 ${path}`, `| ${token}`];
    const files = tokens === undefined ? [] : [secret("/old", tokens.old), secret("/new", tokens.new)];
    return renderRequest({ role, first, rotation, "other-server": others }, ...files).replace(/end\n$/, "");
  }

  private async ask(action: string, rotation: string, tell = false): Promise<{ stdout: string; stderr: string }> {
    const { what, target } = this.args;
    const { signal, say } = this.options;
    const session = await this.host.connection();
    const masked = lineRedactor();
    const result = await session.run(asRoot(target.user, `${PROGRAM_FOLDER}/rotate ${what} ${action}`), {
      stdin: `host ${target.name}\n${this.lines(rotation)}end\n`,
      signal,
      onLine: (line, from) => {
        if (tell && from === "stderr") say(masked(line));
      },
    });
    const { code, stdout, stderr } = checkSudo(target.name, target.user, result);
    if (code === 0) return { stdout, stderr };
    if (code !== null && NO_PROGRAM.includes(code)) {
      throw new ToolError(
        `${target.name}: the program rotate is not there; fix: pulumi up, which brings the programs of this checkout`,
        EXIT.failed,
      );
    }
    const says = redact(stderr)
      .trim()
      .split("\n")
      .map((line) => line.replace(/^seldon-k3s: /, ""));
    throw new ToolError(says.join("\n") || `${target.name}: rotate ${action} ended with ${code}`, EXIT.failed);
  }
}

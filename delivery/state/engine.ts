/** Runs the user's Pulumi CLI and the clouds' own, by their names on PATH. The one place of this room that starts programs. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Io } from "../../terminal/io";
import { redact } from "../../checks/evidence/redact";
import { EXIT_INTERRUPTED } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import { isTemplate, shown, type Step } from "./step";

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A step that was not done. */
export interface LeftStep {
  readonly step: Step;
  readonly reason: string;
  /** Whether it was tried. */
  readonly failed: boolean;
}

interface RunOptions {
  readonly stdin?: string;
  /** Shows its output while it runs. @default false */
  readonly live?: boolean;
}

/** Where a program comes from, for who lacks it. */
const SOURCES: Readonly<Record<string, string>> = {
  pulumi: "https://www.pulumi.com/docs/install/ (this project needs the version that Pulumi.yaml names)",
};

export class Engine {
  /** @param folder The project's: of Pulumi.yaml. @param backend Used instead of what the environment or a login names. */
  constructor(
    private readonly io: Io,
    readonly folder: string,
    private readonly backend?: string,
  ) {}

  get env(): NodeJS.ProcessEnv {
    return this.io.env;
  }

  say(line: string): void {
    this.io.stderr.write(`${line}\n`);
  }

  /** Runs Pulumi to its end, whatever that is. */
  pulumi(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return this.run(["pulumi", ...args, "--non-interactive", "--color", "never"], options);
  }

  /** Standard output of a Pulumi command. @throws ToolError with what it said where it does not end with 0. */
  async ask(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.pulumi(args, options);
    if (code === 0) return stdout;
    throw new ToolError(`pulumi ${args.slice(0, 2).join(" ")} ended with ${code}:\n${complaint(stdout + stderr)}`);
  }

  /**
   * Does what can be done of the steps, in their order. A step that fails does not stop the rest: whoever may not do it
   * here may have what it makes already, and Pulumi says whether it works.
   */
  async take(steps: readonly Step[]): Promise<readonly LeftStep[]> {
    const left: LeftStep[] = [];
    for (const step of steps) {
      const { argv, why, unless } = step;
      const [program] = argv;
      if (unless !== undefined && !isTemplate({ argv: unless, why }) && (await this.succeeds(unless))) {
        this.say(`done already: ${why}`);
        continue;
      }
      if (isTemplate(step)) {
        left.push({ step, reason: "fill in what stands in angle brackets", failed: false });
        continue;
      }
      this.say(shown(argv));
      const { code, stderr } = await this.run(argv);
      if (code === NOT_FOUND) left.push({ step, reason: `${program} is not on PATH`, failed: false });
      else if (code !== 0) {
        this.say(complaint(stderr));
        left.push({ step, reason: `${program} ended with ${code}`, failed: true });
      }
    }
    return left;
  }

  private async succeeds(argv: readonly [string, ...string[]]): Promise<boolean> {
    return (await this.run(argv)).code === 0;
  }

  /** @returns code 127 where there is no such program, as a shell would; for Pulumi that is a ToolError. */
  async run(argv: readonly [string, ...string[]], { stdin = "", live = false }: RunOptions = {}): Promise<Result> {
    const [program, ...args] = argv;
    const { signal } = this.io;
    signal.throwIfAborted();
    const env = {
      ...this.env,
      ...(this.backend === undefined ? {} : { PULUMI_BACKEND_URL: this.backend }),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      LC_ALL: "C",
    };
    const child = spawn(program, args, { cwd: this.folder, env, stdio: ["pipe", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (part: string) => (output[name] += part));
      if (live) createInterface({ input: child[name] }).on("line", (line) => this.say(redact(line)));
    }
    // On a terminal Ctrl-C reaches the child by itself, and a second one would make Pulumi drop what it is doing.
    const stop = () => void (process.stdin.isTTY || child.kill("SIGINT"));
    signal.addEventListener("abort", stop, { once: true });
    // Who does not read its input may end first.
    child.stdin.on("error", () => undefined).end(stdin);
    try {
      const code = await new Promise<number>((done, reject) => {
        child.once("error", (error: NodeJS.ErrnoException) =>
          error.code === "ENOENT" ? done(NOT_FOUND) : reject(error),
        );
        child.once("close", (exitCode) => done(exitCode ?? EXIT_INTERRUPTED));
      });
      signal.throwIfAborted();
      if (code === NOT_FOUND && program === "pulumi") {
        throw new ToolError(`there is no pulumi on PATH; fix: install the Pulumi CLI: ${SOURCES["pulumi"]}`);
      }
      return { code, ...output };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}

const NOT_FOUND = 127;

/** The end of what a program said, without what looks like a credential. */
const complaint = (output: string): string => redact(output.trim().split("\n").slice(-15).join("\n"));

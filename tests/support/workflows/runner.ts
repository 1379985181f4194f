/**
 * A stand-in for GitHub's runner: runs the steps of a committed workflow in a clean clone, with nothing of this machine's
 * environment. Actions are the few that the workflows use; `npm ci` is a link to the installed packages.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Context, fill, holds } from "./expressions";
import { type Instance, instancesOf, type Job, type Step } from "./workflow";

export interface StepRun {
  readonly step: Step;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface JobRun {
  readonly code: number;
  /** Steps that ran a script, in order. */
  readonly steps: readonly StepRun[];
  /** What the job wrote to GITHUB_STEP_SUMMARY. */
  readonly summary: string;
  /** Standard output and error of all steps, as the log of the run would hold it. */
  readonly log: string;
}

export interface RunnerOptions {
  /** Folder of this run: artifacts, temporary files, home. */
  readonly folder: string;
  /** Environment of every step, such as PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Steps that are done otherwise, by their whole text. */
  readonly replaced: Readonly<Record<string, (clone: string) => void>>;
}

export class Runner {
  readonly #options: RunnerOptions;
  #jobs = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  get artifacts(): string {
    return join(this.#options.folder, "artifacts");
  }

  /**
   * Runs a job in a clone.
   * @param row What tells the instance of the matrix, where the job has one.
   * @param onStart Gets a way to signal each step and what it has said so far, for tests that interrupt.
   */
  async run(
    job: Job,
    clone: string,
    event: Context,
    row: Instance = {},
    onStart: (signal: (name: NodeJS.Signals) => void, output: () => string) => void = () => undefined,
  ): Promise<JobRun> {
    const matrix = instancesOf(job).find((one) => Object.entries(row).every(([key, value]) => one[key] === value));
    if (matrix === undefined) throw new Error(`the matrix has no ${JSON.stringify(row)}`);
    const temp = join(this.#options.folder, `job-${++this.#jobs}`);
    mkdirSync(join(temp, "home"), { recursive: true });
    const context = { ...event, matrix, runner: { temp } };
    const summary = join(temp, "summary.md");
    writeFileSync(summary, "");
    const steps: StepRun[] = [];
    let failed = 0;
    for (const step of job.steps) {
      const runs = step.if === undefined ? failed === 0 : holds(step.if, context);
      if (!runs) continue;
      if (step.uses !== undefined) {
        this.#action(step, clone, context);
        continue;
      }
      const text = step.run ?? "";
      const other = this.#options.replaced[text.trim()];
      if (other !== undefined) {
        other(clone);
        continue;
      }
      const env = Object.fromEntries(
        Object.entries(step.env ?? {}).map(([name, value]) => [name, fill(value, context)]),
      );
      const script = join(temp, `step-${steps.length}.sh`);
      writeFileSync(script, fill(text, context));
      const run = await execute(script, {
        cwd: clone,
        env: { HOME: join(temp, "home"), CI: "true", GITHUB_STEP_SUMMARY: summary, ...this.#options.env, ...env },
        onStart,
      });
      steps.push({ step, ...run });
      if (run.code !== 0 && failed === 0) failed = run.code;
    }
    const log = steps.map(({ stdout, stderr }) => stdout + stderr).join("");
    return { code: failed, steps, summary: readFileSync(summary, "utf8"), log };
  }

  #action({ uses = "", with: inputs = {} }: Step, clone: string, context: Context): void {
    const input = (name: string): string => fill(String(inputs[name] ?? ""), context);
    const [action = ""] = uses.split("@");
    const handler = ACTIONS[action];
    if (handler === undefined) throw new Error(`the action "${action}" is not known here`);
    handler({ clone, input, artifacts: this.artifacts });
  }
}

interface ActionCall {
  readonly clone: string;
  readonly input: (name: string) => string;
  readonly artifacts: string;
}

const ACTIONS: Readonly<Record<string, (call: ActionCall) => void>> = {
  "actions/checkout": () => undefined,
  "actions/setup-node": () => undefined,
  "pulumi/actions": () => undefined,
  /** Files of one folder; a second one of a name belongs to another run and takes the place of the first. */
  "actions/upload-artifact": ({ clone, input, artifacts }) => {
    const folder = join(clone, dirname(input("path")));
    const [first = "", last] = basename(input("path")).split("*");
    const fits = (name: string) =>
      last === undefined ? name === first : name.startsWith(first) && name.endsWith(last);
    const files = existsSync(folder) ? readdirSync(folder).filter(fits) : [];
    if (files.length === 0 && input("if-no-files-found") !== "ignore") {
      process.stderr.write(`artifact ${input("name")}: no file matches ${input("path")}\n`);
    }
    const target = join(artifacts, input("name"));
    rmSync(target, { recursive: true, force: true });
    for (const file of files) cpSync(join(folder, file), join(target, file));
  },
  "actions/download-artifact": ({ clone, input, artifacts }) => {
    const source = join(artifacts, input("name"));
    if (!existsSync(source)) throw new Error(`there is no artifact "${input("name")}"`);
    const path = input("path");
    cpSync(source, path.startsWith("/") ? path : join(clone, path), { recursive: true });
  },
};

interface Execution {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onStart: (signal: (name: NodeJS.Signals) => void, output: () => string) => void;
}

/** Without `shell:` the runner calls `bash -e`. */
function execute(script: string, { cwd, env, onStart }: Execution): Promise<Omit<StepRun, "step">> {
  return new Promise((settle, reject) => {
    const child = spawn("bash", ["-e", script], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString("utf8")));
    child.once("error", reject);
    child.once("close", (code, signal) => settle({ code: code ?? (signal === null ? 1 : 130), ...said }));
    onStart(
      (name) => child.kill(name),
      () => said.stdout + said.stderr,
    );
  });
}

/** PATH with the programs of this test's own Node.js first. */
export const pathOf = (path = process.env["PATH"] ?? ""): string => `${dirname(process.execPath)}:${path}`;

/** Runs a `command:local:Command` for real, as the command provider does. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { z } from "zod";
import { atExit } from "../failure";
import { signalGroup } from "../process-identity";
import { tailOf } from "../supervisor";

/** Inputs of the resource (@pulumi/command 1.2). What is not here is refused rather than ignored. */
const inputsSchema = z.strictObject({
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  dir: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  interpreter: z.array(z.string()).min(1).optional(),
  triggers: z.array(z.unknown()).optional(),
  logging: z.string().optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
});

export interface CommandOptions {
  /** The project's folder, in which commands run. */
  readonly project: string;
  readonly signal: AbortSignal;
  /** Called with each line of output. */
  readonly onLine: (line: string) => void;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program with its input, run to its end. */
export interface Execution {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
  readonly signal: AbortSignal;
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** @throws Error with the end of its output when the command does not end with 0. */
export async function runCommand(inputs: unknown, { project, signal, onLine }: CommandOptions): Promise<CommandResult> {
  const { create, stdin, dir, environment, logging, interpreter = ["/bin/sh", "-c"] } = inputsSchema.parse(inputs);
  if (create === undefined) return { stdout: "", stderr: "" };
  const [program = "", ...first] = interpreter;
  const { code, stdout, stderr } = await execute({
    program,
    args: [...first, create],
    cwd: resolve(project, dir ?? "."),
    env: { ...process.env, ...environment },
    stdin,
    signal,
    onLine: (stream, line) => {
      if (logging === undefined || logging.toLowerCase().includes(stream)) onLine(line);
    },
  });
  if (code !== 0) throw new Error(`"${create}" ended with ${code}:\n${tailOf(`${stderr}${stdout}`)}`);
  return { stdout: stdout.trimEnd(), stderr: stderr.trimEnd() };
}

/**
 * Runs a program in a process group of its own, which ends with the signal.
 *
 * @returns the exit code, or the name of the signal that ended it.
 */
export async function execute(execution: Execution): Promise<CommandResult & { readonly code: number | string }> {
  const { program, args, cwd, env, stdin, signal, onLine } = execution;
  signal.throwIfAborted();
  const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  const stop = () => signalGroup(child.pid ?? 0, "SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const dispose = atExit(() => signalGroup(child.pid ?? 0, "SIGKILL"));
  const output = collect(child.stdout, (line) => onLine("stdout", line));
  const errors = collect(child.stderr, (line) => onLine("stderr", line));
  // A command that does not read its input may end first.
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  try {
    const code = await new Promise<number | string>((done, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode, endedBy) => done(exitCode ?? endedBy ?? "unknown"));
    });
    signal.throwIfAborted();
    return { code, stdout: output(), stderr: errors() };
  } finally {
    signal.removeEventListener("abort", stop);
    dispose();
  }
}

function collect(stream: Readable, onLine: (line: string) => void): () => string {
  let text = "";
  createInterface({ input: stream }).on("line", (line) => {
    text += `${line}\n`;
    onLine(line);
  });
  return () => text;
}

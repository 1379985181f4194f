/** What the command-line tools share: arguments, help, interruption and how faults are told. */
import { parseArgs } from "node:util";
import { messageOf } from "../config/thrown";
import { programVersion } from "../config/version";
import { EXIT, EXIT_INTERRUPTED, type ExitCode } from "../checks/exit-codes";
import { ConfigError } from "../config/faults";

/** What a tool can end with: a judgement, or 130 when it was interrupted. */
export type ToolExit = ExitCode | typeof EXIT_INTERRUPTED;

/** A fault that its message explains: printed without a stack. */
export class ToolError extends Error {
  constructor(
    message: string,
    readonly exitCode: ToolExit = EXIT.couldNotLook,
  ) {
    super(message);
    this.name = "ToolError";
  }
}

export interface Flag {
  readonly type: "boolean" | "string";
  /** Placeholder of a string flag's value in the help. @default "VALUE" */
  readonly value?: string;
  /** Whether a string flag may stand several times; its value is then the list, in the order given. @default false */
  readonly repeatable?: true;
  readonly summary: string;
}

/** What a flag's value is, where it was given. */
type ValueOf<F extends Flag> = F["type"] extends "boolean"
  ? boolean
  : F extends { readonly repeatable: true }
    ? readonly string[]
    : string;

export interface CommandLine<Flags extends Record<string, Flag>> {
  /** Name as `npm run` knows it. */
  readonly name: string;
  /** What it does, a sentence or two. */
  readonly summary: string;
  /** Positional arguments as the usage line shows them, such as `<stack>`; in brackets when optional. */
  readonly positionals: readonly string[];
  readonly flags: Flags;
  /** Last lines of the help. */
  readonly notes?: string;
}

export interface Arguments<Flags extends Record<string, Flag>> {
  readonly flags: { readonly [Name in keyof Flags]?: ValueOf<Flags[Name]> };
  readonly positionals: readonly string[];
}

/** The text that `--help` prints. */
export function helpOf(command: CommandLine<Record<string, Flag>>): string {
  const rows: [string, string][] = Object.entries(command.flags).map(([name, flag]) => [
    flag.type === "string" ? `--${name} ${flag.value ?? "VALUE"}` : `--${name}`,
    flag.summary,
  ]);
  rows.push(["--help", "print this text"], ["--version", "print which version this is, with its commit"]);
  const width = Math.max(...rows.map(([left]) => left.length));
  const usage = [`npm run ${command.name} --`, ...command.positionals, "[options]"].join(" ");
  const options = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  const notes = command.notes ? ["", command.notes] : [];
  return [`Usage: ${usage}`, "", command.summary, "", "Options:", ...options, ...notes, ""].join("\n");
}

/** What `--version` prints, of every command. */
export const versionText = (): string => `seldon-k3s ${programVersion()}\n`;

/**
 * The arguments, or as `answer` what is printed instead of doing anything: the help or the version.
 *
 * @throws ToolError for an unknown flag, a missing value, and too many or too few positional arguments.
 */
export function parseCommandLine<Flags extends Record<string, Flag>>(
  command: CommandLine<Flags>,
  argv: readonly string[],
): Arguments<Flags> & { readonly answer?: string } {
  const usage = `See: npm run ${command.name} -- --help`;
  const options = Object.fromEntries(
    Object.entries<Flag>(command.flags).map(([name, { type, repeatable }]) => [
      name,
      { type, multiple: repeatable === true },
    ]),
  );
  let parsed;
  try {
    const own = { help: { type: "boolean", short: "h" }, version: { type: "boolean" } } as const;
    parsed = parseArgs({ args: [...argv], options: { ...options, ...own }, allowPositionals: true, strict: true });
  } catch (error) {
    throw new ToolError(`${messageOf(error)}. ${usage}`);
  }
  const { help, version, ...flags } = parsed.values as Record<string, string | string[] | boolean | undefined>;
  const answer = help === true ? helpOf(command) : version === true ? versionText() : undefined;
  const required = command.positionals.filter((positional) => !positional.startsWith("["));
  const missing = required[parsed.positionals.length];
  if (answer === undefined && missing !== undefined) throw new ToolError(`missing ${missing}. ${usage}`);
  const surplus = parsed.positionals[command.positionals.length];
  if (surplus !== undefined) throw new ToolError(`unexpected argument "${surplus}". ${usage}`);
  const given = { flags: flags as Arguments<Flags>["flags"], positionals: parsed.positionals };
  return answer === undefined ? given : { ...given, answer };
}

/** How long a second signal counts as the echo of the first: a terminal, npm and run.mjs may each deliver one Ctrl-C. */
const ECHO_MS = 500;

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, so that a tool cleans up and returns; at a second one, well after the
 * first, the process ends at once.
 */
export function interruption(): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  let first = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (first === 0) {
      first = Date.now();
      controller.abort(new ToolError(`interrupted by ${name}`, EXIT_INTERRUPTED));
    } else if (Date.now() - first > ECHO_MS) {
      process.exit(EXIT_INTERRUPTED);
    }
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, dispose: () => signals.forEach((name) => process.off(name, onSignal)) };
}

/** What a command gets of its process. */
type ProcessIo = Pick<NodeJS.Process, "stdin" | "stdout" | "stderr" | "env"> & { readonly signal: AbortSignal };

/** Runs a command as this process: its arguments and streams, a signal that Ctrl-C aborts, its exit code at the end. */
export function startCommand(run: (argv: readonly string[], io: ProcessIo) => Promise<number>): void {
  const { signal, dispose } = interruption();
  const { stdin, stdout, stderr, env } = process;
  void run(process.argv.slice(2), { stdin, stdout, stderr, env, signal })
    .then((exitCode) => {
      process.exitCode = exitCode;
    })
    .finally(dispose);
}

/** What is printed for an error: the message alone where the fault is the user's, else with its stack. */
export function tell(error: unknown): { readonly text: string; readonly exitCode: ToolExit } {
  if (error instanceof ToolError) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof ConfigError) return { text: error.message, exitCode: EXIT.couldNotLook };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: EXIT.failed };
}

/** Runs a tool: parses, helps, reports faults on stderr and sets the exit code. */
export async function runTool<Flags extends Record<string, Flag>>(
  command: CommandLine<Flags>,
  main: (args: Arguments<Flags>) => Promise<ToolExit>,
): Promise<void> {
  try {
    const { answer, ...args } = parseCommandLine(command, process.argv.slice(2));
    if (answer !== undefined) process.stdout.write(answer);
    process.exitCode = answer === undefined ? await main(args) : EXIT.clean;
  } catch (error) {
    const { text, exitCode } = tell(error);
    process.stderr.write(`error: ${text}\n`);
    process.exitCode = exitCode;
  }
}

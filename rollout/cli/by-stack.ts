/** A step of the rollout as a command for a person: its subject comes from the stack file instead of standard input. */
import { Readable } from "node:stream";
import { PROJECT_DIR } from "../../checks/context";
import { EXIT } from "../../checks/exit-codes";
import type { StackConfig } from "../../config/schema";
import { configOf } from "../../config/stack-config";
import { readStackFile } from "../../config/stack-file";
import type { Io } from "../../terminal/io";
import { type Arguments, type CommandLine, type Flag, parseCommandLine, tell, type ToolExit } from "../../tools/cli";
import { runRollout } from "./commands";

/** Flags that every such command has. */
type StackFlags = Record<string, Flag> & { readonly "config-file": { readonly type: "string" } & Flag };

export interface StackStep<Flags extends StackFlags> {
  /** Its first positional is the stack; the step has the command's name. */
  readonly command: CommandLine<Flags>;
  /**
   * The step's subject.
   * @param readConfig Reads the stack file; what is wrong with the arguments alone is said before.
   * @throws ToolError
   */
  readonly subjectOf: (stack: string, args: Arguments<Flags>, readConfig: () => StackConfig) => object;
}

/** Runs the command to its exit code. Faults are told on standard error. */
export async function runStackStep<Flags extends StackFlags>(
  { command, subjectOf }: StackStep<Flags>,
  argv: readonly string[],
  io: Io,
): Promise<ToolExit> {
  let subject: object;
  try {
    const { answer, ...args } = parseCommandLine(command, argv);
    if (answer !== undefined) {
      io.stdout.write(answer);
      return EXIT.clean;
    }
    const [stack = ""] = args.positionals;
    const file = args.flags["config-file"] as string | undefined;
    subject = subjectOf(stack, args, () => configOf(readStackFile(PROJECT_DIR, stack, file)));
  } catch (error) {
    const { text, exitCode } = tell(error);
    io.stderr.write(`error: ${text}\n`);
    return exitCode;
  }
  return runRollout([command.name], { ...io, stdin: Readable.from([JSON.stringify(subject)]) });
}

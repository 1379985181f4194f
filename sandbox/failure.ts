/** How a sandbox run ends when it does not succeed. */
import { EXIT, type ExitCode } from "../checks/exit-codes";
import { ToolError } from "../tools/cli";

/** A failure with one clear message for the user; its stack trace would not help them. */
export class SandboxError extends ToolError {
  /**
   * @param message What went wrong, what was found, what to do.
   * @param exitCode 2 where the sandbox could not be brought up, 1 where the stack failed in it.
   */
  constructor(message: string, exitCode: ExitCode = EXIT.couldNotLook, options?: ErrorOptions) {
    super(message, exitCode);
    this.name = "SandboxError";
    if (options) this.cause = options.cause;
  }
}

/** Runs an action, which must not wait, when the process ends by `process.exit`, such as at a second Ctrl-C. */
export function atExit(action: () => void): () => void {
  process.once("exit", action);
  return () => void process.off("exit", action);
}

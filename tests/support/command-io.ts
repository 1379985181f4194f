/** Standard streams for a command that runs inside a test. */
import { Readable } from "node:stream";
import type { Io, OutputStream } from "../../terminal/io";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end and gives what it said.
 * @param terminal What standard error is. @default a pipe, which is returned
 */
export async function saidBy(
  command: (argv: readonly string[], io: Io) => Promise<number>,
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
  terminal?: OutputStream,
): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  const into = (stream: keyof typeof said) => ({ write: (text: string) => (said[stream] += text) });
  const io = { stdin: Readable.from([]), stdout: into("stdout"), stderr: terminal ?? into("stderr"), env: {}, signal };
  const code = await command(argv, io);
  return { code, ...said };
}

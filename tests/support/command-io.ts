/** Standard streams for a command that runs inside a test. */
import { Readable } from "node:stream";
import type { Io } from "../../terminal/io";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and gives what it said. */
export async function saidBy(
  command: (argv: readonly string[], io: Io) => Promise<number>,
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  const into = (stream: keyof typeof said) => ({ write: (text: string) => (said[stream] += text) });
  const io = { stdin: Readable.from([]), stdout: into("stdout"), stderr: into("stderr"), env: {}, signal };
  const code = await command(argv, io);
  return { code, ...said };
}

/** A step of the rollout inside the test's own process. */
import { Readable } from "node:stream";
import { runRollout } from "../../../rollout/cli/commands";
import type { OutputStream } from "../../../terminal/io";
import type { Pace } from "../../../rollout/cli/pace";

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const HURRY: Pace = {
  lookMs: 20,
  quickLookMs: 20,
  retryMs: 20,
  evictMs: 50,
  settleMs: 60,
  completeMs: 300,
  nodeMs: 300,
  addressMs: 1_000,
};

/**
 * Runs one step with a subject on its standard input.
 * @param terminal What standard error is. @default a pipe, which is returned
 */
export async function rollout(
  name: string,
  subject: unknown,
  signal: AbortSignal = new AbortController().signal,
  terminal?: OutputStream,
): Promise<Outcome> {
  const written = { stdout: "", stderr: "" };
  const io = {
    stdin: Readable.from([JSON.stringify(subject)]),
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: terminal ?? { write: (text: string) => (written.stderr += text) },
    env: {},
    signal,
  };
  const exitCode = await runRollout([name], io, HURRY);
  return { exitCode, ...written };
}

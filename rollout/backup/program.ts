/** The program `hosts/backup` on a machine: makes an archive, and streams it. */
import { createHash } from "node:crypto";
import { redact } from "../../checks/evidence/redact";
import { EXIT } from "../../checks/exit-codes";
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import type { RunningCommand } from "../../ssh/session";
import { asRoot, checkSudo } from "../../ssh/sudo";
import { ToolError } from "../../tools/cli";
import type { OnHost } from "../hosts/on-host";
import type { Made } from "./keeper";

/** Starts `hosts/backup` with words of its command line, for what is streamed. @throws SshError */
export async function startBackup(host: OnHost, words: string, signal: AbortSignal): Promise<RunningCommand> {
  const command = asRoot(host.target.user, `${PROGRAM_FOLDER}/backup ${words}`);
  return (await host.connection()).stream(command, { signal });
}

/** @throws ToolError with its last words where it has failed. */
export function assertEnded({ target }: OnHost, what: string, code: number, stderr: string): void {
  checkSudo(target.name, target.user, { code, stderr });
  if (code === 0) return;
  const [last = "no message"] = redact(stderr).trim().split("\n").slice(-1);
  throw new ToolError(`${target.name}: backup ${what} ended with ${code}: ${last}`, EXIT.failed);
}

/** Has the source make its copy. @throws SshError | ToolError */
export async function makeBackup(from: OnHost, name: string): Promise<Made> {
  const stdout = await from.program("backup", `name ${name}\n`);
  // What it prints: `backup PATH SHA256 BYTES`.
  const [, path, sha256, bytes] = /^backup (\/\S+) ([0-9a-f]{64}) (\d+)$/m.exec(stdout) ?? [];
  if (path === undefined || sha256 === undefined) {
    throw new ToolError(
      `${from.target.name}: backup did not say where its copy is; fix: bring the programs there again`,
      EXIT.failed,
    );
  }
  return { name, path, sha256, bytes: Number(bytes) };
}

/**
 * The archive as it comes from the source.
 *
 * It fails instead of ending where the program failed, or where the bytes are not those that it has made: whoever keeps
 * them then never takes them for whole.
 * @throws SshError | ToolError
 */
export async function* archiveOf(from: OnHost, made: Made, signal: AbortSignal): AsyncGenerator<Buffer> {
  const command = await startBackup(from, `send ${made.name}`, signal);
  command.stdin.end();
  const digest = createHash("sha256");
  for await (const chunk of command.stdout) {
    digest.update(chunk as Buffer);
    yield chunk as Buffer;
  }
  const { code } = await command.ended;
  assertEnded(from, "send", code, command.stderr());
  const passed = digest.digest("hex");
  if (passed === made.sha256) return;
  throw new ToolError(
    `what ${from.target.name} sent has SHA-256 ${passed}, and its own copy has ${made.sha256}; fix: look for a faulty disk or memory, then run this again`,
    EXIT.failed,
  );
}

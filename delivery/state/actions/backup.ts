/** `backup`: an export as a file, read again before it counts. */
import { EXIT } from "../../../checks/exit-codes";
import { type Backup, writeBackup } from "../backup-file";
import { exportState, lookAtLock, type Outcome, type Run } from "../run";

/** Exports and writes. @throws ToolError */
export async function makeBackup(run: Run): Promise<Backup> {
  const { text, state } = await exportState(run);
  return writeBackup(run, text, state, run.out, run.now);
}

export async function backup(run: Run): Promise<Outcome> {
  const { holders } = await lookAtLock(run);
  const made = await makeBackup(run);
  return {
    exitCode: EXIT.clean,
    lines: [
      `${made.file}: ${made.resources} resources, SHA-256 ${made.sha256}`,
      "It was read again: it is of this stack, and no secret in it is in clear. It is useless without the stack's key, and the",
      "key without it: keep them apart.",
      ...(holders.length > 0 ? ["An update was running: this is its state half way."] : []),
    ],
    json: { ...made, duringUpdate: holders.length > 0 },
  };
}

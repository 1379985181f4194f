/** What an action gets, and what it gives back. */
import { hostname } from "node:os";
import { EXIT } from "../../checks/exit-codes";
import { messageOf } from "../../config/thrown";
import { ToolError, type ToolExit } from "../../tools/cli";
import { requireOf, type StackName } from "./backup-file";
import { readState, type State } from "./document";
import type { Engine } from "./engine";
import { type Holder, holderOf, lockProbe, PROCESSES, readLocks, readProcesses, stepsAtWork } from "./locks";

export interface Run extends StackName {
  readonly engine: Engine;
  readonly env: NodeJS.ProcessEnv;
  /** Whether to do it, not only to show it. */
  readonly yes: boolean;
  /** Folder of the backups. */
  readonly out: string;
  readonly now: Date;
}

export interface Outcome {
  readonly exitCode: ToolExit;
  /** For a person, on standard output. */
  readonly lines: readonly string[];
  /** The same for a program (`--json`). */
  readonly json: object;
}

/** The state as it is now. @throws ToolError where it cannot be had, or is no state of this stack. */
export async function exportState(run: Run): Promise<{ readonly text: string; readonly state: State }> {
  // Never with --show-secrets.
  const text = await run.engine.ask(["stack", "export", "--stack", run.stack]);
  try {
    const state = readState(text, `the state of ${run.stack}`);
    requireOf(run, state, `the state of ${run.stack}`);
    return { text, state };
  } catch (error) {
    throw error instanceof ToolError ? error : new ToolError(messageOf(error), EXIT.failed);
  }
}

export interface Held {
  readonly holders: readonly Holder[];
  /** Processes of the stack's steps that are at work on this machine. */
  readonly steps: readonly number[];
}

/** Who holds the lock. @throws ToolError where that cannot be found out. */
export async function lookAtLock({ engine, stack }: Run): Promise<Held> {
  const { stdout, stderr } = await engine.pulumi(lockProbe(stack));
  const locks = readLocks(stdout + stderr, stack);
  if (locks === undefined) {
    throw new ToolError(`cannot find out who holds the lock of ${stack}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  }
  if (locks.length === 0) return { holders: [], steps: [] };
  const { stdout: list } = await engine.run(PROCESSES);
  const processes = readProcesses(list);
  return {
    holders: locks.map((lock) => holderOf(lock, hostname(), processes)),
    steps: stepsAtWork(processes, engine.folder),
  };
}

/** For what must not run beside another update. @throws ToolError */
export async function requireUnlocked(run: Run): Promise<void> {
  const { holders } = await lookAtLock(run);
  if (holders.length === 0) return;
  throw new ToolError(
    `${run.stack} is locked by ${holders.map(({ user, host, pid }) => `${user}@${host}, process ${pid}`).join("; ")}; fix: npm run state -- ${run.stack} unlock`,
    EXIT.failed,
  );
}

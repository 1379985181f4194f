/** Ends runs that were kept, and what killed runs left behind. */
import type { Progress } from "./progress";
import { findRuns, isOrphan, removeFolder, type RunRecord } from "./run-folder";
import { stopProcesses } from "./supervisor";

/** Stops every run of this user that is not in use by a runner. Gives the number of runs. */
export async function stopKeptRuns(progress: Progress): Promise<number> {
  const runs = findRuns().filter((run) => run.kept || isOrphan(run));
  for (const run of runs) await stopRun(run, progress);
  return runs.length;
}

/** A run whose runner was killed cannot clean up after itself, so the next one does. */
export async function sweepOrphans(progress: Progress): Promise<void> {
  for (const run of findRuns().filter(isOrphan)) await stopRun(run, progress);
}

async function stopRun(run: RunRecord & { readonly id: string }, progress: Progress): Promise<void> {
  progress.say(
    `stopping ${run.kept ? "the kept" : "an orphaned"} sandbox ${run.id} (${run.processes.length} processes)`,
  );
  await stopProcesses(run.processes);
  removeFolder(run.folder);
}

/** What a run has started and must end, whichever way the run ends. */
import { atExit } from "./failure";
import type { RunFolder } from "./run-folder";
import type { Supervisor } from "./supervisor";

export class Session {
  readonly #run: RunFolder;
  readonly #interrupted: AbortSignal;
  readonly #aborted = new AbortController();
  readonly #dispose: () => void;
  #supervisor: Supervisor | undefined;

  /** @param interrupted Aborted at the first Ctrl-C; a second one ends the process, and everything is killed then. */
  constructor(run: RunFolder, interrupted: AbortSignal) {
    this.#run = run;
    this.#interrupted = interrupted;
    const forward = () => this.#aborted.abort(interrupted.reason);
    if (interrupted.aborted) forward();
    else interrupted.addEventListener("abort", forward, { once: true });
    this.#dispose = atExit(() => {
      this.#supervisor?.kill();
      run.remove();
    });
  }

  /** Aborted when the user interrupts the run or when one of its processes dies; the reason says which. */
  get signal(): AbortSignal {
    return this.#aborted.signal;
  }

  /** Takes over the processes of one attempt to start the control plane. */
  readonly supervise = (supervisor: Supervisor): void => {
    this.#supervisor = supervisor;
  };

  /** From now on the death of a process ends the run. While it starts, an attempt may fail and be tried again. */
  guard(): void {
    const death = this.#supervisor?.death;
    const forward = () => this.#aborted.abort(death?.reason);
    if (death?.aborted) forward();
    else death?.addEventListener("abort", forward, { once: true });
  }

  /** The error that explains another: what was lost with a process that died is no fault of its own. */
  async explain(error: unknown): Promise<unknown> {
    if (this.#interrupted.aborted) return this.#interrupted.reason;
    const { signal } = this;
    // A connection breaks a moment before the end of the process behind it is known.
    for (let waited = 0; waited < 500 && !signal.aborted; waited += 20)
      await new Promise((wake) => setTimeout(wake, 20));
    return signal.aborted ? signal.reason : error;
  }

  /** Stops every process and removes the run's folder. */
  async end(): Promise<void> {
    await this.#supervisor?.stop();
    this.#run.remove();
    this.#dispose();
  }

  /** Leaves everything running when this process ends. */
  keep(): void {
    this.#run.record(this.#supervisor?.running ?? [], true);
    this.#supervisor?.release();
    this.#dispose();
  }
}

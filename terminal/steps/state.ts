/** What is known of a long command while it goes on: its steps, in the order in which they are taken. */

export type StepState = "waiting" | "running" | "done" | "failed" | "stopped" | "skipped";

export interface Step {
  readonly name: string;
  state: StepState;
  /** Moments in milliseconds, on the clock of whoever tells. */
  startedAt?: number;
  endedAt?: number;
  /** Tells how far it is, where that is worth more than what was told of it last. */
  status?: (() => string) | undefined;
  /** What came of it, where that is worth a word. */
  result?: string;
  /** The last lines that were told of it, oldest first. */
  readonly told: string[];
}

/** Lines that are kept of each step, for the case that it fails. */
export const KEPT = 12;

export class Steps {
  private readonly rows: Step[] = [];

  get all(): readonly Step[] {
    return this.rows;
  }

  /** Steps that are still to come, behind those that are known. */
  expect(names: readonly string[]): void {
    this.rows.push(...names.map(waiting));
  }

  /** A step begins: the first of this name that waits, or one that nobody foresaw, before what is still to come. */
  begin(name: string, now: number): Step {
    let step = this.rows.find((row) => row.name === name && row.state === "waiting");
    if (step === undefined) {
      step = waiting(name);
      this.rows.splice(this.rows.findLastIndex((row) => row.state !== "waiting") + 1, 0, step);
    }
    return Object.assign(step, { state: "running", startedAt: now });
  }

  /** Something is told of a step that runs: of this name, or the one that began last. It is dropped where none runs. */
  tell(text: string, name?: string): void {
    const step = this.rows.findLast((row) => row.state === "running" && (name === undefined || row.name === name));
    if (step === undefined) return;
    step.told.push(...text.split("\n").filter((line) => line.trim() !== ""));
    step.told.splice(0, step.told.length - KEPT);
  }

  /** What still waits when the command is over was never taken. */
  close(): void {
    for (const step of this.rows) if (step.state === "waiting") step.state = "skipped";
  }

  end(step: Step, state: "done" | "failed" | "stopped", now: number, result?: string): void {
    Object.assign(step, { state, endedAt: now, ...(result === undefined ? {} : { result }) });
  }
}

const waiting = (name: string): Step => ({ name, state: "waiting", told: [] });

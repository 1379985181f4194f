/** The live list of a long command: on a terminal only; elsewhere a command writes its lines as they come. */
import { canRedraw, type Io } from "../io";
import { Screen } from "../screen";
import { lastFrame, stepsFrame } from "./frame";
import { Steps } from "./state";

/** What is said of a step while it runs. */
export type Tell = (text: string) => void;

export interface LiveOptions {
  /** What runs: `sandbox staging`. */
  readonly title: string;
  /** Steps that are known from the beginning. */
  readonly expected?: readonly string[];
}

export interface StepOptions<T> {
  /** Tells how far it is. @default what was told of it last */
  readonly status?: (() => string) | undefined;
  /** What is said of what it returned, and was told of it last. @default nothing but the time */
  readonly resultOf?: (value: T, told: string | undefined) => string | undefined;
}

/** @returns undefined where nothing can be redrawn on standard error ({@link canRedraw}). */
export const liveSteps = (options: LiveOptions, io: Pick<Io, "stderr" | "env" | "signal">): LiveSteps | undefined =>
  canRedraw(io.stderr, io.env) ? new LiveSteps(options, io) : undefined;

/** Runs a part of a command, which has a line of its own where there is a list. */
export const step = <T>(
  live: LiveSteps | undefined,
  name: string,
  task: (tell: Tell) => Promise<T>,
  options?: StepOptions<T>,
): Promise<T> => (live === undefined ? task(() => undefined) : live.run(name, task, options));

/** Writes what stays, above the list where there is one. */
export const above = (live: LiveSteps | undefined, write: () => void): void =>
  live === undefined ? write() : live.above(write);

export class LiveSteps {
  private readonly steps = new Steps();
  private readonly startedAt = performance.now();
  private readonly screen: Screen;

  constructor(
    private readonly options: LiveOptions,
    private readonly io: Pick<Io, "stderr" | "signal">,
  ) {
    this.steps.expect(options.expected ?? []);
    this.screen = new Screen(io.stderr, (size) => stepsFrame(this.steps, performance.now(), this.frame(size)));
  }

  /** Whether a step runs that what is told can belong to: this one, or any. */
  isBusy(name?: string): boolean {
    return this.steps.all.some((step) => step.state === "running" && (name === undefined || step.name === name));
  }

  /** Steps that are still to come. */
  expect(names: readonly string[]): void {
    this.steps.expect(names);
  }

  /**
   * Runs a step: done when it returns, stopped when it throws after an interruption, else failed when it throws.
   */
  async run<T>(name: string, task: (tell: Tell) => Promise<T>, { status, resultOf }: StepOptions<T> = {}): Promise<T> {
    const step = Object.assign(this.steps.begin(name, performance.now()), { status });
    this.screen.draw();
    try {
      const value = await task((text) => this.steps.tell(text, name));
      this.steps.end(step, "done", performance.now(), resultOf?.(value, step.told.at(-1)));
      return value;
    } catch (error) {
      this.steps.end(step, this.io.signal.aborted ? "stopped" : "failed", performance.now());
      throw error;
    } finally {
      this.screen.draw();
    }
  }

  /** What a running step does now: the named one, or the one that began last. */
  tell(text: string, name?: string): void {
    this.steps.tell(text, name);
  }

  /** Has something written that stays above the list. */
  above(write: () => void): void {
    this.screen.above(write);
  }

  /**
   * Ends the list; to be called whatever becomes of the command, before anything else is written.
   * @param keep Whether it stays to be read. A list in which not every step is done always does.
   */
  stop(keep: boolean): void {
    this.steps.close();
    const isWhole = this.steps.all.every(({ state }) => state === "done");
    const size = { columns: this.io.stderr.columns || 80, rows: Infinity };
    this.screen.stop(keep || !isWhole ? lastFrame(this.steps, performance.now(), this.frame(size)) : []);
  }

  private readonly frame = (size: { readonly columns: number; readonly rows: number }) => ({
    ...size,
    colour: true,
    title: this.options.title,
    startedAt: this.startedAt,
  });
}

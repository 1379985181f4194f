/** Progress lines with the elapsed time, or a live list on a terminal, and how long each part of a run took. */
import type { LiveSteps } from "../terminal/steps/live";

/** One finished part of a run. */
export interface Part {
  readonly name: string;
  readonly seconds: number;
}

const HEARTBEAT_MS = 10_000;

const toStandardError = (line: string): void => void process.stderr.write(line);

/** Writes to standard error, so that `--json` on standard output stays machine-readable. */
export class Progress {
  readonly #start = performance.now();
  readonly #parts: Part[] = [];
  readonly #write: (line: string) => void;
  readonly #live: LiveSteps | undefined;

  /** @param live The list that takes the place of the lines of a part, where there is one. */
  constructor(write = toStandardError, live?: LiveSteps) {
    this.#write = write;
    this.#live = live;
  }

  /** Parts in the order in which they ended. */
  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Seconds since the run began. */
  get elapsed(): number {
    return secondsSince(this.#start);
  }

  /** Parts that are still to come. */
  expect(names: readonly string[]): void {
    this.#live?.expect(names);
  }

  /** A line, which stays; in a list, what the part does now. */
  say(text: string): void {
    if (this.#live?.isBusy() === true) this.#live.tell(text.trim());
    else if (this.#live !== undefined) this.#live.above(() => this.#line(text));
    else this.#line(text);
  }

  /** What the part does now, for the list alone: too much for lines. */
  now(text: string): void {
    this.#live?.tell(text);
  }

  /** Runs a part, announces it, and repeats `status()` every ten seconds until it ends. */
  async part<T>(name: string, run: () => Promise<T>, status?: () => string): Promise<T> {
    const start = performance.now();
    const ended = (result: T): T => {
      this.#parts.push({ name, seconds: secondsSince(start) });
      return result;
    };
    if (this.#live !== undefined) return ended(await this.#live.run(name, run, { status }));
    this.#line(`${name} …`);
    const timer = setInterval(() => this.#line(`${name}: ${status?.() ?? "still working"}`), HEARTBEAT_MS);
    try {
      return ended(await run());
    } finally {
      clearInterval(timer);
    }
  }

  #line(text: string): void {
    const time = `${this.elapsed.toFixed(1)}s`.padStart(7);
    for (const line of text.split("\n")) this.#write(`[${time}] ${line}\n`);
  }
}

/** Seconds, with one digit behind the point, since a time stamp of `performance.now()`. */
export function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10;
}

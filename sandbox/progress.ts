/** Progress lines with the elapsed time, and how long each part of a run took. */

/** One finished part of a run. */
export interface Part {
  readonly name: string;
  readonly seconds: number;
}

const HEARTBEAT_MS = 10_000;

/** Writes to standard error, so that `--json` on standard output stays machine-readable. */
export class Progress {
  readonly #start = performance.now();
  readonly #parts: Part[] = [];
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void = (line) => void process.stderr.write(line)) {
    this.#write = write;
  }

  /** Parts in the order in which they ended. */
  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Seconds since the run began. */
  get elapsed(): number {
    return secondsSince(this.#start);
  }

  say(text: string): void {
    const time = `${this.elapsed.toFixed(1)}s`.padStart(7);
    for (const line of text.split("\n")) this.#write(`[${time}] ${line}\n`);
  }

  /** Runs a part, announces it, and repeats `status()` every ten seconds until it ends. */
  async part<T>(name: string, run: () => Promise<T>, status: () => string = () => "still working"): Promise<T> {
    this.say(`${name} …`);
    const start = performance.now();
    const timer = setInterval(() => this.say(`${name}: ${status()}`), HEARTBEAT_MS);
    try {
      const result = await run();
      this.#parts.push({ name, seconds: secondsSince(start) });
      return result;
    } finally {
      clearInterval(timer);
    }
  }
}

/** Seconds, with one digit behind the point, since a time stamp of `performance.now()`. */
export function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10;
}

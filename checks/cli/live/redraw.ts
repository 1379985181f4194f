/** A few lines at the end of a terminal that are written anew in place. */

export interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/** Start of the line, so many lines up, and everything below erased. */
const back = (lines: number): string => (lines === 0 ? "" : `\r\x1b[${lines}A\x1b[J`);

// eslint-disable-next-line no-control-regex -- colours take no place on the screen
const COLOURS = /\x1b\[\d+m/g;

export class Region {
  private drawn: readonly string[] = [];

  constructor(private readonly terminal: Terminal) {}

  /** Puts these lines in place of the last ones; writes nothing where they are the same. */
  draw(lines: readonly string[]): void {
    if (lines.length === this.drawn.length && lines.every((line, index) => line === this.drawn[index])) return;
    // One write, so that no half of it is ever seen.
    this.terminal.write(this.erasure() + lines.map((line) => `${line}\n`).join(""));
    this.drawn = lines;
  }

  erase(): void {
    if (this.drawn.length > 0) this.terminal.write(this.erasure());
    this.drawn = [];
  }

  /** A terminal that was made narrower has broken the lines that are there. */
  private erasure(): string {
    const columns = this.terminal.columns ?? Infinity;
    const rows = this.drawn.map((line) => Math.max(1, Math.ceil(line.replace(COLOURS, "").length / columns)));
    return back(rows.reduce((sum, one) => sum + one, 0));
  }
}

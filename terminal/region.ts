/**
 * A few lines at the end of a terminal that are written anew in place. The cursor rests below them and is never hidden, so
 * that whichever way the process ends (also killed), nothing is left to be put right.
 */
import type { OutputStream } from "./io";
import { cells } from "./text";

// eslint-disable-next-line no-control-regex -- colours take no place on the screen
const COLOURS = /\x1b\[\d+m/g;

/** Start of the line, so many lines up. */
const up = (lines: number): string => (lines === 0 ? "\r" : `\r\x1b[${lines}A`);
const ERASE_BELOW = "\x1b[J";
const ERASE_LINE = "\x1b[2K";

export class Region {
  private drawn: readonly string[] = [];
  /** Width at the last drawing. */
  private columns: number | undefined;

  constructor(private readonly terminal: Pick<OutputStream, "columns" | "write">) {}

  /** Puts these lines in place of the last ones; writes nothing where they are the same. */
  draw(lines: readonly string[]): void {
    const { columns } = this.terminal;
    const isSame = lines.length === this.drawn.length && lines.every((line, index) => line === this.drawn[index]);
    if (isSame && columns === this.columns) return;
    // Line by line, so that nothing blinks; after a change of width the old lines may be broken, and all go first.
    const erasure = this.drawn.length === 0 ? "" : columns === this.columns ? up(this.drawn.length) : this.erasure();
    const each = erasure === "" ? "" : ERASE_LINE;
    const rest = erasure === "" ? "" : ERASE_BELOW;
    // One write, so that no half of it is ever seen.
    this.terminal.write(erasure + lines.map((line) => `${each}${line}\n`).join("") + rest);
    this.drawn = lines;
    this.columns = columns;
  }

  erase(): void {
    if (this.drawn.length > 0) this.terminal.write(this.erasure());
    this.drawn = [];
  }

  /** A terminal that was made narrower has broken the lines that are there. */
  private erasure(): string {
    const columns = this.terminal.columns || Infinity;
    const rows = this.drawn.map((line) => Math.max(1, Math.ceil(cells(line.replace(COLOURS, "")) / columns)));
    return up(rows.reduce((sum, one) => sum + one, 0)) + ERASE_BELOW;
  }
}

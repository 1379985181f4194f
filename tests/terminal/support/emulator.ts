/**
 * A terminal as a person sees it: what is written becomes a screen of cells. It knows what this project writes (ECMA-48:
 * carriage return, line feed, cursor up, erasures, colours) and refuses everything else, so that no other code can slip in.
 * Like most terminals it breaks a line only when a character comes behind its last column.
 */
import { cells } from "../../../terminal/text";

export class Emulator {
  readonly isTTY = true;
  /** Everything that was written. */
  written = "";
  /** Lines that have left the screen at its top. */
  readonly scrolledOff: string[] = [];
  private lines: string[][] = [[]];
  private row = 0;
  private column = 0;

  constructor(
    public columns = 80,
    public rows = 24,
  ) {}

  /** What is on the screen, without empty lines at its end. */
  get screen(): string[] {
    const shown = this.lines.map(textOf);
    while (shown.at(-1) === "") shown.pop();
    return shown;
  }

  /** What a person can still read, also above the screen. */
  get all(): string[] {
    return [...this.scrolledOff, ...this.screen];
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.row, column: this.column };
  }

  write(text: string): boolean {
    this.written += text;
    for (let rest = text; rest !== "";) {
      // eslint-disable-next-line no-control-regex -- what a terminal obeys
      const [sequence] = /^\x1b\[[0-9;?]*[A-Za-z]/.exec(rest) ?? [];
      const [character = ""] = rest;
      if (sequence !== undefined) this.obey(sequence);
      else this.put(character);
      rest = rest.slice((sequence ?? character).length);
    }
    return true;
  }

  /** Makes the terminal narrower or wider: lines that are too long are broken anew, as most terminals do. */
  resize(columns: number): void {
    const before = this.lines.map(textOf);
    this.columns = columns;
    this.lines = [[]];
    this.row = 0;
    this.column = 0;
    const last = before.length - 1;
    before.forEach((line, index) => {
      for (const character of line) this.put(character);
      if (index < last) this.put("\n");
    });
  }

  private obey(sequence: string): void {
    const count = Number(/\d+/.exec(sequence)?.[0] ?? 1);
    // eslint-disable-next-line no-control-regex -- a colour
    if (/^\x1b\[\d*m$/.test(sequence)) return;
    if (sequence.endsWith("A")) this.row = Math.max(0, this.row - count);
    else if (sequence === "\x1b[2K") this.lines[this.row] = [];
    else if (sequence === "\x1b[J") {
      this.lines = this.lines.slice(0, this.row + 1);
      this.lines[this.row] = (this.lines[this.row] ?? []).slice(0, this.column);
    } else throw new Error(`a terminal of ours does not know ${JSON.stringify(sequence)}`);
  }

  private put(character: string): void {
    if (character === "\r") this.column = 0;
    else if (character === "\n") {
      this.column = 0;
      this.down();
    } else {
      if (/\p{Cc}/u.test(character)) throw new Error(`control character ${JSON.stringify(character)}`);
      const width = cells(character);
      if (this.column + width > this.columns) this.put("\n");
      const line = this.lines[this.row] ?? [];
      if (width === 0) line[Math.max(0, this.column - 1)] += character;
      else {
        while (line.length < this.column) line.push(" ");
        line[this.column] = character;
        if (width === 2) line[this.column + 1] = "";
      }
      this.lines[this.row] = line;
      this.column += width;
    }
  }

  private down(): void {
    this.row += 1;
    this.lines[this.row] ??= [];
    if (this.row < this.rows) return;
    this.scrolledOff.push(textOf(this.lines.shift() ?? []));
    this.row -= 1;
  }
}

const textOf = (line: readonly string[]): string => line.join("").trimEnd();

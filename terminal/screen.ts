/** The end of a terminal, kept up to date: drawn anew at every moment, until it is stopped. */
import { type OutputStream, sizeOf } from "./io";
import { Region } from "./region";

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** How often it is drawn, in milliseconds: often enough for a clock with one decimal to look alive. */
const FRAME_MS = 100;

export class Screen {
  private readonly region: Region;
  private timer: NodeJS.Timeout | undefined;

  /** @param frame The lines at this moment, for a terminal of this size. */
  constructor(
    private readonly terminal: OutputStream,
    private readonly frame: (size: ScreenSize) => readonly string[],
  ) {
    this.region = new Region(terminal);
    this.timer = setInterval(() => this.draw(), FRAME_MS);
    this.timer.unref();
  }

  draw(): void {
    if (this.timer !== undefined) this.region.draw(this.frame(sizeOf(this.terminal)));
  }

  /** Has something written above what is drawn, where it stays. For every stream that may be the same terminal. */
  above(write: () => void): void {
    this.region.erase();
    write();
    this.draw();
  }

  /** Ends it. @param last Lines that stay in place of it; none when absent. A second call does nothing. */
  stop(last: readonly string[] = []): void {
    if (this.timer === undefined) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.region.erase();
    if (last.length > 0) this.terminal.write(last.map((line) => `${line}\n`).join(""));
  }
}

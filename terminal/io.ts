/** What a command reads from and writes to, so that it can be run inside another process too. */
import type { Readable } from "node:stream";

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: NodeJS.ProcessEnv;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
}

const isSet = (value: string | undefined): boolean =>
  value !== undefined && value !== "" && value !== "false" && value !== "0";

/**
 * Whether lines on this stream can be redrawn: a terminal that can, watched by a person and not kept as a CI log. Nor with
 * NO_COLOR (https://no-color.org: set and not empty): who sets it may be keeping or reading out what is written, and wants
 * no escape codes at all.
 */
export const canRedraw = ({ isTTY }: OutputStream, env: NodeJS.ProcessEnv): boolean =>
  isTTY === true && !isSet(env.CI) && env.TERM !== "dumb" && (env.NO_COLOR ?? "") === "";

/** Columns and rows of a terminal; those of a usual one where it does not say, as a serial line does not. */
export const sizeOf = ({ columns, rows }: OutputStream): { readonly columns: number; readonly rows: number } => ({
  columns: columns || 80,
  rows: rows || 24,
});

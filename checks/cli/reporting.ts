/** What all commands that report share: their flags, and the way of a finished report to where it was asked for. */
import { EXIT, type ExitCode } from "../exit-codes";
import { type Format, FORMATS, RENDERERS } from "../report/formats";
import { deliver, type Output, outputsOf, reportFlags, STDOUT } from "../report/outputs";
import type { Report } from "../report/report";
import { type TextOptions, textOptions } from "../report/text";
import type { Io } from "../../terminal/io";

export const REPORT_FLAGS = reportFlags(FORMATS);

/** @throws ToolError where an output is not possible, before anything is looked at. */
export const chosenOutputs = (flags: { json?: boolean; report?: readonly string[] }): Output<Format>[] =>
  outputsOf(flags, FORMATS);

/** In a file nobody knows the reader's width, and a colour would be two strange characters. */
const FILE_OPTIONS: TextOptions = textOptions({}, {});

/** Renderers of a command's own, in place of those for checks. */
export type OwnRenderers = Partial<Record<Format, (options: TextOptions) => string>>;

/**
 * Writes a report to all its outputs.
 * @param exitCode What the command would end with. A report that was asked for and could not be written turns a clean
 * end into "could not look", since whoever reads the file would find none; it never hides a worse one.
 */
export function hand<Code extends ExitCode>(
  outputs: readonly Output<Format>[],
  report: Report,
  exitCode: Code,
  io: Io,
  own: OwnRenderers = {},
): Code | ExitCode {
  const render = (format: Format, file: string): string => {
    const options = file === STDOUT ? textOptions(io.stdout, io.env) : FILE_OPTIONS;
    return own[format]?.(options) ?? RENDERERS[format](report, options);
  };
  const faults = deliver(outputs, render, io.stdout);
  for (const fault of faults) io.stderr.write(`error: ${fault}\n`);
  return faults.length > 0 && exitCode === EXIT.clean ? EXIT.couldNotLook : exitCode;
}

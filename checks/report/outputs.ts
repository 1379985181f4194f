/** Where reports go: `--report FORMAT=FILE`, as often as wanted, and standard output. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { suggest } from "../../config/suggest";
import { type Flag, ToolError } from "../../tools/cli";
import { writeWhole } from "./atomic-file";

/** Stands for standard output in place of a file. */
export const STDOUT = "-";

export interface Output<Format extends string> {
  readonly format: Format;
  /** Path as given, or {@link STDOUT}. */
  readonly file: string;
}

/** The flags of every command that reports. @param formats What `--report` takes. */
export const reportFlags = (formats: readonly string[]) =>
  ({
    json: { type: "boolean", summary: "write the report as JSON (version field inside) instead of text" },
    report: {
      type: "string",
      value: "FORMAT=FILE",
      repeatable: true,
      summary: `also write the report into a file, - for standard output instead of the text; repeatable; formats: ${formats.join(", ")}`,
    },
  }) as const satisfies Record<string, Flag>;

/**
 * The outputs that the flags ask for, seen to be possible before anything is looked at.
 * @param formats Allowed ones; the first is what standard output gets unless another is sent there.
 * @throws ToolError
 */
export function outputsOf<Format extends string>(
  flags: { readonly json?: boolean; readonly report?: readonly string[] },
  formats: readonly [Format, ...Format[]],
): Output<Format>[] {
  const json = formats.find((format) => format === "json");
  const asked = (flags.report ?? []).map((value) => outputOf(value, formats));
  const outputs = flags.json === true && json !== undefined ? [...asked, { format: json, file: STDOUT }] : asked;
  for (const [index, { file }] of outputs.entries()) {
    if (file === STDOUT) {
      const other = outputs.slice(0, index).find((one) => one.file === STDOUT);
      if (other === undefined) continue;
      throw new ToolError(
        `standard output can hold one report: got ${other.format} and ${outputs[index]!.format}; fix: give one a file`,
      );
    }
    if (outputs.slice(0, index).some((one) => one.file !== STDOUT && resolve(one.file) === resolve(file)))
      throw new ToolError(`--report: two reports into ${file}; allowed: one a file`);
    const fault = faultOf(file);
    if (fault !== undefined) throw new ToolError(`--report: ${file} cannot be written: ${fault}`);
  }
  const toStdout = outputs.some(({ file }) => file === STDOUT);
  return toStdout ? outputs : [...outputs, { format: formats[0], file: STDOUT }];
}

function outputOf<Format extends string>(value: string, formats: readonly Format[]): Output<Format> {
  const at = value.indexOf("=");
  const [word, file] = at < 0 ? [value, ""] : [value.slice(0, at), value.slice(at + 1)];
  const format = formats.find((known) => known === word);
  const allowed = `allowed: FORMAT=FILE with ${formats.join(", ")}`;
  if (format === undefined) {
    const near = suggest(word, formats);
    const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
    throw new ToolError(
      `--report: there is no format "${word}".${hint} ${allowed}; fix: such as --report html=report.html`,
    );
  }
  if (file === "") {
    throw new ToolError(
      `--report: got "${value}", without a file; ${allowed}; fix: such as --report ${format}=FILE, or ${format}=- for standard output`,
    );
  }
  return { format, file };
}

/** Why a file cannot be written, as far as a look tells. */
function faultOf(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return "it is a folder; fix: name a file in it";
  if (found !== undefined && !found.isFile()) return undefined;
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT"
      ? `there is no folder ${folder}; fix: make it first`
      : `folder ${folder} is not ours to write (${code ?? String(error)}); fix: choose another`;
  }
}

/**
 * Writes every output, whatever becomes of the others.
 * @param render Called once a format.
 * @returns What could not be written, a line each.
 */
export function deliver<Format extends string>(
  outputs: readonly Output<Format>[],
  render: (format: Format, file: string) => string,
  stdout: { write(text: string): unknown },
): string[] {
  return outputs.flatMap(({ format, file }) => {
    const text = render(format, file);
    if (file === STDOUT) {
      stdout.write(text);
      return [];
    }
    try {
      writeWhole(file, text);
      return [];
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return [`the ${format} report could not be written to ${file}: ${code ?? message}`];
    }
  });
}

/** Copies of a state as files: for their owner alone, whole or not at all, and read again before they count. */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { messageOf } from "../../config/thrown";
import { ToolError } from "../../tools/cli";
import { readState, type State } from "./document";

export interface StackName {
  readonly project: string;
  readonly stack: string;
}

export interface Backup {
  readonly file: string;
  readonly sha256: string;
  readonly resources: number;
  /** When it was made; ISO 8601. */
  readonly time: string;
}

/** `seldon-k3s-prod-20261123T082045Z-pulumi-3.259.0.json`: an older CLI than that may not read it. */
export const backupName = ({ project, stack }: StackName, time: Date, cli = "unknown"): string =>
  `${project}-${stack}-${time.toISOString().replace(/[-:]|\.\d+/g, "")}-pulumi-${cli.replace(/[^\w.-]/g, "_")}.json`;

/** When a file of that name was made; undefined for others'. */
export function timeOfBackup({ project, stack }: StackName, name: string): Date | undefined {
  const prefix = `${project}-${stack}-`;
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-pulumi-.+\.json$/.exec(name.slice(prefix.length));
  if (!name.startsWith(prefix) || match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

/** The newest copy in a folder, if there is one. */
export function newestBackup(name: StackName, folder: string): { file: string; time: Date } | undefined {
  let files: readonly string[];
  try {
    files = readdirSync(folder);
  } catch {
    return undefined;
  }
  return files
    .flatMap((file) => {
      const time = timeOfBackup(name, file);
      return time === undefined ? [] : [{ file: path.join(folder, file), time }];
    })
    .sort((left, right) => left.time.getTime() - right.time.getTime())
    .at(-1);
}

/** @throws ToolError where the state is of another stack or project. */
export function requireOf({ project, stack }: StackName, state: State, where: string): void {
  if (state.stack === undefined || (state.stack === stack && state.project === project)) return;
  throw new ToolError(
    `${where} is of stack ${state.stack} of project ${state.project}, not of ${stack} of ${project}; fix: name the file of that stack`,
  );
}

/** Reads a file as a state. @throws ToolError */
export function readBackup(file: string): { readonly text: string; readonly state: State } {
  try {
    const text = readFileSync(file, "utf8");
    return { text, state: readState(text, file) };
  } catch (error) {
    throw new ToolError(messageOf(error));
  }
}

/**
 * Writes an export that was read already. The file appears under its name when all of it is on the disk and reads as
 * that state.
 * @throws ToolError
 */
export function writeBackup(name: StackName, text: string, state: State, folder: string, now: Date): Backup {
  const file = path.join(folder, backupName(name, now, state.cli));
  const part = `${file}.${randomBytes(4).toString("hex")}.part`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const handle = openSync(part, "wx", 0o600);
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    const written = readBackup(part);
    if (written.text !== text) throw new ToolError(`${part} does not hold what was written to it`);
    requireOf(name, written.state, part);
    // Unlike a rename, it replaces nothing.
    linkSync(part, file);
  } catch (error) {
    if (error instanceof ToolError) throw error;
    throw new ToolError(`cannot write the backup: ${messageOf(error)}; fix: name another folder by --out`);
  } finally {
    rmSync(part, { force: true });
  }
  return {
    file,
    sha256: createHash("sha256").update(text).digest("hex"),
    resources: state.resources.length,
    time: now.toISOString(),
  };
}

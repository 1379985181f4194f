/** Files that are there whole or not at all: whoever reads one while it is written sees the one before. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file beside its place and moves it there. A symbolic link stays one; what is no regular file (a pipe,
 * /dev/stderr) is written to as it is.
 * @throws the error of the file system; what was there before is then untouched, and nothing is left beside it.
 */
export function writeWhole(path: string, text: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) return writeFileSync(path, text);
  const target = found === undefined ? path : realpathSync(path);
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(4).toString("hex")}`);
  try {
    const file = openSync(beside, "wx", found === undefined ? 0o666 : found.mode & 0o777);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

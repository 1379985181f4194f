/** Asks git about a folder. */
import { spawnSync } from "node:child_process";

/** Output of git in a folder. @returns undefined where git ends with an error, or is not there. */
export function gitIn(folder: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", ["-C", folder, ...args], { encoding: "utf8", maxBuffer: 64 * 2 ** 20 });
  return status === 0 ? stdout : undefined;
}

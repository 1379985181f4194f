/** Which version of this project runs: package.json's and, in a checkout, the commit. Nothing is read at import. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const PROJECT_DIR = path.join(__dirname, "..");

/** Hexadecimal digits of a commit; fewer may become ambiguous. */
const COMMIT_DIGITS = 12;

/** The version that a release has set. @param folder Where package.json is. */
export function packageVersion(folder = PROJECT_DIR): string {
  return (JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { version: string }).version;
}

/**
 * The version with what tells two states of it apart, as SemVer writes it: `1.2.3+0123456789ab`, with `.changed` at its
 * end where tracked files differ from that commit. `1.2.3` alone outside of a checkout, and where git does not answer.
 */
export function describeVersion(folder = PROJECT_DIR): string {
  const version = packageVersion(folder);
  // Unpacked inside somebody else's repository, git would name a commit of that one.
  if (!existsSync(path.join(folder, ".git"))) return version;
  // A hook of git's sets GIT_DIR and the like for its own repository, and nothing is locked only to look.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  const words = ["describe", "--always", "--exclude=*", `--abbrev=${COMMIT_DIGITS}`, "--dirty=.changed"];
  const { status, stdout } = spawnSync("git", ["-C", folder, ...words], {
    encoding: "utf8",
    env: { ...env, GIT_OPTIONAL_LOCKS: "0" },
  });
  return status === 0 ? `${version}+${stdout.trim()}` : version;
}

let known: string | undefined;

/** The same for this process, which asks git once. */
export const programVersion = (): string => (known ??= describeVersion());

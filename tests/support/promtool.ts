/** promtool, of Debian's package prometheus: the judge of rules and queries. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const present = spawnSync("promtool", ["--version"]).status === 0;

/** A test that needs promtool; skipped by name without it. */
export const withPromtool: (name: string, run: () => void) => void = present
  ? (name, run) => it(name, run)
  : (name) => it.skip(`${name} (skipped: needs promtool, Debian package prometheus)`, () => undefined);

/** Runs promtool in a folder with these files: text as it is, anything else as JSON, which is YAML. */
export function promtool(
  args: readonly string[],
  files: Readonly<Record<string, unknown>>,
): { status: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "promtool-"));
  try {
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: folder, encoding: "utf8" });
    return { status, said: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

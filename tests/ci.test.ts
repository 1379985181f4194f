import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Runs the real .ci/run with an npm that says and returns what it is told; Go and all packages are there. */
function ci(suites: Readonly<Record<"test" | "test:e2e" | "test:lab", { says: string; exits?: number }>>) {
  const folder = mkdtempSync(path.join(tmpdir(), "ci-run-"));
  folders.push(folder);
  mkdirSync(path.join(folder, "bin"));
  cpSync(path.join(__dirname, "../.ci/run"), path.join(folder, ".ci/run"));
  const cases = Object.entries(suites).map(
    ([suite, { says, exits = 0 }]) => `"run --silent ${suite}") printf '%b' '${says}'; exit ${exits};;`,
  );
  writeFileSync(path.join(folder, "bin/npm"), `#!/bin/sh\ncase "$*" in\n${cases.join("\n")}\nesac\nexit 99\n`, {
    mode: 0o755,
  });
  writeFileSync(path.join(folder, "bin/dpkg-query"), "#!/bin/sh\necho install ok installed\n", { mode: 0o755 });
  writeFileSync(path.join(folder, "bin/go"), "#!/bin/sh\n", { mode: 0o755 });
  const PATH = `${path.join(folder, "bin")}:${process.env["PATH"] ?? ""}`;
  const { status, stdout } = spawnSync("bash", [path.join(folder, ".ci/run")], {
    encoding: "utf8",
    env: { ...process.env, PATH },
  });
  const lines = stdout.trim().split("\n");
  return { status, last: lines.at(-1), closing: lines.filter((line) => /^\d+ passed, \d+ failed/.test(line)).length };
}

/** The third suite; the first two are varied. */
const lab = { says: "2 passed, 0 failed, 0 skipped\\n" };

const clean = { says: "PASS a\\n3 passed, 0 failed, 1 skipped\\n" };

test.each([
  ["all suites are summed", clean, clean, 0, "8 passed, 0 failed, 2 skipped"],
  [
    "failures are passed on",
    clean,
    { says: "1 passed, 2 failed, 0 skipped\\n", exits: 1 },
    1,
    "6 passed, 2 failed, 1 skipped",
  ],
  ["a suite that says nothing has failed", { says: "" }, clean, 1, "5 passed, 1 failed, 1 skipped"],
  [
    "a suite that ran no test has failed",
    clean,
    { says: "0 passed, 0 failed, 9 skipped\\n" },
    1,
    "5 passed, 1 failed, 10 skipped",
  ],
  [
    "an exit code that the counts do not show has failed",
    { ...clean, exits: 2 },
    clean,
    1,
    "8 passed, 1 failed, 2 skipped",
  ],
])("%s, and one closing line stands last", (_, unit, e2e, status, last) => {
  expect(ci({ test: unit, "test:e2e": e2e, "test:lab": lab })).toEqual({ status, last, closing: 1 });
});

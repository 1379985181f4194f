import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(__dirname, "../..");

test("faults that nobody awaits reject the run with their reason, and leave the process and the next run alone", async () => {
  const args = ["--require", "./tools/typescript.cjs", "tests/support/faulty-program.ts"];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual([
    "throwing-apply: the program failed: inside apply",
    'failing-input: the program failed: error serializing property "metadata": no name today; ' +
      'not registered: kubernetes:core/v1:Namespace "n"',
    "failing-output: no output",
    "never-ends: the program never ends: every resource is registered, but a promise that it awaits never settles",
    expect.stringMatching(/^resource-hook: the program failed: .* resource hooks.*Namespace "hooked"$/),
    "clean: 1 resource",
  ]);
}, 60_000);

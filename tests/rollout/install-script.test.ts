import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAM_FOLDER } from "../../components/machines/host-command";
import { programsDigest } from "../../components/machines/programs";
import { installScript } from "../../rollout/machines/install-script";

const PROGRAMS = [
  { name: "inspect", content: "#!/bin/sh\necho 'a $word and `one` more'\n" },
  { name: "lib.sh", content: "# without a line break at its end" },
];

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "install-script-")), "programs");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

/** Runs the script as a machine does, in a folder of the test's. */
const run = (programs = PROGRAMS): string => {
  const input = installScript(programs, programsDigest(programs)).replace(PROGRAM_FOLDER, folder);
  return execFileSync("sh", ["-s"], { input, encoding: "utf8" }).trim();
};
const text = (name: string): string => readFileSync(join(folder, name), "utf8");

test("programs are written once, and then are there", () => {
  expect(run()).toBe("written");
  expect(text("inspect")).toBe(PROGRAMS[0]!.content);
  expect(text("lib.sh")).toBe(`${PROGRAMS[1]!.content}\n`);
  expect(statSync(join(folder, "inspect")).mode & 0o777).toBe(0o755);
  expect(run()).toBe("there");
});

test.each([
  ["that somebody changed", () => appendFileSync(join(folder, "inspect"), "# by hand\n")],
  ["that somebody took away", () => rmSync(join(folder, "lib.sh"))],
  ["of a run that was killed", () => rmSync(join(folder, ".programs"))],
])("a program %s is written again", (_, change) => {
  run();
  change();
  expect(run()).toBe("written");
  expect(text("inspect")).toBe(PROGRAMS[0]!.content);
  expect(run()).toBe("there");
});

test("a changed program is written", () => {
  run();
  const changed = [{ name: "inspect", content: "#!/bin/sh\n" }, PROGRAMS[1]!];
  expect(run(changed)).toBe("written");
  expect(text("inspect")).toBe("#!/bin/sh\n");
});

test("a name that a shell could misread is refused", () => {
  expect(() => installScript([{ name: "a b", content: "" }], "0")).toThrow("hosts/a b: a program's name has");
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseEngine, CLI_PROGRAMS } from "../../sandbox/engine/choose";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "engine-choice-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function programs(names: readonly string[]): NodeJS.ProcessEnv {
  for (const name of names) {
    writeFileSync(join(folder, name), "");
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: `/nowhere:${folder}` };
}

test("the real engine is the default where everything that it needs is there", () => {
  expect(chooseEngine(undefined, programs(CLI_PROGRAMS)).engine).toBe("cli");
});

test.each(CLI_PROGRAMS)("without %s it is not, and is refused by name when it is asked for", (absent) => {
  const env = programs(CLI_PROGRAMS.filter((name) => name !== absent));
  expect(chooseEngine(undefined, env)).toEqual({ engine: "in-process", reason: `not on PATH: ${absent}` });
  expect(() => chooseEngine("cli", env)).toThrow(`missing: ${absent}.`);
});

test("in process on request", () => {
  expect(chooseEngine("in-process", programs(CLI_PROGRAMS))).toEqual({ engine: "in-process", reason: "asked for" });
});

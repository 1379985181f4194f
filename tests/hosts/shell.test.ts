import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { HOSTS } from "./support/host";

const FILES = readdirSync(HOSTS).filter((name) => !name.endsWith(".md"));
const LIBRARIES = FILES.filter((name) => name.endsWith(".sh"));
const PROGRAMS = FILES.filter((name) => !name.endsWith(".sh"));
const FIXTURES = join(__dirname, "support/fake");
const text = (name: string) => readFileSync(join(HOSTS, name), "utf8");

const has = (tool: string) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
/** A test that needs a tool; skipped by name without it. */
const withTool = (tool: string) =>
  has(tool) ? it : (name: string, run: () => void) => it.skip(`${name} (skipped: needs ${tool})`, run);

describe("programs for machines", () => {
  it("are the ones that README.md lists", () => {
    expect(PROGRAMS).toEqual([
      "backup",
      "clean",
      "guard",
      "host-ports",
      "inspect",
      "inspect-only",
      "k3s",
      "rotate",
      "run",
      "settings",
      "token",
      "uninstall",
    ]);
    for (const name of PROGRAMS) expect(text("README.md")).toMatch(new RegExp(`^\\| \`${name}[ \`]`, "m"));
  });

  it("can be started, and say in the same way how", () => {
    for (const name of PROGRAMS) {
      expect([name, statSync(join(HOSTS, name)).mode & 0o777]).toEqual([name, 0o755]);
      expect(text(name)).toMatch(/^#!\/bin\/sh\n# [A-Z].*\n/);
      expect([name, /^set -eu$/m.test(text(name))]).toEqual([name, true]);
      const { status, stdout } = spawnSync(join(HOSTS, name), ["--help"], { encoding: "utf8" });
      expect([name, status]).toEqual([name, 0]);
      expect(stdout).toMatch(new RegExp(`^[A-Z][^]*\\nUsage: ${name}`));
      expect(stdout).not.toContain("shellcheck");
    }
  });

  it("explain every key of their requests", () => {
    for (const name of PROGRAMS) {
      const keys =
        /^allow_keys ((?:[^\n]*\\\n)*[^\n]*)/m.exec(text(name))?.[1]?.replace(/\\\n/g, "").trim().split(/\s+/) ?? [];
      const help = spawnSync(join(HOSTS, name), ["--help"], { encoding: "utf8" }).stdout;
      for (const key of keys.filter((found) => found !== "")) {
        expect(`${name}: ${help}`).toContain(key.replace(/-(amd64|arm64)$/, "-ARCH"));
      }
    }
  });

  it("stay small", () => {
    for (const name of FILES) {
      const limit = name === "inspect" ? 400 : 300;
      expect([name, text(name).split("\n").length <= limit]).toEqual([name, true]);
      expect([name, /[^\n]\n$/.test(text(name))]).toEqual([name, true]);
    }
  });

  it("read the words of a unit in one way: inspect has a copy, because it runs alone", () => {
    const block = (name: string) => /^# begin unit-words\n([^]*?)^# end unit-words$/m.exec(text(name))?.[1];
    expect(block("inspect")).toBe(block("lib-unit.sh"));
    expect(block("inspect")).toContain("unit_words() {");
  });

  withTool("shellcheck")("have nothing that shellcheck would change", () => {
    const files = [
      ...FILES.map((name) => join("hosts", name)),
      ...readdirSync(FIXTURES).map((name) => join(FIXTURES, name)),
    ];
    const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-x", ...files], {
      encoding: "utf8",
      cwd: join(HOSTS, ".."),
    });
    expect(stdout).toBe("");
  });

  for (const [tool, args] of [
    ["dash", ["-n"]],
    ["busybox", ["sh", "-n"]],
    ["bash", ["--posix", "-n"]],
  ] as const) {
    withTool(tool)(`can be read by ${tool}`, () => {
      for (const name of [...PROGRAMS, ...LIBRARIES]) {
        const { status, stderr } = spawnSync(tool, [...args, join(HOSTS, name)], { encoding: "utf8" });
        expect([name, status, stderr]).toEqual([name, 0, ""]);
      }
    });
  }
});

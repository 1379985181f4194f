import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describeVersion, packageVersion, programVersion } from "../../config/version";

const root = path.join(__dirname, "../..");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "version-"));
  writeFileSync(path.join(folder, "package.json"), '{"version": "1.2.3"}\n');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...words: string[]): string {
  const who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
  const { status, stdout, stderr } = spawnSync("git", ["-C", folder, ...who, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

function checkout(): string {
  git("init", "-q");
  git("add", ".");
  git("commit", "-q", "-m", "one");
  return git("rev-parse", "HEAD").slice(0, 12);
}

test("a checkout's version has its commit, and says where files differ from it", () => {
  const commit = checkout();
  git("tag", "v9.9.9");
  expect(describeVersion(folder)).toBe(`1.2.3+${commit}`);
  writeFileSync(path.join(folder, "untracked"), "");
  expect(describeVersion(folder)).toBe(`1.2.3+${commit}`);
  writeFileSync(path.join(folder, "package.json"), '{"version": "1.2.4"}\n');
  expect(describeVersion(folder)).toBe(`1.2.4+${commit}.changed`);
});

test("without a repository of its own the version stands alone", () => {
  expect(describeVersion(folder)).toBe("1.2.3");
  checkout();
  const inner = path.join(folder, "inner");
  mkdirSync(inner);
  writeFileSync(path.join(inner, "package.json"), '{"version": "2.0.0"}\n');
  expect(describeVersion(inner)).toBe("2.0.0");
  writeFileSync(path.join(inner, ".git"), "gitdir: /nowhere\n");
  expect(describeVersion(inner)).toBe("2.0.0");
});

test("this project's is that of package.json, in package-lock.json too", () => {
  const lock = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as {
    version: string;
    packages: Record<string, { version?: string }>;
  };
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/);
  expect(programVersion().split("+")[0]).toBe(packageVersion());
  expect([lock.version, lock.packages[""]?.version]).toEqual([packageVersion(), packageVersion()]);
});

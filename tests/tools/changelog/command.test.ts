import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseCommandLine, ToolError } from "../../../tools/cli";
import { CHANGELOG, runChangelog } from "../../../tools/changelog/command";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A repository with one commit: version 0.1.0, two changes, nothing released. */
function repository() {
  const folder = mkdtempSync(path.join(tmpdir(), "changelog-"));
  folders.push(folder);
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  const git = (...words: string[]): string => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    const { status, stdout, stderr } = spawnSync("git", ["-C", folder, ...who, ...words], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  const manifest = { name: "x", version: "0.1.0", engines: { node: ">=20" }, dependencies: {} };
  write("package.json", `${JSON.stringify(manifest, undefined, 2)}\n`);
  write("package-lock.json", `${JSON.stringify({ version: "0.1.0", packages: { "": { version: "0.1.0" } } })}\n`);
  write("Pulumi.yaml", 'requiredPulumiVersion: ">=3.226.0"\n');
  write("CHANGELOG.md", "# Changelog\n\nHow.\n");
  write(".gitignore", "/delivery-out/\n");
  write("changes/README.md", "How.\n");
  write("changes/one.md", "kind: added\n\nOne, see [How](CHANGELOG.md).\n");
  write("changes/two.md", "kind: fixed\n\nTwo.\n");
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "Begin");
  const read = (name: string) => readFileSync(path.join(folder, name), "utf8");
  const run = (...argv: string[]) => {
    let [stdout, stderr] = ["", ""];
    const io = {
      out: (text: string) => void (stdout += text),
      err: (text: string) => void (stderr += text),
      now: new Date("2026-11-23T23:00:00Z"),
    };
    const code = runChangelog(folder, parseCommandLine(CHANGELOG, argv), io);
    return { code, stdout, stderr };
  };
  return { folder, write, read, git, run, changes: () => readdirSync(path.join(folder, "changes")).sort() };
}

test("a dry run says everything and writes nothing", () => {
  const { git, run } = repository();
  const { code, stdout } = run("release", "0.1.0", "--dry-run");
  expect(code).toBe(0);
  expect(stdout).toContain("## 0.1.0 - 2026-11-23\n\n### Added\n\n- One, see [How](CHANGELOG.md).\n");
  expect(stdout).toContain("would remove: changes/one.md, changes/two.md");
  expect(stdout).toContain("would write delivery-out/release-0.1.0.md:\n\n# seldon-k3s 0.1.0\n");
  expect(git("status", "--porcelain", "--ignored")).toBe("");
});

test("a release writes it, and the next one goes on from there", () => {
  const { folder, write, read, git, run, changes } = repository();
  const { code, stdout } = run("release", "0.2.0");
  expect([code, changes()]).toEqual([0, ["README.md"]]);
  expect(stdout).toContain('git commit -a -m "Release 0.2.0"');
  expect(read("CHANGELOG.md")).toContain("## 0.2.0 - 2026-11-23\n\n### Added\n\n- One");
  expect(read("package.json")).toContain('"version": "0.2.0"');
  expect(read("package-lock.json").match(/0\.2\.0/g)).toHaveLength(2);
  expect(read("delivery-out/release-0.2.0.md")).toContain("## Versions that go together");

  // What is half done is not released on top of.
  const again = run("release", "0.3.0");
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/refused: files differ .*CHANGELOG\.md.*\nrefused: changes\/ holds no change/s);

  git("commit", "-q", "-a", "-m", "Release 0.2.0");
  git("tag", "v0.2.0");
  write("changes/three.md", "kind: changed\n\nThree.\n");
  git("add", ".");
  git("commit", "-q", "-m", "Three");
  expect(run("release", "0.2.0").stderr).toMatch(/0\.2\.0 has been released[^]*the tag v0\.2\.0 is there/);
  expect(run("release", "0.2.1").code).toBe(0);
  expect(read("CHANGELOG.md")).toMatch(/## 0\.2\.1 - [^]*- Three\.\n\n## 0\.2\.0 - /);
  expect(existsSync(path.join(folder, "package.json.new"))).toBe(false);
});

test("check names every fault with its file", () => {
  const { write, run } = repository();
  expect(run("check")).toEqual({ code: 0, stdout: "2 changes wait for a release\n", stderr: "" });
  write("changes/one.md", "kind: wrong\n\nOne\n");
  write("changes/two.md", "kind: fixed\n\nTwo, see [gone](docs/gone.md).\n");
  const { code, stderr } = run("check");
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^changes\/one\.md: kind is "wrong".*\nchanges\/one\.md: the paragraph must end.*\nchanges\/two\.md: links to docs\/gone\.md/,
  );
});

test("check compares a branch with the one it goes to, wherever that has got to", () => {
  const { write, git, run } = repository();
  git("checkout", "-q", "-b", "topic");
  write("components/a b.ts", "1\n");
  git("add", ".");
  git("commit", "-q", "-m", "Work");
  git("checkout", "-q", "main");
  write("changes/of-main.md", "kind: fixed\n\nOf main.\n");
  git("add", ".");
  git("commit", "-q", "-m", "Meanwhile");
  git("checkout", "-q", "topic");
  expect(run("check", "--base-ref", "main")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("components/a b.ts changed") as string,
  });
  git("commit", "-q", "--allow-empty", "-m", "Say so\n\nChangelog: none");
  expect(run("check", "--base-ref", "main").code).toBe(0);
  expect(() => run("check", "--base-ref", "nowhere")).toThrow(/git knows no way from "nowhere"/);
});

test.each([
  [["chek"], /got "chek"; allowed: check, release/],
  [["release"], /missing the version; such as: npm run changelog -- release 1\.2\.3/],
  [["check", "1.2.3"], /check takes no version/],
])("%j is refused", (argv, message) => {
  const { run } = repository();
  expect(() => run(...argv)).toThrow(message);
  expect(() => run(...argv)).toThrow(ToolError);
});

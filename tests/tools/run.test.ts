import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Each test starts Node.js several times.
jest.setTimeout(60_000);

const ROOT = join(__dirname, "../..");

interface Project {
  readonly folder: string;
  readonly calls: () => string[];
}

/**
 * A project of its own round the real run.mjs: an `npm` that only logs and writes the inner lock file, and a `golden`
 * command to start.
 */
function project(options: { node?: string; npm?: string; entry?: string } = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), "run-mjs-"));
  folders.push(folder);
  for (const part of ["tools", "bin"]) mkdirSync(join(folder, part), { recursive: true });
  for (const file of ["tools/run.mjs", "tools/typescript.cjs"]) cpSync(join(ROOT, file), join(folder, file));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ engines: { node: options.node ?? ">=20.19" } }));
  const packages = {
    "": {},
    "node_modules/a": { version: "1.0.0", integrity: "sha512-x" },
    "node_modules/b": { version: "1.0.0", optional: true },
  };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));
  const npm =
    options.npm ??
    `mkdir -p node_modules && ln -sfn ${ROOT}/node_modules/tsx node_modules/tsx &&
     echo '{"packages":{"node_modules/a":{"version":"1.0.0","integrity":"sha512-x"}}}' > node_modules/.package-lock.json`;
  writeFileSync(join(folder, "bin/npm"), `#!/bin/sh\necho "npm $*" >> npm.log\n${npm}\n`, { mode: 0o755 });
  writeFileSync(
    join(folder, "tools/golden.ts"),
    options.entry ?? "process.stdout.write(JSON.stringify(process.argv.slice(2)));",
  );
  const log = join(folder, "npm.log");
  return { folder, calls: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []) };
}

const environment = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  npm_execpath: undefined,
  NODE_OPTIONS: undefined,
  PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
});
const run = ({ folder }: Project, ...args: string[]) =>
  spawnSync(process.execPath, ["tools/run.mjs", ...args], { cwd: folder, encoding: "utf8", env: environment(folder) });
const start = ({ folder }: Project, ...args: string[]) =>
  spawn(process.execPath, ["tools/run.mjs", ...args], {
    cwd: folder,
    env: environment(folder),
    stdio: ["ignore", "pipe", "pipe"],
  });

function outcome(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

describe("choosing a command", () => {
  test("--help lists every command of package.json and exits 0; no command at all is a mistake", () => {
    const { stdout, status } = run({ folder: ROOT, calls: () => [] }, "--help");
    const scripts = (
      JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> }
    ).scripts;
    const listed = [...stdout.matchAll(/^ {2}(\S+) {2,}\S/gm)].map((match) => match[1]);
    expect(status).toBe(0);
    // The stack itself starts `gate`; nobody types it.
    expect(listed.filter((name) => name !== "gate").sort()).toEqual(
      Object.keys(scripts)
        .filter((name) => scripts[name] === `node tools/run.mjs ${name}`)
        .sort(),
    );
    expect(run({ folder: ROOT, calls: () => [] })).toMatchObject({ status: 2, stdout: "" });
  });

  test.each([
    ["golde", 'unknown command "golde". Did you mean "golden"? Known: sandbox, plan,'],
    ["xyzzy", 'unknown command "xyzzy". Known: sandbox, plan,'],
    ["constructor", 'unknown command "constructor". Known: sandbox'],
  ])("%s is refused before anything is installed", (name, message) => {
    const clone = project();
    const { status, stderr } = run(clone, name);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(message) as string });
    expect(clone.calls()).toEqual([]);
  });

  test("a Node.js that is too old is named with what is needed", () => {
    const { status, stderr } = run(project({ node: ">=99.1" }), "golden");
    expect(status).toBe(2);
    expect(stderr).toBe(
      `error: Node.js ${process.version} is too old: this project needs >=99.1. Install a newer Node.js.\n`,
    );
  });
});

describe("installing", () => {
  test("a fresh clone installs once, then starts the command with its arguments", () => {
    const clone = project();
    const first = run(clone, "golden", "--check", "a b");
    expect(first).toMatchObject({ status: 0, stdout: '["--check","a b"]' });
    expect(first.stderr).toContain("npm ci");
    expect(run(clone, "golden").stderr).toBe("");
    expect(clone.calls()).toEqual(["npm ci"]);
  });

  test("another version in package-lock.json installs again", () => {
    const clone = project();
    run(clone, "golden");
    const lock = join(clone.folder, "package-lock.json");
    writeFileSync(lock, readFileSync(lock, "utf8").replace('"sha512-x"', '"sha512-y"'));
    expect(run(clone, "golden").stderr).toContain("npm ci");
    expect(clone.calls()).toEqual(["npm ci", "npm ci"]);
  });

  test("a command that the stack runs installs nothing in the middle of an update", () => {
    const clone = project();
    const { status, stderr } = run(clone, "rollout", "prove");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: rollout: node_modules is not what .* Run: npm ci\n$/);
    expect(clone.calls()).toEqual([]);
  });

  test("a failing npm ci ends the command and leaves no lock", () => {
    const clone = project({ npm: "echo broken >&2; exit 3" });
    const { status, stderr } = run(clone, "golden");
    expect(status).toBe(2);
    expect(stderr).toMatch(/broken\nerror: npm ci failed with exit code 3/);
    expect(existsSync(join(clone.folder, ".cache/npm-ci.lock"))).toBe(false);
  });

  test("several at the same time install once", async () => {
    const clone = project();
    const npm = join(clone.folder, "bin/npm");
    const gate = join(clone.folder, "gate");
    const held = `\nuntil [ -e ${gate} ]; do sleep 0.05; done; mkdir`;
    writeFileSync(npm, readFileSync(npm, "utf8").replace("\nmkdir", held), { mode: 0o755 });
    const children = [1, 2, 3].map(() => start(clone, "golden"));
    // npm ends when somebody waits for it.
    for (const child of children) {
      child.stderr?.on("data", (text) => String(text).includes("waiting for the packages") && writeFileSync(gate, ""));
    }
    const results = await Promise.all(children.map((child) => outcome(child)));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(clone.calls()).toEqual(["npm ci"]);
    expect(results.filter(({ stderr }) => stderr.includes("waiting for the packages")).length).toBeGreaterThan(0);
  });

  test("the lock of a process that is gone is taken over", () => {
    const clone = project();
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    mkdirSync(join(clone.folder, ".cache"));
    writeFileSync(join(clone.folder, ".cache/npm-ci.lock"), String(gone));
    expect(run(clone, "golden").status).toBe(0);
    expect(clone.calls()).toEqual(["npm ci"]);
  });
});

describe("the command's end", () => {
  const installed = (entry: string) => {
    const clone = project({ entry });
    mkdirSync(join(clone.folder, "node_modules"));
    symlinkSync(join(ROOT, "node_modules/tsx"), join(clone.folder, "node_modules/tsx"));
    writeFileSync(
      join(clone.folder, "node_modules/.package-lock.json"),
      '{"packages":{"node_modules/a":{"version":"1.0.0","integrity":"sha512-x"}}}',
    );
    return clone;
  };

  test("the exit code is the command's own", () => {
    expect(run(installed("process.exitCode = 7;"), "golden").status).toBe(7);
  });

  test.each([["SIGINT"], ["SIGTERM"]] as const)(
    "%s is handed on, once, and the command may clean up",
    async (signal) => {
      const child = start(
        installed(
          `let count = 0; process.on("${signal}", () => { count++; setTimeout(() => { process.stdout.write("cleaned " + count); process.exit(1); }, 200); });
         setInterval(() => undefined, 1000); process.stdout.write("ready ");`,
        ),
        "golden",
      );
      const ended = outcome(child);
      child.stdout.once("data", () => child.kill(signal));
      expect(await ended).toMatchObject({ code: 1, stdout: "ready cleaned 1" });
    },
  );

  test("a command that a signal ends counts as 128 plus the signal", () => {
    expect(
      run(installed('process.kill(process.pid, "SIGKILL"); setInterval(() => undefined, 1000);'), "golden").status,
    ).toBe(137);
  });
});

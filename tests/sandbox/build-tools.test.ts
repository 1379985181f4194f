import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { buildTools, toolCache } from "../../sandbox/build-tools";
import { Progress } from "../../sandbox/progress";

const SHELL_PATH = ["/usr/bin", "/bin"].join(delimiter);

let folder: string;
let env: NodeJS.ProcessEnv;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "build-tools-"));
  lines = [];
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "sources/etcd"), { recursive: true });
  writeFileSync(join(folder, "sources/etcd/go.mod"), "module x\n\ngo 1.25.0\n");
  writeFileSync(join(folder, "sources/etcd/go.sum"), "");
  env = { PATH: [join(folder, "bin"), SHELL_PATH].join(delimiter), XDG_CACHE_HOME: join(folder, "cache") };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A `go` whose `build` runs the given shell lines, with the folder of the results in $out. */
function fakeGo(build: string, version = "go1.26.1"): void {
  const script = `#!/bin/sh
if [ "$1" = version ]; then echo "go version ${version} linux/amd64"; exit; fi
while [ "$1" != -o ]; do shift; done
out=$2
echo "go: downloading example.com/x v1.0.0" >&2
echo example.com/x >&2
echo run >> ${folder}/builds
${build}
`;
  writeFileSync(join(folder, "bin/go"), script);
  chmodSync(join(folder, "bin/go"), 0o755);
}

const GOOD = 'printf "#!/bin/sh\\n" > "$out/server"; chmod +x "$out/server"';
const builds = () =>
  existsSync(join(folder, "builds")) ? readFileSync(join(folder, "builds"), "utf8").split("\n").length - 1 : 0;
const cached = () => (existsSync(toolCache(env)) ? readdirSync(toolCache(env)) : []);

const run = (signal?: AbortSignal) =>
  buildTools({
    wanted: ["etcd"],
    progress: new Progress((line) => lines.push(line)),
    env,
    sources: join(folder, "sources"),
    signal,
  });

test("builds once, under the name that the tool has, and takes it from the cache afterwards", async () => {
  fakeGo(GOOD);
  const first = await run();
  const second = await run();
  expect(first.etcd?.path).toMatch(/cache\/seldon-k3s\/tools\/etcd-[0-9a-f]{16}-go1\.26\.1-linux-amd64\/etcd$/);
  expect(second).toEqual(first);
  expect(existsSync(first.etcd?.path ?? "")).toBe(true);
  expect(builds()).toBe(1);
  expect(cached()).toHaveLength(1);
  expect(lines.join("")).toContain("build etcd v3.6.5");
});

test("builds again when go.mod, go.sum or the Go version changes", async () => {
  fakeGo(GOOD);
  await run();
  writeFileSync(join(folder, "sources/etcd/go.sum"), "changed\n");
  await run();
  fakeGo(GOOD, "go1.27.0");
  await run();
  expect(builds()).toBe(3);
});

test("a build that fails half way is told with the end of its output and leaves nothing", async () => {
  fakeGo(`${GOOD}; echo "x.go:1: no space left on device" >&2; exit 1`);
  await expect(run()).rejects.toThrow(
    /building etcd failed \(go build ended with exit code 1\); nothing of it is kept[^]*no space left on device/,
  );
  expect(cached()).toEqual([]);
});

test("a build that succeeds without a result is refused", async () => {
  fakeGo("true");
  await expect(run()).rejects.toThrow("building etcd gave no etcd");
  expect(cached()).toEqual([]);
});

test("an interrupted build ends its compilers and leaves nothing", async () => {
  fakeGo(`sleep 60 & echo $! > ${folder}/child; wait`);
  const controller = new AbortController();
  const result = run(controller.signal).catch((error: unknown) => error);
  while (!existsSync(join(folder, "child"))) await new Promise((wake) => setTimeout(wake, 10));
  controller.abort(new Error("interrupted"));
  expect(await result).toEqual(new Error("interrupted"));
  expect(cached()).toEqual([]);
  const pid = Number(readFileSync(join(folder, "child"), "utf8"));
  while (existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")) {
    await new Promise((wake) => setTimeout(wake, 10));
  }
});

test("two runs side by side build once, and the second says whom it waits for", async () => {
  fakeGo(`sleep 0.3; ${GOOD}`);
  const results = await Promise.all([run(), run()]);
  expect(results[0]).toEqual(results[1]);
  expect(builds()).toBe(1);
  expect(lines.join("")).toContain(`process ${process.pid} is building it; waiting`);
});

test("a lock whose holder is gone, and what its build left behind, do not matter", async () => {
  fakeGo(GOOD);
  const stem = /etcd-[0-9a-f]{16}/.exec((await run()).etcd?.path ?? "")?.[0] ?? "";
  rmSync(toolCache(env), { recursive: true });
  mkdirSync(join(toolCache(env), `.${stem}-abc`), { recursive: true });
  writeFileSync(join(toolCache(env), `${stem}.lock`), JSON.stringify({ pid: process.pid, started: "long ago" }));
  await run();
  expect(cached()).toEqual([`${stem}-go1.26.1-linux-amd64`]);
});

test("without Go the message names the version, and what is cached still serves", async () => {
  fakeGo(GOOD);
  const built = await run();
  rmSync(join(folder, "bin/go"));
  expect(await run()).toEqual(built);
  rmSync(toolCache(env), { recursive: true });
  await expect(run()).rejects.toThrow("there is no Go on PATH: install Go 1.25 or newer");
});

test("a Go that is too old is refused before it fails by itself", async () => {
  fakeGo(GOOD, "go1.24.9");
  await expect(run()).rejects.toThrow("etcd needs Go 1.25 or newer to build; found go1.24.9");
  expect(builds()).toBe(0);
});

test("KUBEBUILDER_ASSETS is used for what it holds", async () => {
  const etcd = join(folder, "bin/etcd");
  writeFileSync(etcd, "");
  chmodSync(etcd, 0o755);
  const tools = await buildTools({
    wanted: ["etcd"],
    progress: new Progress(() => undefined),
    env: { ...env, KUBEBUILDER_ASSETS: join(folder, "bin") },
    sources: join(folder, "sources"),
  });
  expect(tools).toEqual({ etcd: { path: etcd, origin: "KUBEBUILDER_ASSETS" } });
});

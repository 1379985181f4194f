/** What goes wrong before a control plane runs: one clear message, exit code 2, nothing left behind. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SandboxProcess } from "./support/sandbox-process";

jest.setTimeout(300_000);

let folder: string;
let sandbox: SandboxProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-fault-"));
});

afterEach(() => {
  sandbox?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** PATH with nothing but what is put there, and node. */
function barePath(): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, "node"));
  return bin;
}

async function refused(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  sandbox = new SandboxProcess(env);
  const { code, stdout, stderr } = await sandbox.run(...args);
  expect(stderr.split("\n").filter((line) => line.startsWith("error: "))).toHaveLength(1);
  expect(stderr).not.toContain("    at ");
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(sandbox.leftFolders()).toEqual([]);
  expect(sandbox.leftProcesses()).toEqual([]);
  return stderr;
}

test("a stack that does not exist", async () => {
  const message = await refused(["--stack", "stagin"]);
  expect(message).toContain("there is no file Pulumi.stagin.yaml");
  expect(message).toContain('Did you mean "staging"?');
});

test("a folder without the charts", async () => {
  expect(await refused(["--charts", join(folder, "nothing")])).toMatch(/--charts .* does not hold .*tigera-operator-/);
});

test("an option that does not exist", async () => {
  expect(await refused(["--node", "3"])).toContain("'--node'");
});

test("no Go, and nothing in the cache", async () => {
  const env = { PATH: barePath(), XDG_CACHE_HOME: join(folder, "cache"), KUBEBUILDER_ASSETS: "" };
  expect(await refused([], env)).toMatch(/must be built, and there is no Go on PATH: install Go \d+\.\d+ or newer/);
});

test("a build that fails half way is not kept", async () => {
  const path = barePath();
  writeFileSync(
    join(path, "go"),
    `#!/bin/sh
[ "$1" = version ] && echo "go version go1.99.0 linux/amd64" && exit
while [ "$1" != -o ]; do shift; done
echo half > "$2/server"
echo "example.com/broken.go:7:1: something is broken" >&2
exit 1
`,
  );
  chmodSync(join(path, "go"), 0o755);
  const cache = join(folder, "cache");
  const env = { PATH: `${path}:/usr/bin:/bin`, XDG_CACHE_HOME: cache, KUBEBUILDER_ASSETS: "" };
  const message = await refused([], env);
  expect(message).toContain("building etcd failed (go build ended with exit code 1); nothing of it is kept");
  expect(message).toContain("broken.go:7:1: something is broken");
  expect(existsSync(join(cache, "seldon-k3s/tools"))).toBe(true);
  expect(readdirSync(join(cache, "seldon-k3s/tools"))).toEqual([]);
});

test("no free port", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const message = await refused(["--ports", `${port}-${port}`]);
    expect(message).toContain(`no free port: the sandbox needs 4 ports on 127.0.0.1 between ${port} and ${port}`);
  } finally {
    server.close();
  }
});

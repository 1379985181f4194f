/** The command's own part: its flags, and what it refuses before it looks at anything. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runCommand } from "../../../checks/cli/commands";
import { SeldonCluster, UID } from "../support/seldon-cluster";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "bench-network-"))));
afterEach(() => rmSync(folder, { recursive: true }));

async function start(args: readonly string[]) {
  let [stdout, stderr] = ["", ""];
  const code = await runCommand(["bench:network", ...args], {
    stdin: Readable.from([]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    signal: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

it.each<[string[], RegExp]>([
  [[], /missing <stack>/],
  [["staging", "--rounds", "0"], /--rounds: got "0"; allowed: a whole number from 1 to 50; fix: such as --rounds 5/],
  [["staging", "--requests", "6000"], /--requests: got "6000"; allowed: a whole number from 10 to 5000/],
  [["staging", "--seconds", "1.5"], /--seconds: got "1\.5"/],
  [["staging", "--concurrency", "many"], /--concurrency: got "many"; allowed: a whole number from 1 to 64/],
  [["staging", "--report", "junit=x"], /there is no format "junit".*text, json, markdown, html/],
  [["staging", "--save", "/no/such/folder/b.json"], /there is no folder \/no\/such\/folder; fix: make it first/],
  [["staging", "--compare", "/no/such/b.json"], /--compare: \/no\/such\/b\.json cannot be read: ENOENT/],
])("%j is refused", async (args, message) => {
  const ended = await start(args);
  expect(ended.stderr).toMatch(message);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
});

it("says how to measure a change", async () => {
  const { code, stdout } = await start(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/--save before\.json, the change, then --compare before\.json --report html=change\.html/);
});

it("where nothing can be measured it says why, and keeps no baseline", async () => {
  const cluster = await SeldonCluster.start();
  try {
    cluster.simulate();
    const file = join(folder, "stack.yaml");
    writeFileSync(
      file,
      `config:\n  seldon-k3s:cluster:\n    name: test\n    kubeconfigFile: ${cluster.api.kubeconfig}\n    uid: ${UID}\n    endpoint: https://192.0.2.10:6443\n  seldon-k3s:network:\n    nodeCidrs: [192.0.2.0/24]\n  seldon-k3s:seldon:\n    namespace: financial-ml\n`,
    );
    const ended = await start(["test", "--config-file", file, "--save", join(folder, "b.json")]);
    expect(ended.stderr).toMatch(
      /nothing can be measured here: every node is simulated by KWOK.*\nfix: measure a cluster/,
    );
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(readdirSync(folder)).toEqual(["stack.yaml"]);
    expect(cluster.api.requests.filter((line) => /^(POST|PUT|DELETE|PATCH)/.test(line))).toEqual([]);
  } finally {
    await cluster.api.close();
  }
});

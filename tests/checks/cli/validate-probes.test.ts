/** Probe pods and the command that starts them: whatever the run comes to, nothing of it stays in the cluster. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { runCommand } from "../../../checks/cli/commands";
import { seldonStack } from "../../support/seldon-stack";
import { ProbeCluster } from "../support/probe-cluster";

jest.setTimeout(120_000);

let cluster: ProbeCluster;
beforeEach(async () => (cluster = await ProbeCluster.start(seldonStack())));
afterEach(() => cluster.close());

const ONLY = ["--only", "probe-pods,policy-table", "--wait", "0"];

async function validate(signal: AbortSignal, ...flags: readonly string[]) {
  let [stdout, stderr] = ["", ""];
  const code = await runCommand(["validate", "--subject", "-", ...ONLY, ...flags], {
    stdin: Readable.from([JSON.stringify(cluster.subject)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    signal,
  });
  return { code, stdout, stderr };
}

const expectNothingLeft = (): void => {
  expect(cluster.api.requests.filter((request) => /^POST .*\/pods$/.test(request)).length).toBeGreaterThan(0);
  expect(cluster.probes).toEqual([]);
  expect([...cluster.namespaces].filter((name) => name.startsWith("seldon-k3s-policy"))).toEqual([]);
};

test("after a clean run", async () => {
  const { code, stdout } = await validate(new AbortController().signal);
  expect(stdout).toMatch(/83 passed, 0 failed, 0 could not be looked at, 1 skipped/);
  expect(code).toBe(0);
  expectNothingLeft();
});

test("after Ctrl-C in the middle of the table", async () => {
  const controller = new AbortController();
  cluster.network = () => {
    controller.abort(new Error("interrupted by SIGINT"));
    return undefined;
  };
  expect(await validate(controller.signal)).toMatchObject({ code: 1 });
  expectNothingLeft();
});

test("after the end of the run's time, while a pod does not start", async () => {
  cluster.onStart = (pod) => {
    pod.status = { ...pod.status, phase: "Pending", conditions: [] };
  };
  const { code, stdout } = await validate(new AbortController().signal, "--timeout", "1");
  expect(stdout).toMatch(/not executed: the run's time of 1 s was over/);
  expect(code).toBe(1);
  expectNothingLeft();
});

test("what a run leaves that is killed, the next one removes", async () => {
  const ask = cluster.network;
  const asked = new Promise<void>((resolve) => {
    cluster.network = () => {
      resolve();
      return undefined;
    };
  });
  const child = spawn(
    process.execPath,
    ["--require", "./tools/typescript.cjs", "checks/main.ts", "validate", "--subject", "-", ...ONLY],
    {
      cwd: join(__dirname, "../../.."),
      env: { ...process.env, KUBECONFIG: "/nowhere", HOME: "/nowhere" },
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  child.stdin.end(JSON.stringify(cluster.subject));
  await asked;
  child.kill("SIGKILL");
  await once(child, "close");
  const left = cluster.probes;
  expect(left.length).toBeGreaterThan(5);
  cluster.network = ask;
  const { code, stdout } = await validate(new AbortController().signal, "--json");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as { checks: { id: string; findings: { evidence: string[] }[] }[] };
  const [removed = ""] = report.checks.find(({ id }) => id === "probe-pods")!.findings[0]!.evidence;
  // The namespace of strangers goes as a whole.
  for (const pod of left) expect(removed).toContain(pod.startsWith("seldon-k3s-policy") ? pod.split("/")[0] : pod);
  expectNothingLeft();
});

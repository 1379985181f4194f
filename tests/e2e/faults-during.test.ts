/** What goes wrong while a sandbox runs: one clear message, and nothing left behind. */
import { signalGroup } from "../../sandbox/process-identity";
import { SandboxProcess, untilGone } from "./support/sandbox-process";

jest.setTimeout(600_000);

const ARGS = ["--engine", "in-process", "--charts", "stand-ins"];

let sandbox: SandboxProcess;

beforeEach(() => {
  sandbox = new SandboxProcess();
});

afterEach(() => sandbox.remove());

test("the API server dies during the deployment", async () => {
  const { ended } = sandbox.start(...ARGS);
  await sandbox.told("+ kubernetes:core/v1:Namespace");
  const processes = sandbox.processes();
  const server = processes.find(({ name }) => name === "kube-apiserver");
  signalGroup(server?.pid ?? 0, "SIGKILL");
  const { code, stdout, stderr } = await ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.split("\n").filter((line) => line.startsWith("error: "))).toEqual([
    "error: kube-apiserver was ended by SIGKILL while the sandbox needed it; the end of its log:",
  ]);
  await untilGone(processes);
  expect(sandbox.leftFolders()).toEqual([]);
  expect(sandbox.leftProcesses()).toEqual([]);
});

test("Ctrl-C cleans up", async () => {
  const { ended } = sandbox.start(...ARGS);
  await sandbox.told("deploy (in-process engine)");
  const processes = sandbox.processes();
  expect(processes.map(({ name }) => name).sort()).toEqual([
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "simulated-operators",
  ]);
  sandbox.interrupt();
  const { code, stderr } = await ended;
  expect(code).toBe(130);
  expect(stderr).toContain("error: interrupted by SIGINT");
  expect(stderr).toContain("clean up");
  await untilGone(processes);
  expect(sandbox.leftFolders()).toEqual([]);
  expect(sandbox.leftProcesses()).toEqual([]);
});

test("Ctrl-C twice ends everything at once", async () => {
  const { ended } = sandbox.start(...ARGS);
  await sandbox.told("Kubernetes v1.");
  const processes = sandbox.processes();
  // Stopped processes do not react to SIGTERM, so the first Ctrl-C has to wait for them.
  for (const { pid } of processes) signalGroup(pid, "SIGSTOP");
  sandbox.interrupt();
  await sandbox.told("clean up");
  // Longer than the echo of one Ctrl-C, which npm and the terminal both deliver.
  await new Promise((wake) => setTimeout(wake, 700));
  sandbox.interrupt();
  const { code } = await ended;
  expect(code).toBe(130);
  await untilGone(processes);
  expect(sandbox.leftFolders()).toEqual([]);
  expect(sandbox.leftProcesses()).toEqual([]);
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SandboxError } from "../../sandbox/failure";
import { isRunning } from "../../sandbox/process-identity";
import { findRuns, isOrphan, RunFolder } from "../../sandbox/run-folder";
import { stopProcesses, Supervisor } from "../../sandbox/supervisor";

let folder: string;
let supervisor: Supervisor;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "supervisor-"));
  supervisor = new Supervisor(folder);
});

afterEach(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
});

const shell = (name: string, script: string) => supervisor.start({ name, command: "/bin/sh", args: ["-c", script] });

const aborted = (signal: AbortSignal) =>
  new Promise<unknown>((done) => signal.addEventListener("abort", () => done(signal.reason), { once: true }));

test("the end of a process that was not told to end is told with its log", async () => {
  await shell("server", "echo first; echo the reason >&2; exit 3");
  const reason = await aborted(supervisor.death);
  expect(reason).toBeInstanceOf(SandboxError);
  expect((reason as Error).message).toBe(
    "server ended with exit code 3 while the sandbox needed it; the end of its log:\n    first\n    the reason",
  );
});

test("stop ends processes and their children, and is no death", async () => {
  const first = await shell("first", "sleep 60 & wait");
  const second = await shell("second", "sleep 60");
  expect(supervisor.running.map(({ name }) => name)).toEqual(["first", "second"]);
  await supervisor.stop();
  expect([isRunning(first), isRunning(second), supervisor.death.aborted]).toEqual([false, false, false]);
});

test("a program that does not exist is named", async () => {
  const start = supervisor.start({ name: "etcd", command: join(folder, "nothing"), args: [] });
  await expect(start).rejects.toThrow(`cannot start etcd (${join(folder, "nothing")}): spawn`);
});

test("a process id that is used again is left alone", async () => {
  const process = await shell("innocent", "sleep 60");
  await stopProcesses([{ pid: process.pid, started: "another time" }]);
  expect(isRunning(process)).toBe(true);
});

test("a run's folder is private, found by others, and an orphan once its runner is gone", async () => {
  const run = new RunFolder(folder);
  const managed = await shell("server", "sleep 60");
  run.record([managed], false);
  expect(findRuns(folder)).toEqual([expect.objectContaining({ id: run.id, kept: false, processes: [managed] })]);
  const [record] = findRuns(folder);
  expect(isOrphan(record!)).toBe(false);
  expect(isOrphan({ ...record!, runner: { pid: process.pid, started: "before" } })).toBe(true);
  expect(isOrphan({ ...record!, kept: true, runner: { pid: process.pid, started: "before" } })).toBe(false);
  run.remove();
  expect(findRuns(folder)).toEqual([]);
});

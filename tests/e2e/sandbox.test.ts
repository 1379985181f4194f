/** The whole sandbox as a user runs it. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, readFileSync, statSync } from "node:fs";
import { load } from "js-yaml";
import { messageOf } from "../../config/thrown";
import { ApiClient } from "../../sandbox/api/client";
import { isRunning } from "../../sandbox/process-identity";
import type { SandboxReport } from "../../sandbox/report";
import type { KeptRun } from "../../sandbox/run";
import { SandboxProcess, untilGone, type Ended } from "./support/sandbox-process";

jest.setTimeout(900_000);

type JsonReport = SandboxReport & { readonly kept?: KeptRun };

const ARGS = ["--engine", "in-process", "--charts", "stand-ins", "--json"];

function reportOf({ code, stdout, stderr }: Ended): JsonReport {
  if (code !== 0) throw new Error(`the sandbox ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as JsonReport;
}

const verdictsOf = ({ validation }: JsonReport) =>
  Object.fromEntries(validation.checks.map(({ id, verdict }) => [id, verdict]));

describe("a run that is kept", () => {
  let sandbox: SandboxProcess;
  let report: JsonReport;
  let behindPod: Server;
  let client: ApiClient;

  beforeAll(async () => {
    behindPod = createServer((request, response) => {
      response.statusCode = request.url === "/v2/health/ready" ? 200 : 404;
      response.end();
    });
    await new Promise<void>((done) => behindPod.listen({ port: 0, host: "127.0.0.1" }, done));
    const { port } = behindPod.address() as AddressInfo;
    sandbox = new SandboxProcess();
    const run = sandbox.run(...ARGS, "--keep", "--nodes", "5", "--pod-ports", `9000=127.0.0.1:${port}`);
    report = reportOf(await run);
    client = ApiClient.fromFile(report.kept?.kubeconfig ?? "");
  });

  afterAll(async () => {
    client?.close();
    behindPod.close();
    await sandbox.run("--stop");
    sandbox.remove();
  });

  test("says what is real and what stands in for something", () => {
    expect(report).toMatchObject({ stack: "sandbox", engine: { engine: "in-process" }, nodes: 5 });
    expect(report.kubernetes).toMatch(/^v1\.33\.\d+$/);
    expect(report.real.join("\n")).toContain("kube-apiserver");
    expect(report.real.join("\n")).toMatch(/processes behind the server pods' ports: 9000 -> 127\.0\.0\.1:\d+/);
    expect(report.standIns.join("\n")).toMatch(/5 nodes and all pods: simulated by KWOK/);
    expect(report.standIns.join("\n")).toMatch(/charts .*tigera-operator-.*: plain YAML of ours/);
    expect(report.parts.map(({ name }) => name)).toEqual([
      "start the control plane",
      "start the simulation",
      "deploy (in-process engine)",
      "validate",
    ]);
  });

  test("validates what it can, and skips the rest with a reason", () => {
    const verdicts = verdictsOf(report);
    expect(verdicts).toMatchObject({
      "cluster-identity": "PASS",
      "model-ready": "PASS",
      "server-http-ready": "PASS",
      "server-grpc-live": "SKIPPED",
      "rclone-answers": "SKIPPED",
      "agent-ready": "SKIPPED",
      inference: "SKIPPED",
    });
    const skipped = report.validation.checks.filter(({ verdict }) => verdict === "SKIPPED");
    for (const { findings } of skipped)
      for (const { actual } of findings) expect(actual).toContain("simulated by KWOK");
    expect(report.validation.notes.join("\n")).toContain("is simulated by KWOK, but a real process");
  });

  test("has deployed the whole stack", async () => {
    const namesOf = async (path: string) => (await client.list(path)).map(({ metadata }) => metadata.name).sort();
    const workloads = "/apis/apps/v1/namespaces/financial-ml";
    expect(await namesOf("/api/v1/nodes")).toHaveLength(5);
    expect(await namesOf(`${workloads}/statefulsets`)).toEqual(["mlserver", "seldon-scheduler"]);
    expect(await namesOf("/apis/crd.projectcalico.org/v1/ippools")).toEqual(["default-ipv4-ippool"]);
    expect(await namesOf("/apis/mlops.seldon.io/v1alpha1/namespaces/financial-ml/models")).toEqual([
      "test-model-simple",
    ]);
    expect(
      (await namesOf("/apis/networking.k8s.io/v1/namespaces/financial-ml/networkpolicies")).length,
    ).toBeGreaterThan(5);
    const pods = await client.list("/api/v1/namespaces/financial-ml/pods");
    const server = pods.find(({ metadata }) => metadata.name === "mlserver-0");
    expect((server?.spec?.["containers"] as { name: string }[]).map(({ name }) => name)).toEqual([
      "rclone",
      "mlserver",
      "agent",
    ]);
    expect(server?.metadata.labels).toMatchObject({
      "app.kubernetes.io/name": "seldon-server",
      "seldon-server-name": "mlserver",
    });
  });

  test("keeps its credentials to this user", () => {
    const kubeconfig = report.kept?.kubeconfig ?? "";
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
    const { users } = load(readFileSync(kubeconfig, "utf8")) as { users: { user: { token: string } }[] };
    expect(users[0]?.user.token).toMatch(/^[0-9a-f]{48}$/);
    expect(JSON.stringify(report)).not.toContain(users[0]?.user.token);
  });

  test("another run beside it does not collide, and cleans up after itself alone", async () => {
    const kept = sandbox.processes();
    const other = reportOf(await sandbox.run(...ARGS));
    expect(other.kept).toBeUndefined();
    expect(other.parts.at(-1)?.name).toBe("clean up");
    expect(kept).toHaveLength(6);
    expect(kept.every(isRunning)).toBe(true);
    expect(sandbox.leftFolders()).toEqual([`seldon-k3s-sandbox-${report.kept?.id}`]);
  });

  test("--stop ends it and removes its folder", async () => {
    const processes = sandbox.processes();
    const { code, stderr } = await sandbox.run("--stop");
    expect({ code, stopped: stderr.includes("stopped 1") }).toEqual({ code: 0, stopped: true });
    await untilGone(processes);
    expect(sandbox.leftFolders()).toEqual([]);
    expect(existsSync(report.kept?.kubeconfig ?? "")).toBe(false);
    expect(await client.get("/readyz").catch(messageOf)).toContain("ECONNREFUSED");
    expect((await sandbox.run("--stop")).stderr).toContain("no sandbox runs");
  });
});

test("a run whose runner was killed is cleaned up by the next one", async () => {
  const sandbox = new SandboxProcess();
  try {
    const { ended } = sandbox.start(...ARGS);
    await sandbox.told("Kubernetes v1.");
    const processes = sandbox.processes();
    const [runner] = sandbox.runners();
    process.kill(runner ?? 0, "SIGKILL");
    await ended;
    expect(processes.every(isRunning)).toBe(true);
    const { code, stderr } = await sandbox.run("--stop");
    expect({ code, told: stderr.includes("stopping an orphaned sandbox") }).toEqual({ code: 0, told: true });
    await untilGone(processes);
    expect(sandbox.leftFolders()).toEqual([]);
  } finally {
    sandbox.remove();
  }
});

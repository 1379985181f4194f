/**
 * The same rules over a real MLServer: its own ports and its own words. Runs where MLSERVER_BIN names one (`pip install
 * mlserver==1.7.1`), and says so elsewhere.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Stands, standBehind } from "../support/diagnosis-ports";
import { DiagnosisWorld } from "../support/diagnosis-world";
import { freePort } from "../../support/ports";
import { agentWaits, ended, P } from "./cases/case";

const BIN = process.env.MLSERVER_BIN ?? "";
const real = BIN === "" ? describe.skip : describe;

real("a real MLServer", () => {
  let stands: Stands;
  let world: DiagnosisWorld;
  let child: ChildProcess | undefined;
  let ports: { http: number; grpc: number; other: number; metrics: number };
  let folder: string;
  const lines: string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mlserver-"));
    stands = await standBehind();
  });
  afterAll(async () => {
    await stands.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    world = await DiagnosisWorld.start(stands);
    lines.length = 0;
    ports = { http: await freePort(), grpc: await freePort(), other: await freePort(), metrics: await freePort() };
    const { http, grpc } = ports;
    // The pod says what is so: the agent asks these ports, and behind each stands the same port of this machine.
    world.env(P, "mlserver", { MLSERVER_HTTP_PORT: String(http), MLSERVER_GRPC_PORT: String(grpc) });
    world.env(P, "agent", { SELDON_SERVER_HTTP_PORT: String(http), SELDON_SERVER_GRPC_PORT: String(grpc) });
    world.container(P, "mlserver").spec.ports = [{ containerPort: http }, { containerPort: grpc }];
    for (const port of Object.values(ports)) world.api.forwards.set(`financial-ml/${P}:${port}`, port);
    agentWaits(world);
  });
  afterEach(async () => {
    await world.api.close();
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  });

  /** Starts it with the pod's environment and more; resolves when it has said this, or has ended. */
  async function start(more: Record<string, string>, until?: RegExp): Promise<void> {
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      MLSERVER_HTTP_PORT: String(ports.http),
      MLSERVER_GRPC_PORT: String(ports.grpc),
      MLSERVER_METRICS_PORT: String(ports.metrics),
      MLSERVER_PARALLEL_WORKERS: "0",
      ...more,
    };
    const own = spawn(BIN, ["start", folder], { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child = own;
    const said = new Promise<void>((resolve) => {
      const take = (chunk: Buffer): void => {
        lines.push(
          ...chunk
            .toString()
            .split("\n")
            .filter((line) => line !== ""),
        );
        if (until !== undefined && lines.some((line) => until.test(line))) resolve();
      };
      own.stdout.on("data", take);
      own.stderr.on("data", take);
    });
    const closed = once(own, "close");
    if (until === undefined) await closed;
    else await Promise.race([said, closed]);
  }
  const GRPC = /gRPC server running on/;

  async function verdict() {
    const { diagnosis, milliseconds } = await world.diagnose();
    const [first] = diagnosis.causes;
    expect(diagnosis.unexplained).toEqual([]);
    return {
      rule: first?.rule,
      said: first?.evidence.map(({ text }) => text).join("\n") ?? "",
      diagnosis,
      milliseconds,
    };
  }

  it("that is still starting", async () => {
    void start({});
    world.unready(P, "mlserver");
    world.container(P, "mlserver").status.state = { running: { startedAt: DiagnosisWorld.ago(2) } };
    const { rule, said } = await verdict();
    expect(rule).toBe("mlserver-starting");
    expect(said).toMatch(new RegExp(`127.0.0.1:${ports.grpc} refused`));
  }, 60_000);

  it("that listens elsewhere than the agent asks", async () => {
    world.env(P, "mlserver", { MLSERVER_GRPC_PORT: String(ports.other) });
    await start({ MLSERVER_GRPC_PORT: String(ports.other) }, GRPC);
    world.log(P, "mlserver", lines);
    const { rule, said } = await verdict();
    expect(rule).toBe("ports-differ");
    expect(said).toMatch(new RegExp(`127.0.0.1:${ports.other} answered .*ServerLive: live = true`));
    expect(said).toMatch(new RegExp(`gRPC server running on http://0.0.0.0:${ports.other}`));
  }, 60_000);

  it("that is bound to one address", async () => {
    world.env(P, "mlserver", { MLSERVER_HOST: "127.0.0.2" });
    await start({ MLSERVER_HOST: "127.0.0.2" }, GRPC);
    world.log(P, "mlserver", lines);
    const { rule, said } = await verdict();
    expect(rule).toBe("mlserver-host");
    expect(said).toMatch(new RegExp(`running on http://127.0.0.2:${ports.grpc}`));
    expect(said).toMatch(new RegExp(`127.0.0.1:${ports.grpc} refused`));
  }, 60_000);

  it("that a Service's variable stops", async () => {
    world.objects.services.push({
      metadata: { name: "mlserver-metrics", namespace: "financial-ml", creationTimestamp: DiagnosisWorld.ago(7200) },
      spec: { clusterIP: "10.43.0.99", ports: [{ port: 8082 }] },
    });
    await start({ MLSERVER_METRICS_PORT: "tcp://10.43.0.99:8082" });
    ended(world, "mlserver", { exitCode: child!.exitCode ?? 0 });
    world.log(P, "mlserver", lines, true);
    const { rule, said } = await verdict();
    expect(rule).toBe("service-link-env");
    expect(said).toMatch(/validation error for Settings/);
  }, 60_000);

  it("that another wrong setting stops is not stopped by a Service", async () => {
    world.objects.services.push({
      metadata: { name: "mlserver-metrics", namespace: "financial-ml" },
      spec: { clusterIP: "None", ports: [{ port: 8082 }] },
    });
    await start({ MLSERVER_PARALLEL_WORKERS: "many" });
    ended(world, "mlserver", { exitCode: child!.exitCode ?? 0 });
    world.log(P, "mlserver", lines, true);
    expect((await verdict()).rule).toBe("crashed");
  }, 60_000);

  it("that answers while its agent has given up", async () => {
    await start({}, GRPC);
    world.ports(P, { 9008: "gone" });
    const { rule, said } = await verdict();
    expect(rule).toBe("agent-stuck");
    expect(said).toMatch(new RegExp(`127.0.0.1:${ports.grpc} answered .*live = true`));
  }, 60_000);

  it("that is killed leaves an agent that waits, and a crash", async () => {
    await start({}, GRPC);
    child!.kill("SIGABRT");
    await once(child!, "close");
    ended(world, "mlserver", { exitCode: 134 });
    world.log(P, "mlserver", lines, true);
    const { rule } = await verdict();
    expect(rule).toBe("crashed");
  }, 60_000);
});

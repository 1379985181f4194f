/** The programs of the probe pods, run by busybox as in a pod, on loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import {
  CLIENT_SCRIPT,
  type ClientTask,
  parseReport,
  renderTasks,
  SERVER_SCRIPT,
} from "../../../rollout/proof/scripts";
import { BUSYBOX, busyboxFolder, describeWithBusybox, listening } from "../../checks/support/busybox";
import { freePort, REFUSED_PORT } from "../../support/ports";
import { httpServer, tcpServer } from "../../checks/support/servers";

jest.setTimeout(60_000);

/** The pause between two attempts is a second in a pod. */
const HURRY = "sleep() { busybox sleep 0.05; }\n";

describeWithBusybox("probe programs", () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  let server: ChildProcess;
  let port: number;

  beforeAll(async () => {
    let bin: string;
    ({ folder, bin } = busyboxFolder("sh", "wc", "head", "tr", "cat", "sed", "cut", "mkdir", "chmod", "sleep"));
    port = await freePort();
    environment = { PATH: bin, PROBE_FOLDER: folder, PROBE_PORT: String(port) };
    server = spawn(BUSYBOX, ["sh", "-c", SERVER_SCRIPT], { env: environment, stdio: "ignore" });
    await listening(port);
  });
  afterAll(async () => {
    server.kill("SIGKILL");
    await once(server, "exit");
    rmSync(folder, { recursive: true });
  });

  const look = async (self: string, ...tasks: ClientTask[]) => {
    const client = spawn(BUSYBOX, ["sh", "-c", `${HURRY}${CLIENT_SCRIPT}`], {
      env: { ...environment, POD_IP: self, PROBE_TASKS: renderTasks(tasks) },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let log = "";
    client.stdout.setEncoding("utf8").on("data", (text: string) => (log += text));
    await once(client, "close");
    return parseReport(log.split("\n"));
  };
  const here = { address: "127.0.0.1" };

  test("source, large request and open port are found, at the first attempt", async () => {
    const report = await look(
      "127.0.0.1",
      { kind: "source", ...here, port },
      { kind: "large", ...here, port },
      { kind: "masked", ...here, port },
      { kind: "tcp", ...here, port },
    );
    expect(report).toMatchObject({ complete: true, self: "127.0.0.1" });
    expect([...report.results.entries()].sort(([a], [b]) => a - b)).toEqual([
      [0, { attempts: 1, got: "127.0.0.1" }],
      [1, { attempts: 1, got: "16384+16384" }],
      [2, { attempts: 1, got: "127.0.0.1" }],
      [3, { attempts: 1, got: "open" }],
    ]);
  });

  test("what is not as expected is tried again and told in the words of the tool", async () => {
    const report = await look(
      "10.42.0.9",
      { kind: "source", ...here, port },
      { kind: "source", ...here, port: REFUSED_PORT },
      { kind: "large", ...here, port: REFUSED_PORT },
      { kind: "tcp", ...here, port: REFUSED_PORT },
    );
    expect(report.results.get(0)).toEqual({ attempts: 8, got: "127.0.0.1" });
    for (const index of [1, 2, 3]) {
      expect(report.results.get(index)).toMatchObject({
        attempts: 8,
        got: expect.stringContaining("Connection refused") as string,
      });
    }
    expect(report.complete).toBe(true);
  });

  test("a server of TLS is known by its answer to plain speech; another server is not one", async () => {
    const tls = await tcpServer((socket) => {
      socket.once("data", () =>
        socket.end("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"),
      );
    });
    const plain = await httpServer((_, response) => response.end("hello"));
    const report = await look(
      "127.0.0.1",
      { kind: "tls", ...here, port: tls.port },
      { kind: "tls", ...here, port: plain.port },
    );
    await Promise.all([tls.close(), plain.close()]);
    expect(report.results.get(0)).toEqual({ attempts: 1, got: "tls" });
    expect(report.results.get(1)?.got).toContain("HTTP/1.1 200 OK");
  });

  test("a name without a DNS server is told with the name", async () => {
    const report = await look("127.0.0.1", {
      kind: "dns",
      address: "kubernetes.default",
      port: 53,
      expected: "10.43.0.1",
    });
    expect(report.results.get(0)).toMatchObject({
      attempts: 8,
      got: expect.stringContaining("no address for kubernetes.default.") as string,
    });
  });
});

test("a log that ends early is not complete, and lines of others are passed over", () => {
  const report = parseReport([
    "self 10.42.0.2",
    "mtu 1450",
    "sh: something",
    "result 3 2 no answer within 5 s",
    "result 4 1 ",
  ]);
  expect(report).toEqual({
    complete: false,
    self: "10.42.0.2",
    mtu: "1450",
    results: new Map([
      [3, { attempts: 2, got: "no answer within 5 s" }],
      [4, { attempts: 1, got: "" }],
    ]),
  });
});

/** The program of the probe pods, run by busybox as in a pod, on loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  type Look,
  parseAnswer,
  PROBE_SCRIPT,
  renderLooks,
  type Seen,
  seenOf,
} from "../../../checks/probe-pods/script";
import { CheckContext } from "../../../checks/context";
import { Fleet, newRun } from "../../../checks/probe-pods/fleet";
import { BUSYBOX, busyboxFolder, connects, describeWithBusybox, listening } from "../support/busybox";
import { SeldonCluster } from "../support/seldon-cluster";
import { freePort, REFUSED_PORT } from "../../support/ports";
import { httpServer, tcpServer } from "../support/servers";

jest.setTimeout(60_000);

const fail = (): never => {
  throw new Error("nothing is created here");
};

describeWithBusybox("the probe program", () => {
  /** An address of loopback of its own, so that it is seen which address is bound. */
  const ADDRESS = "127.0.7.1";
  let folder: string;
  let bin: string;
  let program: ChildProcess;
  let [control, first, second] = [0, 0, 0];

  beforeAll(async () => {
    ({ folder, bin } = busyboxFolder("sh", "tr", "cat", "sed", "cut", "mkdir", "chmod"));
    [control, first, second] = [await freePort(), await freePort(), await freePort()];
    const environment = {
      PATH: bin,
      PROBE_FOLDER: folder,
      PROBE_CONTROL: String(control),
      PROBE_PORTS: `${first} ${second}`,
      PROBE_BIND: ADDRESS,
    };
    program = spawn(BUSYBOX, ["sh", "-c", PROBE_SCRIPT], { env: environment, stdio: "ignore", detached: true });
    await listening(control);
    await listening(first, ADDRESS);
    await listening(second, ADDRESS);
  });
  afterAll(async () => {
    process.kill(-program.pid!, "SIGKILL");
    await once(program, "exit");
    rmSync(folder, { recursive: true });
  });

  const ask = async (...looks: Look[]): Promise<Seen[] | undefined> => {
    const request = http.request({ host: "127.0.0.1", port: control, method: "POST", path: "/cgi-bin/look" });
    request.end(renderLooks(looks));
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    return parseAnswer(await text(response), looks.length);
  };

  test("every port tells the caller's address, and all looks of a question are answered in their order", async () => {
    expect(
      await ask(
        { kind: "source", address: ADDRESS, port: first },
        { kind: "source", address: ADDRESS, port: REFUSED_PORT },
        { kind: "source", address: ADDRESS, port: second },
        { kind: "tcp", address: ADDRESS, port: REFUSED_PORT },
      ),
    ).toEqual([
      { kind: "open", source: expect.stringMatching(/^127\./) as string },
      { kind: "refused" },
      { kind: "open", source: expect.stringMatching(/^127\./) as string },
      { kind: "refused" },
    ]);
  });

  test("a fleet asks it through a port-forward, and names a pod that does not answer", async () => {
    const cluster = await SeldonCluster.start();
    const context = new CheckContext(cluster.subject);
    const fleet = new Fleet(newRun("busybox:1", 60), { cluster: () => fail(), forward: context.forward });
    const spec = { key: "x", namespace: "ns", node: "node-1", labels: {}, ports: [first], kubeletPort: first };
    const pod = { spec, name: "probe", address: ADDRESS };
    const looks: Look[] = [first, second].map((port) => ({ kind: "source", address: ADDRESS, port }));
    const { signal } = new AbortController();
    cluster.api.forwards.set("ns/probe:8480", control);
    expect((await fleet.ask(pod, looks, signal)).map(({ kind }) => kind)).toEqual(["open", "open"]);
    const other = await httpServer((_, response) => response.writeHead(404).end("no such page"));
    cluster.api.forwards.set("ns/probe:8480", other.port);
    const stranger = await fleet.ask(pod, looks, signal).catch(String);
    await other.close();
    cluster.api.forwards.set("ns/probe:8480", other.port);
    const gone = await fleet.ask(pod, looks, signal).catch(String);
    await cluster.api.close();
    expect(stranger).toMatch(/probe pod ns\/probe could not be asked: an answer that is none: 404 no such page/);
    expect(gone).toMatch(/probe pod ns\/probe could not be asked: connection refused/);
  });

  test("a server that accepts and says nothing is open, and silent to a question for the source", async () => {
    const mute = await tcpServer(() => undefined);
    const answer = await ask(
      { kind: "tcp", address: "127.0.0.1", port: mute.port },
      { kind: "source", address: "127.0.0.1", port: mute.port },
    );
    await mute.close();
    expect(answer).toEqual([{ kind: "open" }, { kind: "silent" }]);
  });

  test("a server that hangs up at once is open", async () => {
    const short = await tcpServer((socket) => socket.end());
    const answer = await ask({ kind: "tcp", address: "127.0.0.1", port: short.port });
    await short.close();
    expect(answer).toEqual([{ kind: "open" }]);
  });

  test("a name that nobody knows is told in the words of the tool", async () => {
    expect(await ask({ kind: "dns", address: "kubernetes.default", port: 53 })).toEqual([
      { kind: "other", words: expect.stringContaining("no address for kubernetes.default") as string },
    ]);
  });

  test("questions are taken on loopback only, and many at once", async () => {
    expect(await connects(control, ADDRESS)).toBe(false);
    const looks = Array.from({ length: 40 }, (): Look => ({ kind: "source", address: ADDRESS, port: first }));
    const seen = (await Promise.all([ask(...looks), ask(...looks)])).flatMap((answer) => answer ?? []);
    // On a busy machine some are late; each has an answer of its own all the same.
    expect(seen).toHaveLength(80);
    expect(seen.filter(({ kind }) => kind !== "open" && kind !== "silent")).toEqual([]);
    expect(seen.filter(({ kind }) => kind === "open").length).toBeGreaterThan(0);
  });

  test("it ends when it is told to", async () => {
    const environment = {
      PATH: bin,
      PROBE_FOLDER: join(folder, "two"),
      PROBE_CONTROL: String(await freePort()),
      PROBE_PORTS: "",
      PROBE_BIND: ADDRESS,
    };
    const other = spawn(BUSYBOX, ["sh", "-c", PROBE_SCRIPT], { env: environment, stdio: "ignore", detached: true });
    await listening(Number(environment.PROBE_CONTROL));
    other.kill("SIGTERM");
    expect(await once(other, "exit")).toEqual([0, null]);
    process.kill(-other.pid!, "SIGKILL");
  });
});

describe("what the words of a look mean", () => {
  test.each<[string, Seen]>([
    ["10.42.1.7", { kind: "open", source: "10.42.1.7" }],
    ["open", { kind: "open" }],
    ["wget: can't connect to remote host (10.42.1.7): Connection refused", { kind: "refused" }],
    ["nc: can't connect to remote host (10.42.1.7): Connection refused", { kind: "refused" }],
    ["no answer within 2 s", { kind: "silent" }],
    ["nc: timed out", { kind: "silent" }],
    ["wget: can't connect to remote host (10.42.1.7): No route to host", { kind: "silent" }],
    [
      "wget: server returned error: HTTP/1.1 404 Not Found",
      { kind: "other", words: "wget: server returned error: HTTP/1.1 404 Not Found" },
    ],
    ["", { kind: "other", words: "no words" }],
  ])("%j", (words, seen) => {
    expect(seenOf(words)).toEqual(seen);
  });

  test("an answer without its end is none, and one without a line has no words there", () => {
    expect(parseAnswer("result 0 open\n", 1)).toBeUndefined();
    expect(parseAnswer("result 1 open\r\nend\r\n", 2)).toEqual([
      { kind: "other", words: "no words" },
      { kind: "open" },
    ]);
  });
});

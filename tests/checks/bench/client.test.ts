/** The program that measures, as a process, against real servers on loopback. */
import net from "node:net";
import { askRound, type Request, roundOf } from "../../../checks/bench/job";
import { type Client, startClient, whyNoClient } from "../support/bench-client";
import { freePort, REFUSED_PORT } from "../../support/ports";
import { httpServer, type Standing, tcpServer } from "../support/servers";

const never = new AbortController().signal;
const target = { namespace: "ml", pod: "bench", port: 8480 };
const EFFORT = { requests: 30, concurrency: 3, seconds: 0.2 };
const describeIf = whyNoClient() === undefined ? describe : describe.skip;

describeIf(`the client program${whyNoClient() === undefined ? "" : ` (skipped: ${whyNoClient()})`}`, () => {
  let client: Client;
  let own: number;
  const standing: Standing[] = [];
  beforeAll(async () => {
    own = await freePort();
    client = await startClient("127.0.0.1", [own]);
  });
  afterAll(async () => {
    await client.close();
    for (const server of standing) await server.close();
  });
  const keep = async (server: Promise<Standing>): Promise<number> => {
    standing.push(await server);
    return standing.at(-1)!.port;
  };
  const measure = (request: Partial<Request>, effort = EFFORT) => {
    const whole = {
      host: "127.0.0.1",
      port: own,
      method: "GET",
      path: "/",
      headers: {},
      body: "",
      expect: [],
      ...request,
    } as const;
    const open = () => Promise.resolve(net.connect(client.control, "127.0.0.1"));
    return askRound(open, target, whole, effort, never);
  };

  it("measures requests, connections and throughput against its own kind", async () => {
    const result = await measure({});
    expect(result).toMatchObject({ round: { failures: 0, latencyMs: { count: 30 }, connectMs: { count: 30 } } });
    if (!("round" in result)) throw new Error("no round");
    const { latencyMs, perSecond } = result.round;
    expect(latencyMs.min).toBeGreaterThan(0);
    expect([latencyMs.p50, latencyMs.p90, latencyMs.p99, latencyMs.max]).toEqual(
      [latencyMs.p50, latencyMs.p90, latencyMs.p99, latencyMs.max].sort((a, b) => a - b),
    );
    expect(perSecond).toBeGreaterThan(0);
  });

  it("sends what it was told, on one connection that stays open, and reads chunked answers", async () => {
    const seen = new Set<string>();
    let connections = 0;
    const server = httpServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        seen.add(`${request.method} ${request.url} ${request.headers["seldon-model"] as string} ${body}`);
        response.write("one");
        response.end("two");
      });
      if (request.socket.listenerCount("counted") === 0) {
        connections += 1;
        request.socket.on("counted", () => undefined);
      }
    });
    const effort = { requests: 20, concurrency: 1, seconds: 0.2 };
    const headers = { "seldon-model": "iris" };
    const result = await measure(
      { port: await keep(server), method: "POST", path: "/v2", headers, body: "{}", expect: [200] },
      effort,
    );
    expect(result).toMatchObject({ round: { failures: 0, latencyMs: { count: 20 } } });
    expect([...seen]).toEqual(["POST /v2 iris {}"]);
    // One for the requests one after the other, one for the throughput; connects alone send nothing.
    expect(connections).toBe(2);
  });

  it("counts an answer with another status as a failure, and says so", async () => {
    const port = await keep(httpServer((_, response) => void response.writeHead(503).end("no")));
    expect(await measure({ port, expect: [200] })).toEqual({ fault: "status 503" });
    expect(await measure({ port })).toMatchObject({ round: { failures: 0 } });
  });

  it("keeps what was answered beside what was not", async () => {
    let count = 0;
    const port = await keep(httpServer((_, response) => void response.writeHead(++count % 10 === 0 ? 500 : 200).end()));
    const result = await measure({ port, expect: [200] });
    if (!("round" in result)) throw new Error("no round");
    expect(result.round.latencyMs.count).toBe(27);
    expect(result.round.failures).toBeGreaterThanOrEqual(3);
  });

  it.each<[string, () => number | Promise<number>, RegExp]>([
    ["nobody listens", () => REFUSED_PORT, /ConnectionRefusedError/],
    [
      "the other side hangs up",
      () => keep(tcpServer((socket) => socket.destroy())),
      /OSError|ConnectionResetError|BrokenPipeError/,
    ],
    [
      "the other side speaks another protocol",
      () => keep(tcpServer((socket) => void socket.write("220 mail\r\n\r\n"))),
      /ValueError|IndexError|OSError|ConnectionResetError/,
    ],
  ])("says why when %s", async (_, port, words) => {
    const result = await measure({ port: await port() }, { requests: 3, concurrency: 1, seconds: 0.2 });
    expect("fault" in result && result.fault).toMatch(words);
  });

  it("says that a name is not known", async () => {
    const result = await measure({ host: "no-such-host.invalid" }, { requests: 1, concurrency: 1, seconds: 0.2 });
    expect("fault" in result && result.fault).toMatch(/gaierror/);
  });
});

it.each([
  ["no JSON", "<html>", /the answer is no JSON: <html>/],
  ["another shape", '{"latencyMs": 1}', /another shape/],
  ["an error of the program", '{"error": "KeyError: path"}', /KeyError: path/],
])("an answer that is %s is a fault", (_, body, words) => {
  const result = roundOf(body);
  expect("fault" in result && result.fault).toMatch(words);
});

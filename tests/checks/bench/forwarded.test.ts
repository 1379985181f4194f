/** Loopback by port-forward, through a fake API server to real servers. */
import { forwardedRound, grpcLine, httpLine, type Line } from "../../../checks/bench/forwarded";
import { loadKubeconfig } from "../../../checks/cluster/kubeconfig";
import { openPortForward } from "../../../checks/probes/port-forward";
import { FakeApi } from "../support/fake-api";
import { REFUSED_PORT } from "../../support/ports";
import { grpcServer, httpServer, type Standing, tcpServer } from "../support/servers";

const EFFORT = { requests: 12, concurrency: 2, seconds: 0.3 };
const never = new AbortController().signal;

describe("forwardedRound", () => {
  let api: FakeApi;
  const standing: Standing[] = [];
  beforeEach(async () => (api = await FakeApi.start()));
  afterEach(async () => {
    for (const server of standing.splice(0)) await server.close();
    await api.close();
  });
  const behind = (port: number): ((signal: AbortSignal) => ReturnType<typeof openPortForward>) => {
    api.forwards.set("ml/mlserver-0:9000", port);
    const config = loadKubeconfig(api.kubeconfig);
    return (signal) => openPortForward(config, { namespace: "ml", pod: "mlserver-0", port: 9000 }, signal);
  };
  const keep = async (server: Promise<Standing>): Promise<number> => {
    standing.push(await server);
    return standing.at(-1)!.port;
  };

  it("asks over HTTP again and again on one forward", async () => {
    const paths = new Set<string>();
    const port = await keep(httpServer((request, response) => void response.end(String(paths.add(request.url!).size))));
    const result = await forwardedRound(httpLine(behind(port), 9000, "/v2/health/live"), EFFORT, never);
    expect(result).toMatchObject({ round: { failures: 0, latencyMs: { count: 12 } } });
    expect("round" in result && result.round.perSecond).toBeGreaterThan(0);
    expect("round" in result && result.round.connectMs).toBeUndefined();
    expect([...paths]).toEqual(["/v2/health/live"]);
    // One forward for the latency, one a connection of the throughput.
    expect(api.requests.filter((line) => line.startsWith("UPGRADE"))).toHaveLength(3);
  });

  it("asks over gRPC again and again on one forward", async () => {
    const result = await forwardedRound(grpcLine(behind(await keep(grpcServer(true)))), EFFORT, never);
    expect(result).toMatchObject({ round: { failures: 0, latencyMs: { count: 12 } } });
    expect(api.requests.filter((line) => line.startsWith("UPGRADE"))).toHaveLength(3);
  });

  it.each<[string, () => number | Promise<number>, "http" | "grpc", RegExp]>([
    ["nothing listens", () => REFUSED_PORT, "http", /connection refused/],
    ["nothing listens", () => REFUSED_PORT, "grpc", /connection refused/],
    ["the server is not live", () => keep(grpcServer(false)), "grpc", /gRPC status 0/],
    [
      "the answer is not 200",
      () => keep(httpServer((_, answer) => void answer.writeHead(404).end())),
      "http",
      /status 404/,
    ],
    ["it hangs up", () => keep(tcpServer((socket) => socket.destroy())), "http", /hang up|closed|reset|ended/],
  ])("says why there is no figure when %s (%#)", async (_, port, protocol, words) => {
    const open = behind(await port());
    const line: (signal: AbortSignal) => Promise<Line> =
      protocol === "http" ? httpLine(open, 9000, "/") : grpcLine(open);
    const result = await forwardedRound(line, EFFORT, never);
    expect("fault" in result && result.fault).toMatch(words);
  });

  it("ends when it is called off", async () => {
    const port = await keep(tcpServer(() => undefined));
    const controller = new AbortController();
    const running = forwardedRound(httpLine(behind(port), 9000, "/"), EFFORT, controller.signal);
    setTimeout(() => controller.abort(new Error("interrupted")), 100);
    await expect(running).rejects.toThrow("interrupted");
  });
});

import { loadKubeconfig } from "../../../checks/cluster/kubeconfig";
import { serverLiveProbe } from "../../../checks/probes/grpc";
import { httpProbe } from "../../../checks/probes/http";
import { openPortForward, PortForwardError, portForwardFailure } from "../../../checks/probes/port-forward";
import { LookError } from "../../../checks/verdict";
import { FakeApi } from "../support/fake-api";
import { openssl, selfSigned } from "../support/certificates";
import { REFUSED_PORT } from "../../support/ports";
import { grpcServer, http2Server, httpServer, httpsServer, type Standing, tcpServer } from "../support/servers";

const never = new AbortController().signal;
const SHORT_MS = 1_000;

describe("probes of a forwarded port", () => {
  let api: FakeApi;
  const standing: Standing[] = [];
  const target = { namespace: "ml", pod: "mlserver-0", port: 9000 };

  beforeEach(async () => {
    api = await FakeApi.start();
  });
  afterEach(async () => {
    await Promise.all(standing.splice(0).map((server) => server.close()));
    await api.close();
  });

  /** Puts a server, a closed port or an error text behind the pod's port. */
  async function behind(what: Promise<Standing | number> | string): Promise<void> {
    const resolved = await what;
    if (typeof resolved === "object") standing.push(resolved);
    api.forwards.set("ml/mlserver-0:9000", typeof resolved === "object" ? resolved.port : resolved);
  }
  const open = (signal: AbortSignal) => openPortForward(loadKubeconfig(api.kubeconfig), target, signal);
  const get = (timeoutMs?: number) =>
    httpProbe(open, target, { method: "GET", path: "/v2/health/ready", timeoutMs }, never);
  const live = (timeoutMs?: number) => serverLiveProbe(open, target, never, timeoutMs);
  const nonsense = () =>
    tcpServer((socket) => void socket.on("data", () => socket.write("220 mail.example ESMTP\r\n")));
  const silent = () => tcpServer((socket) => void socket.resume());
  const hangsUp = () => tcpServer((socket) => void socket.once("data", () => socket.end()));

  describe("HTTP/1.1", () => {
    it("returns status and body of what answers", async () => {
      await behind(httpServer((request, response) => response.writeHead(418).end(`${request.method} ${request.url}`)));
      expect((await get()).answer).toMatchObject({ status: 418, body: "GET /v2/health/ready" });
    });

    it("sends a body and reads a large answer", async () => {
      await behind(
        httpServer((request, response) => {
          let size = 0;
          request.on("data", (chunk: Buffer) => (size += chunk.length));
          request.on("end", () => response.end(`${size} ${"x".repeat(40_000)}`));
        }),
      );
      const body = "y".repeat(200_000);
      const { answer } = await httpProbe(open, target, { method: "POST", path: "/", body }, never);
      expect(answer?.body).toBe(`200000 ${"x".repeat(40_000)}`);
    });

    it.each([
      [
        "nothing listens",
        () => Promise.resolve(REFUSED_PORT),
        "refused",
        /connection refused: nothing listens on 127\.0\.0\.1:9000/,
      ],
      ["another protocol", nonsense, "other-protocol", /speaks no HTTP\/1\.1: it began with "220 mail\.example ESMTP/],
      ["gRPC", () => grpcServer(true), "other-protocol", /speaks HTTP\/2 \(as gRPC does\)/],
      ["silence", silent, "silent", /no answer on 127\.0\.0\.1:9000/],
      ["hanging up", hangsUp, "closed", /accepted the connection and closed it/],
    ] as const)("tells %s", async (_, server, kind, detail) => {
      await behind(server());
      expect((await get(server === silent ? SHORT_MS : undefined)).failure).toEqual({
        kind,
        detail: expect.stringMatching(detail) as string,
      });
    });
  });

  (openssl ? describe : describe.skip)(`HTTP/1.1 over TLS${openssl ? "" : " (skipped: no openssl)"}`, () => {
    const own = selfSigned("seldon-mesh.ml.svc");
    const over = (ca: string, servername: string, timeoutMs?: number) =>
      httpProbe(open, target, { method: "GET", path: "/v2", timeoutMs, tls: { ca, servername } }, never);

    it("returns what answers behind a certificate that is trusted and has the name", async () => {
      await behind(httpsServer(own.key, own.cert, (request, response) => response.end(request.url)));
      expect((await over(own.cert, "seldon-mesh.ml.svc")).answer).toMatchObject({ status: 200, body: "/v2" });
    });

    it.each<[string, () => readonly [string, string], RegExp]>([
      [
        "a stranger signed",
        () => [selfSigned("seldon-mesh.ml.svc").cert, "seldon-mesh.ml.svc"],
        /self-signed|unable to/i,
      ],
      ["has another name", () => [own.cert, "seldon-mesh.other.svc"], /altnames|does not match/i],
    ])("refuses a certificate that %s", async (_, trust, detail) => {
      await behind(httpsServer(own.key, own.cert, (_request, response) => response.end()));
      const { failure } = await over(...trust());
      expect(failure?.detail).toMatch(detail);
    });

    it("tells a server that speaks no TLS, and one that says nothing", async () => {
      await behind(httpServer((_, response) => response.end()));
      expect((await over(own.cert, "seldon-mesh.ml.svc")).failure?.detail).toMatch(/127\.0\.0\.1:9000: TLS failed: /);
      await behind(silent());
      expect((await over(own.cert, "seldon-mesh.ml.svc", SHORT_MS)).failure).toMatchObject({ kind: "silent" });
    });
  });

  describe("gRPC ServerLive", () => {
    it.each([true, false])("reads live = %s", async (value) => {
      await behind(grpcServer(value));
      expect((await live()).answer).toMatchObject({ status: 0, live: value });
    });

    it("tells a gRPC server without that service", async () => {
      await behind(grpcServer(undefined));
      const { answer } = await live();
      expect(answer).toMatchObject({ status: 12, message: expect.stringContaining("ServerLive") as string });
      expect(answer?.live).toBeUndefined();
    });

    it.each([
      ["nothing listens", () => Promise.resolve(REFUSED_PORT), "refused", /nothing listens/],
      [
        "HTTP/1.1",
        () => httpServer((_, response) => response.end("hi")),
        "other-protocol",
        /speaks no HTTP\/2, so no gRPC/,
      ],
      [
        "HTTP/2 that is no gRPC",
        http2Server,
        "other-protocol",
        /HTTP\/2 but no gRPC: HTTP\/2 status 200, content type "text\/html"/,
      ],
      ["another protocol", nonsense, "other-protocol", /speaks no HTTP\/2/],
      ["silence", silent, "silent", /no answer/],
      ["hanging up", hangsUp, "closed", /closed it/],
    ] as const)("tells %s", async (_, server, kind, detail) => {
      await behind(server());
      expect((await live(server === silent ? SHORT_MS : undefined)).failure).toEqual({
        kind,
        detail: expect.stringMatching(detail) as string,
      });
    });
  });

  describe("the forward itself", () => {
    it("names the missing right", async () => {
      api.refuseUpgrade = 403;
      await expect(get()).rejects.toThrow("missing right: may not get or create pods/portforward in namespace ml");
    });

    it("says that a simulated pod's port is not covered", async () => {
      await behind('no forward found for port 9000 in pod "ml/mlserver-0"');
      await expect(get()).rejects.toThrow(/port-forward to ml\/mlserver-0:9000 failed: .*no forward found/);
    });

    it("says that the API server cannot open it", async () => {
      api.refuseUpgrade = 500;
      await expect(get()).rejects.toThrow(/could not be opened: Unexpected server response: 500/);
    });

    it("is not waited for when the API server stalls: then nothing is known about the port", async () => {
      api.refuseUpgrade = "stall";
      await expect(get(SHORT_MS)).rejects.toThrow(/the API server did not open the port-forward in time/);
      await expect(live(SHORT_MS)).rejects.toThrow(LookError);
    });

    it("is called off while it waits for an answer", async () => {
      const controller = new AbortController();
      // Asked by then, whatever the machine has to do.
      await behind(tcpServer((socket) => void socket.once("data", () => controller.abort(new Error("enough")))));
      const result = httpProbe(open, target, { method: "GET", path: "/" }, controller.signal);
      await expect(result).resolves.toMatchObject({ failure: { kind: "silent" } });
    });
  });
});

describe("portForwardFailure", () => {
  it.each([
    // containerd 1.6 and 2.x
    [
      'error forwarding port 9999 to pod 1c2d, uid : failed to execute portforward in network namespace "/var/run/netns/cni-1": failed to connect to localhost:9999 inside namespace "1c2d", IPv4: dial tcp4 127.0.0.1:9999: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found ',
      "refused",
    ],
    // KWOK 0.8.0
    ["failed to dial 127.0.0.1:19000: dial tcp 127.0.0.1:19000: connect: connection refused", "refused"],
    ['no forward found for port 9000 in pod "ml/mlserver-0"', "uncovered"],
    ['forward not found for port 9000 in pod "ml/mlserver-0"', "uncovered"],
    ["dial tcp4 127.0.0.1:9000: i/o timeout", "timeout"],
    ["write tcp4: broken pipe", "closed"],
    ["container not running (1c2d)", "broken"],
  ])("%s", (text, kind) => {
    expect(portForwardFailure(text)).toBeInstanceOf(PortForwardError);
    expect(portForwardFailure(text).kind).toBe(kind);
  });
});

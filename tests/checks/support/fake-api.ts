/**
 * A Kubernetes API server for tests: objects by path, and port-forward as the kubelet speaks it (v4.channel.k8s.io).
 * Listens on a free loopback port; nothing of it outlives `close()`.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

export type Reply =
  | { readonly json: unknown; readonly status?: number }
  | { readonly text: string; readonly status?: number }
  | "stall"
  | "stall midway"
  | "missing object";

/** What is behind a forwarded port: a local TCP port, or the text that the runtime puts on the error channel. */
export type Forward = number | string;

export class FakeApi {
  /** Answers by path without the query; a function sees the query. Anything else is an unknown kind. */
  readonly replies = new Map<string, Reply | ((query: URLSearchParams) => Reply)>();
  /** Answers to PATCH by path, told what was sent; without one, a PATCH is answered like a GET. */
  readonly patches = new Map<string, (sent: Record<string, unknown>, query: URLSearchParams) => Reply>();
  /** Answers to POST and DELETE; without an answer they are answered like a GET. */
  write: (method: "POST" | "DELETE", path: string, sent: Record<string, unknown>) => Reply | undefined = () =>
    undefined;
  /** What a path that nobody answers for is answered with; an unknown kind where it gives nothing. */
  fallback: (path: string, query: URLSearchParams) => Reply | undefined = () => undefined;
  /** By `<namespace>/<pod>:<port>`. */
  readonly forwards = new Map<string, Forward>();
  /** Status to answer every upgrade with, instead of upgrading; "stall" never answers. */
  refuseUpgrade: number | "stall" | undefined;
  readonly requests: string[] = [];

  private readonly sockets = new Set<Socket>();
  private readonly folder = mkdtempSync(join(tmpdir(), "fake-api-"));
  private readonly server = http.createServer((request, response) => this.answer(request, response));

  static async start(): Promise<FakeApi> {
    const api = new FakeApi();
    api.server.on("connection", (socket) => api.keep(socket));
    api.server.on("upgrade", (request, socket) => api.upgrade(request, socket as Socket));
    await new Promise<void>((done) => api.server.listen(0, "127.0.0.1", done));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A kubeconfig of this server. */
  get kubeconfig(): string {
    const path = join(this.folder, "kubeconfig.yaml");
    writeFileSync(path, kubeconfigText(this.url));
    return path;
  }

  list(path: string, items: readonly unknown[]): void {
    this.replies.set(path, { json: { items } });
  }

  object(path: string, value: unknown): void {
    this.replies.set(path, { json: value });
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
    rmSync(this.folder, { recursive: true });
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => undefined);
  }

  private answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    this.requests.push(`${request.method} ${url.pathname}${url.search}`);
    if (request.method === "POST" || request.method === "DELETE")
      return this.answerWrite(request.method, url, request, response);
    const patch = request.method === "PATCH" ? this.patches.get(url.pathname) : undefined;
    if (patch === undefined) return this.reply(this.replyTo(url), url, response);
    void text(request).then((sent) =>
      this.reply(patch(JSON.parse(sent) as Record<string, unknown>, url.searchParams), url, response),
    );
  }

  private answerWrite(
    method: "POST" | "DELETE",
    url: URL,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): void {
    void text(request).then((sent) => {
      const body = (sent === "" ? {} : JSON.parse(sent)) as Record<string, unknown>;
      this.reply(this.write(method, url.pathname, body) ?? this.replyTo(url), url, response);
    });
  }

  private replyTo(url: URL): Reply | undefined {
    const found = this.replies.get(url.pathname);
    return typeof found === "function"
      ? found(url.searchParams)
      : (found ?? this.fallback(url.pathname, url.searchParams));
  }

  private reply(reply: Reply | undefined, url: URL, response: http.ServerResponse): void {
    if (reply === "stall") return;
    if (reply === "stall midway") return void response.writeHead(200).write('{"items": [');
    if (reply === undefined) return void response.writeHead(404).end("404 page not found\n");
    if (reply === "missing object") {
      const name = url.pathname.split("/").at(-1);
      const status = { kind: "Status", reason: "NotFound", message: `"${name}" not found`, details: { name } };
      return void response.writeHead(404).end(JSON.stringify(status));
    }
    response.writeHead(reply.status ?? 200).end("json" in reply ? JSON.stringify(reply.json) : reply.text);
  }

  private upgrade(request: http.IncomingMessage, socket: Socket): void {
    const url = new URL(request.url ?? "/", this.url);
    this.requests.push(`UPGRADE ${url.pathname}${url.search}`);
    if (this.refuseUpgrade === "stall") return;
    if (this.refuseUpgrade !== undefined) {
      socket.end(`HTTP/1.1 ${this.refuseUpgrade} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const [, namespace, pod] = /namespaces\/([^/]+)\/pods\/([^/]+)\/portforward$/.exec(url.pathname) ?? [];
    const port = Number(url.searchParams.get("ports"));
    acceptWebSocket(request, socket);
    const send = (channel: number, data: Buffer): void => {
      if (socket.writable) socket.write(frame(Buffer.concat([Buffer.from([channel]), data])));
    };
    const portBytes = Buffer.alloc(2);
    portBytes.writeUInt16LE(port);
    send(0, portBytes);
    send(1, portBytes);
    const forward = this.forwards.get(`${namespace}/${pod}:${port}`) ?? "no forward found for this port";
    const failed = (text: string): void => {
      send(1, Buffer.from(`error forwarding port ${port} to pod ${pod}, uid : ${text}`));
      socket.end(CLOSE_FRAME);
    };
    if (typeof forward === "string") return failed(forward);
    // As Go's connections are: else a request in two writes waits 40 ms for the other side's acknowledgement.
    const behind = net.connect({ port: forward, host: "127.0.0.1", noDelay: true });
    socket.setNoDelay(true);
    this.keep(behind);
    behind.on("data", (data) => send(0, data));
    behind.on("error", (error) =>
      failed(`failed to dial: ${error.message.replace("connect ECONNREFUSED", "connect: connection refused")}`),
    );
    behind.on("close", () => socket.end(CLOSE_FRAME));
    socket.on("close", () => behind.destroy());
    readFrames(socket, (payload) => {
      if (payload[0] === 0) behind.write(payload.subarray(1));
    });
  }
}

/** A kubeconfig for a server without TLS, which the client only takes with this flag. */
export const kubeconfigText = (server: string): string =>
  [
    "apiVersion: v1",
    "kind: Config",
    "current-context: test",
    `clusters: [{name: test, cluster: {server: "${server}", insecure-skip-tls-verify: true}}]`,
    "users: [{name: test, user: {token: secret-token}}]",
    "contexts: [{name: test, context: {cluster: test, user: test}}]",
    "",
  ].join("\n");

/** RFC 6455, the little of it that a test needs: binary frames one way, masked frames the other. */
function acceptWebSocket(request: http.IncomingMessage, socket: Socket): void {
  const key = String(request.headers["sec-websocket-key"]);
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const head = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    "Sec-WebSocket-Protocol: v4.channel.k8s.io",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
}

const CLOSE_FRAME = Buffer.from([0x88, 0x00]);

function frame(payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([0x82, length]), payload]);
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

function readFrames(socket: Socket, onBinary: (payload: Buffer) => void): void {
  let pending = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    pending = Buffer.concat([pending, data]);
    for (;;) {
      if (pending.length < 6) return;
      let length = pending[1]! & 0x7f;
      let at = 2;
      if (length === 126) {
        length = pending.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        length = Number(pending.readBigUInt64BE(2));
        at = 10;
      }
      if (pending.length < at + 4 + length) return;
      const mask = pending.subarray(at, at + 4);
      const payload = Buffer.from(
        pending.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]!),
      );
      const opcode = pending[0]! & 0x0f;
      pending = pending.subarray(at + 4 + length);
      if (opcode === 2) onBinary(payload);
      if (opcode === 8) socket.end();
    }
  });
}

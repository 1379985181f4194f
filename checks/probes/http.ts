/** HTTP/1.1 over a forwarded connection, by node's own client. */
import http from "node:http";
import tls from "node:tls";
import type { Duplex } from "node:stream";
import { PortForwardError, type PortForwardTarget } from "./port-forward";
import { failureOf, PROBE_TIMEOUT_MS, type ProbeFailure, showBytes } from "./probe-result";

export interface HttpAnswer {
  readonly status: number;
  /** At most the first 64 KiB. */
  readonly body: string;
  readonly milliseconds: number;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
  /** TLS over the connection: whom to trust, and the name that the certificate must have. @default plain HTTP */
  readonly tls?: { readonly ca: string; readonly servername: string };
}

export type HttpResult =
  | { readonly answer: HttpAnswer; readonly failure?: undefined }
  | { readonly answer?: undefined; readonly failure: ProbeFailure };

const MAX_BODY = 64 * 1024;

/**
 * One request and its answer.
 * @param open Opens the connection; see `openPortForward`.
 * @throws LookError when the forward itself was not possible.
 */
export async function httpProbe(
  open: (signal: AbortSignal) => Promise<Duplex>,
  target: PortForwardTarget,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResult> {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? PROBE_TIMEOUT_MS);
  const both = AbortSignal.any([signal, timeout]);
  let stream: Duplex | undefined;
  try {
    stream = await open(both);
    const connection = request.tls === undefined ? stream : await secured(stream, request.tls, both);
    return { answer: await exchange(connection, target, request, both) };
  } catch (error) {
    if (error instanceof PortForwardError) return { failure: failureOf(error, target) };
    if (both.aborted) return { failure: failureOf(new PortForwardError("timeout", "no answer"), target) };
    return { failure: failureOfHttp(error, target) };
  } finally {
    stream?.destroy();
  }
}

/** TLS that could not be agreed on: no TLS at all, or a certificate that is not to be trusted. */
class HandshakeError extends Error {}

/** The connection after the handshake. @throws HandshakeError, such as of a name that the certificate lacks. */
async function secured(
  socket: Duplex,
  { ca, servername }: NonNullable<HttpRequest["tls"]>,
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const connection = tls.connect({ socket, ca, servername, ALPNProtocols: ["http/1.1"] });
    const abort = (): void => {
      reject(new Error("no answer"));
      connection.destroy();
    };
    signal.addEventListener("abort", abort, { once: true });
    connection.once("secureConnect", () => {
      signal.removeEventListener("abort", abort);
      resolve(connection);
    });
    // A failed dial destroys the stream below with its cause.
    connection.on("error", (error: Error) => reject(socket.errored ?? new HandshakeError(error.message)));
  });
}

async function exchange(
  stream: Duplex,
  target: PortForwardTarget,
  { method, path, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = http.request({
      createConnection: () => stream,
      method,
      path,
      headers: {
        host: `127.0.0.1:${target.port}`,
        connection: "close",
        ...(body === undefined ? { "content-length": 0 } : { "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
      signal,
    });
    // A failed dial destroys the stream with its cause; the client itself would only see a hang-up.
    stream.once("error", reject);
    request.on("error", (error) => reject(stream.errored ?? error));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (): void =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString("utf8"),
          milliseconds: performance.now() - started,
        });
      response.on("data", (chunk: Buffer) => {
        if (size < MAX_BODY) chunks.push(chunk);
        size += chunk.length;
        if (size >= MAX_BODY) done();
      });
      response.on("end", done);
      response.on("error", reject);
    });
    request.end(body);
  });
}

function failureOfHttp(error: unknown, target: PortForwardTarget): ProbeFailure {
  const { code = "", rawPacket } = error as { code?: string; rawPacket?: Uint8Array };
  if (code.startsWith("HPE_")) {
    const what = isHttp2(rawPacket) ? "HTTP/2 (as gRPC does)" : "no HTTP/1.1";
    const detail = `127.0.0.1:${target.port} speaks ${what}: it began with ${showBytes(rawPacket)}`;
    return { kind: "other-protocol", detail };
  }
  if (error instanceof HandshakeError) {
    return { kind: "other-protocol", detail: `127.0.0.1:${target.port}: TLS failed: ${error.message}` };
  }
  return failureOf(new PortForwardError("closed", String(error)), target);
}

/** A server's HTTP/2 preface is a SETTINGS frame: three bytes of length, type 4, stream 0. */
function isHttp2(bytes: Uint8Array | undefined): boolean {
  return bytes !== undefined && bytes.length >= 9 && bytes[0] === 0 && bytes[3] === 4 && bytes[8] === 0;
}

/**
 * gRPC ServerLive of the Open Inference Protocol over a forwarded connection.
 *
 * A unary gRPC call is one HTTP/2 POST whose messages carry a five byte head (one flag, four of length). The request
 * is empty and the response one boolean, so node's own HTTP/2 client says it all, without generated code.
 */
import http2 from "node:http2";
import type { Duplex } from "node:stream";
import { errorOf } from "../../config/thrown";
import { PortForwardError, type PortForwardTarget } from "./port-forward";
import { failureOf, PROBE_TIMEOUT_MS, type ProbeFailure } from "./probe-result";

export const SERVER_LIVE = "/inference.GRPCInferenceService/ServerLive";

export interface GrpcAnswer {
  /** Status code of gRPC: 0 is OK, 12 is "no such method". */
  readonly status: number;
  readonly message: string;
  /** The answer of ServerLive; absent unless the status is 0. */
  readonly live?: boolean;
  readonly milliseconds: number;
}

export type GrpcResult =
  | { readonly answer: GrpcAnswer; readonly failure?: undefined }
  | { readonly answer?: undefined; readonly failure: ProbeFailure };

/** An empty message: flag 0, length 0. */
const EMPTY_MESSAGE = Buffer.alloc(5);
const FIELD_1_VARINT = 0x08;

/**
 * Calls ServerLive once.
 * @param open Opens the connection; see `openPortForward`.
 * @throws LookError when the forward itself was not possible.
 */
export async function serverLiveProbe(
  open: (signal: AbortSignal) => Promise<Duplex>,
  target: PortForwardTarget,
  signal: AbortSignal,
  timeoutMs = PROBE_TIMEOUT_MS,
): Promise<GrpcResult> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let stream: Duplex | undefined;
  try {
    stream = await open(both);
    return { answer: await callServerLive(stream, both) };
  } catch (error) {
    if (error instanceof PortForwardError) return { failure: failureOf(error, target) };
    if (both.aborted) return { failure: failureOf(new PortForwardError("timeout", "no answer"), target) };
    return { failure: failureOfHttp2(error, target) };
  } finally {
    stream?.destroy();
  }
}

/** Something answered in HTTP/2, but not in gRPC. */
class NotGrpcError extends Error {}

async function callServerLive(stream: Duplex, signal: AbortSignal): Promise<GrpcAnswer> {
  const session = sessionOver(stream);
  try {
    return await serverLive(session, stream, signal);
  } finally {
    session.destroy();
  }
}

/** An HTTP/2 session over a connection that is open; the caller destroys it. */
export function sessionOver(stream: Duplex): http2.ClientHttp2Session {
  const session = http2.connect("http://127.0.0.1", { createConnection: () => stream });
  // Between and after calls nobody else listens, and an error that nobody hears ends the process.
  session.on("error", () => undefined);
  return session;
}

/**
 * Calls ServerLive on a session, as often as wanted.
 * @throws PortForwardError without any answer, NotGrpcError with one that is not gRPC.
 */
export async function serverLive(
  session: http2.ClientHttp2Session,
  stream: Duplex,
  signal: AbortSignal,
): Promise<GrpcAnswer> {
  const started = performance.now();
  let forget = (): void => undefined;
  try {
    return await new Promise((resolve, reject) => {
      const abort = (): void => reject(new PortForwardError("timeout", "no answer"));
      // A failed dial destroys the stream with its cause; the session itself would only see a hang-up.
      const failed = (error: unknown): void => reject(stream.errored ?? errorOf(error));
      const closed = (): void => failed(new PortForwardError("closed", "the connection was closed"));
      signal.addEventListener("abort", abort, { once: true });
      stream.once("error", failed);
      session.once("error", failed);
      session.once("close", closed);
      forget = () => {
        signal.removeEventListener("abort", abort);
        stream.off("error", failed);
        session.off("error", failed);
        session.off("close", closed);
      };
      const call = session.request({
        ":method": "POST",
        ":path": SERVER_LIVE,
        "content-type": "application/grpc",
        te: "trailers",
      });
      let head: http2.IncomingHttpHeaders = {};
      let trailers: http2.IncomingHttpHeaders = {};
      const chunks: Buffer[] = [];
      call.once("response", (headers: http2.IncomingHttpHeaders) => (head = headers));
      call.once("trailers", (headers: http2.IncomingHttpHeaders) => (trailers = headers));
      call.on("data", (chunk: Buffer) => chunks.push(chunk));
      call.once("error", failed);
      call.once("close", () => {
        try {
          resolve({ ...answerOf(head, trailers, Buffer.concat(chunks)), milliseconds: performance.now() - started });
        } catch (error) {
          failed(error);
        }
      });
      call.end(EMPTY_MESSAGE);
    });
  } finally {
    forget();
  }
}

/** @throws PortForwardError without any answer, NotGrpcError with one that is not gRPC. */
function answerOf(
  head: http2.IncomingHttpHeaders,
  trailers: http2.IncomingHttpHeaders,
  body: Buffer,
): Omit<GrpcAnswer, "milliseconds"> {
  // A call that fails at once has its status in the head ("trailers only").
  const field = (name: string): string | undefined => {
    const value = trailers[name] ?? head[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const httpStatus = field(":status");
  if (httpStatus === undefined) throw new PortForwardError("closed", "the connection was closed");
  const status = field("grpc-status");
  const type = field("content-type") ?? "";
  if (status === undefined || !type.startsWith("application/grpc")) {
    throw new NotGrpcError(`HTTP/2 status ${httpStatus}, content type "${type}"`);
  }
  const code = Number(status);
  const message = field("grpc-message") ?? "";
  return { status: code, message, ...(code === 0 ? { live: liveOf(body) } : {}) };
}

/** The boolean in field 1; protobuf leaves out what is false. */
function liveOf(framed: Buffer): boolean {
  return framed.length > 6 && framed[5] === FIELD_1_VARINT && framed[6] !== 0;
}

function failureOfHttp2(error: unknown, target: PortForwardTarget): ProbeFailure {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  if (error instanceof NotGrpcError) {
    return { kind: "other-protocol", detail: `127.0.0.1:${target.port} speaks HTTP/2 but no gRPC: ${message}` };
  }
  if (code === "ERR_HTTP2_ERROR" || /protocol error|bad client magic/i.test(message)) {
    const detail = `127.0.0.1:${target.port} speaks no HTTP/2, so no gRPC (${message})`;
    return { kind: "other-protocol", detail };
  }
  return failureOf(new PortForwardError("closed", message), target);
}

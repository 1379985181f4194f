/**
 * Loopback inside a server pod, as far as it can be measured without touching the pod: by port-forward, on connections
 * that stay open. The figures hold the way through API server and kubelet too, which is the same before and after a
 * change of the CNI; the difference between the two says something about loopback, the figure itself about all of it.
 */
import http from "node:http";
import type { Duplex } from "node:stream";
import { messageOf } from "../../config/thrown";
import { serverLive, sessionOver } from "../probes/grpc";
import { PortForwardError } from "../probes/port-forward";
import type { Effort } from "./job";
import type { Round } from "./result";
import { summarize } from "./statistics";

type Open = (signal: AbortSignal) => Promise<Duplex>;

/** A connection on which one can ask again and again. @throws when the answer is not the right one. */
export interface Line {
  ask(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** Keeps one forwarded stream open: it is no socket, so nothing of a socket's own may be asked of it. */
class OneStream extends http.Agent {
  constructor(private readonly stream: Duplex) {
    super({ keepAlive: true, maxSockets: 1 });
  }
  override createConnection(): Duplex {
    return this.stream;
  }
  override keepSocketAlive(): true {
    return true;
  }
  override reuseSocket(stream: Duplex, request: http.ClientRequest): void {
    // What the agent asks of a socket here, a stream does not have; the rest of it is needed.
    super.reuseSocket(Object.assign(stream, { ref: () => stream }), request);
  }
}

/** GET over HTTP/1.1; only 200 is right. */
export const httpLine =
  (open: Open, port: number, path: string) =>
  async (signal: AbortSignal): Promise<Line> => {
    const stream = await open(signal);
    const agent = new OneStream(stream);
    const ask = (within: AbortSignal): Promise<void> =>
      new Promise((resolve, reject) => {
        const failed = (error: Error): void => reject(stream.errored ?? error);
        // A client waits for ever on a stream that has ended before it was asked.
        if (stream.destroyed || stream.readableEnded) return failed(new Error("the connection was closed"));
        const headers = { host: `127.0.0.1:${port}`, connection: "keep-alive" };
        const request = http.request({ agent, path, headers, signal: within }, (response) => {
          response.resume();
          response.once("error", failed);
          response.once("end", () =>
            response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`)),
          );
        });
        request.once("error", failed);
        request.end();
      });
    return { ask, close: () => (agent.destroy(), void stream.destroy()) };
  };

/** gRPC ServerLive; only `live = true` is right. */
export const grpcLine =
  (open: Open) =>
  async (signal: AbortSignal): Promise<Line> => {
    const stream = await open(signal);
    const session = sessionOver(stream);
    const ask = async (within: AbortSignal): Promise<void> => {
      const { status, live, message } = await serverLive(session, stream, within);
      if (status !== 0 || live !== true) throw new Error(`gRPC status ${status} ${message}`);
    };
    return { ask, close: () => (session.destroy(), void stream.destroy()) };
  };

/** Requests before the first that counts. */
const WARM_UP = 5;
/** Bound of one request, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * One round: requests one after the other on one connection, then several connections at once for the throughput.
 * @returns the round, or in words why there is nothing.
 */
export async function forwardedRound(
  dial: (signal: AbortSignal) => Promise<Line>,
  { requests, concurrency, seconds }: Effort,
  signal: AbortSignal,
): Promise<{ readonly round: Round } | { readonly fault: string }> {
  const latency: number[] = [];
  let failures = 0;
  let fault: string | undefined;
  const counted = async (line: Line): Promise<number | undefined> => {
    const started = performance.now();
    try {
      await line.ask(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
      return performance.now() - started;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      fault ??= messageOf(error);
      return undefined;
    }
  };
  const first = await opened(dial, signal);
  if ("fault" in first) return first;
  try {
    for (let index = 0; index < WARM_UP && fault === undefined; index += 1) await counted(first.line);
    for (let index = 0; index < requests && fault === undefined; index += 1) {
      const took = await counted(first.line);
      if (took !== undefined) latency.push(took);
    }
  } finally {
    first.line.close();
  }
  // A connection that has failed once tells nothing any more.
  if (latency.length === 0) return { fault: fault ?? "no request was answered" };
  // The clock starts when all are open: a forward takes the API server longer than many requests.
  const lines = await Promise.all(Array.from({ length: concurrency }, () => opened(dial, signal)));
  let answers = 0;
  const started = performance.now();
  const end = started + seconds * 1000;
  const worker = async (own: Awaited<ReturnType<typeof opened>>): Promise<void> => {
    if ("fault" in own) return void (failures += 1);
    while (performance.now() < end) {
      if ((await counted(own.line)) === undefined) return;
      answers += 1;
    }
  };
  await Promise.all(lines.map(worker)).finally(() => {
    for (const own of lines) if ("line" in own) own.line.close();
  });
  const perSecond = answers / ((performance.now() - started) / 1000);
  return { round: { latencyMs: summarize(latency), perSecond, failures } };
}

async function opened(
  dial: (signal: AbortSignal) => Promise<Line>,
  signal: AbortSignal,
): Promise<{ readonly line: Line } | { readonly fault: string }> {
  try {
    return { line: await dial(signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PortForwardError) return { fault: error.message };
    throw error;
  }
}

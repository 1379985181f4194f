/**
 * A connection to a port inside a pod, by the Kubernetes port-forward API.
 *
 * The container runtime dials `localhost:<port>` in the pod's network namespace, which is exactly what a container
 * beside it would reach (measured with containerd 1.6 and 2.x). So this is a probe of loopback, without exec, without
 * a shell or curl in the image, and untouched by NetworkPolicies.
 */
import { Duplex, PassThrough, Writable } from "node:stream";
import { PortForward, type KubeConfig } from "@kubernetes/client-node";

export interface PortForwardTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

/**
 * Why a forwarded connection ended. `refused`: nothing listens on the port. `timeout`: the dial inside the pod got no
 * answer. `closed`: the other side hung up. `forbidden`: the right is missing. `uncovered`: a simulated pod without a
 * forward. `broken`: anything else.
 */
export type PortForwardFailure = "refused" | "timeout" | "closed" | "forbidden" | "uncovered" | "broken";

export class PortForwardError extends Error {
  constructor(
    readonly kind: PortForwardFailure,
    message: string,
  ) {
    super(message);
    this.name = "PortForwardError";
  }
}

/** What the runtime (containerd, cri-o) or KWOK writes to the error channel, and what it means. */
const ERROR_CHANNEL: readonly (readonly [RegExp, PortForwardFailure])[] = [
  [/connection refused/i, "refused"],
  [/no forward found|forward not found/i, "uncovered"],
  [/timed? ?out|deadline exceeded/i, "timeout"],
  [/broken pipe|connection reset|\bEOF\b/i, "closed"],
];

/** The meaning of a text from the error channel. Pure. */
export function portForwardFailure(text: string): PortForwardError {
  const line = text.replace(/\s+/g, " ").trim();
  return new PortForwardError(ERROR_CHANNEL.find(([pattern]) => pattern.test(line))?.[1] ?? "broken", line);
}

/** How long the API server may take to open a forward, in milliseconds. */
const HANDSHAKE_MS = 4_000;

/** State of a web socket; the ones above are closing and closed. */
const OPEN = 1;

/** What is used of a web socket. */
interface Socket {
  readonly readyState: number;
  close(): void;
  terminate?(): void;
  onclose: (() => void) | null;
}

/**
 * A duplex stream to the port. It is there before the dial inside the pod has succeeded (the protocol has no answer
 * for success); a failed dial destroys it with a PortForwardError. Aborting the signal destroys it.
 * @throws PortForwardError when the API server or the kubelet refuses the forward.
 */
export async function openPortForward(
  config: KubeConfig,
  target: PortForwardTarget,
  signal: AbortSignal,
): Promise<Duplex> {
  const fromPod = new PassThrough();
  const toPod = new PassThrough();
  let socket: Socket | undefined;
  const hangUp = (): void => {
    // terminate() where there is one: close() would wait up to 30 s for a peer that stalls.
    if (socket?.terminate === undefined) socket?.close();
    else socket.terminate();
  };
  const stream = duplexOf(fromPod, toPod, hangUp);
  const errors = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) stream.destroy(portForwardFailure(chunk.toString("utf8")));
      done();
    },
  });
  const abort = (): void => void stream.destroy(new PortForwardError("timeout", "called off"));
  signal.addEventListener("abort", abort, { once: true });
  stream.once("close", () => signal.removeEventListener("abort", abort));

  const { namespace, pod, port } = target;
  const forward = new PortForward(withHandshakeTimeout(config), false);
  try {
    // The client's types lean on those of "ws", which it does not bring along.
    const opening = forward.portForward(namespace, pod, [port], fromPod, errors, toPod) as Promise<unknown>;
    socket = await unlessAborted(opening as Promise<Socket>, signal);
  } catch (error) {
    stream.destroy();
    throw upgradeFailure(error);
  }
  // The first frames, and the close, may have come together with the answer to the upgrade.
  if (signal.aborted || stream.destroyed) hangUp();
  if (stream.errored !== null) throw stream.errored;
  if (socket.readyState > OPEN) fromPod.end();
  else socket.onclose = () => fromPod.end();
  return stream;
}

/** A socket that opens after the signal has aborted is hung up at once; nobody waits for it. */
function unlessAborted(opening: Promise<Socket>, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new PortForwardError("broken", "the API server did not open the port-forward in time"));
      opening.then((late) => late.close()).catch(() => undefined);
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    opening.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The client's web socket waits for ever for an API server that stalls, unless its options say otherwise. */
function withHandshakeTimeout(config: KubeConfig): KubeConfig {
  const bounded = Object.create(config) as KubeConfig;
  bounded.applyToHTTPSOptions = async (options) => {
    await config.applyToHTTPSOptions(options);
    Object.assign(options, { handshakeTimeout: HANDSHAKE_MS });
  };
  return bounded;
}

/** One stream out of the two halves; destroying it hangs up, and ending its writing half does not. */
function duplexOf(fromPod: PassThrough, toPod: PassThrough, hangUp: () => void): Duplex {
  const stream = new Duplex({
    read: () => void fromPod.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      toPod.write(chunk);
      done();
    },
    destroy: (error, done) => {
      hangUp();
      fromPod.destroy();
      toPod.destroy();
      done(error);
    },
  });
  fromPod.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) fromPod.pause();
  });
  fromPod.on("end", () => stream.push(null));
  // A stream without a reader of errors would end the process; who uses it adds its own.
  stream.on("error", () => undefined);
  return stream;
}

/** The upgrade to a web socket was refused: the status is all that the client tells. */
function upgradeFailure(error: unknown): PortForwardError {
  if (error instanceof PortForwardError) return error;
  const message = (error as { message?: unknown }).message;
  const text = typeof message === "string" ? message : String(error);
  const status = /Unexpected server response: (\d+)/.exec(text)?.[1];
  if (status === "403") return new PortForwardError("forbidden", "the API server answered 403 to port-forward");
  return new PortForwardError("broken", `port-forward could not be opened: ${text}`);
}

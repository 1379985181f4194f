/**
 * The ports of a Seldon server pod, and the question to each that only the right server answers rightly. Ports and
 * paths: Seldon Core 2.10.2 (`operator/config/serverconfigs/mlserver.yaml`, `readyservice/server.go`), MLServer 1.7.1
 * (`mlserver/rest/app.py`).
 */
import { PORTS } from "../../components/network-policies/ports";
import type { CheckContext } from "../context";
import { serverLiveProbe } from "../probes/grpc";
import { httpProbe, type HttpRequest } from "../probes/http";
import type { PortForwardTarget } from "../probes/port-forward";
import type { ProbeFailure } from "../probes/probe-result";

/** What a port answered: whether that is right, and how it reads. */
export interface Answer {
  readonly ok: boolean;
  readonly text: string;
}
/** Asks by port-forward. @throws LookError */
export type Ask = (
  context: CheckContext,
  target: PortForwardTarget,
  signal: AbortSignal,
) => Promise<Answer | ProbeFailure>;

/** A port, and what must answer there. */
export interface ServerPort {
  /** Id of the loopback criterion. */
  readonly id: string;
  readonly port: number;
  readonly container: string;
  readonly title: string;
  readonly proves: string;
  readonly expected: string;
  readonly ask: Ask;
  /** The last words of the command that repeats it by hand, once the port is forwarded. */
  readonly byHand: string;
}

/** An HTTP request whose right answer is 200. */
const http =
  (request: HttpRequest): Ask =>
  async (context, target, signal) => {
    const { answer, failure } = await httpProbe(context.forward(target), target, request, signal);
    if (answer === undefined) return failure;
    const body = answer.status === 200 ? "" : `: ${answer.body.replace(/\s+/g, " ").trim().slice(0, 120)}`;
    return { ok: answer.status === 200, text: `${answer.status} in ${Math.round(answer.milliseconds)} ms${body}` };
  };

const serverLive: Ask = async (context, target, signal) => {
  const { answer, failure } = await serverLiveProbe(context.forward(target), target, signal);
  if (answer === undefined) return failure;
  const text =
    answer.status === 0
      ? `ServerLive: live = ${answer.live ?? false} in ${Math.round(answer.milliseconds)} ms`
      : `gRPC status ${answer.status}: ${answer.message || "no message"}`;
  return { ok: answer.status === 0 && answer.live === true, text };
};

/** Ports whose answer on loopback is a success criterion. */
export const SERVER_PORTS: readonly ServerPort[] = [
  {
    id: "server-http-ready",
    port: PORTS.server.inferenceHttp,
    container: "mlserver",
    title: "Inference server ready over HTTP",
    proves: "MLServer answers on 127.0.0.1:9000 inside the pod and all its loaded models are ready",
    expected: "GET /v2/health/ready answers 200",
    ask: http({ method: "GET", path: "/v2/health/ready" }),
    byHand: "curl -i http://127.0.0.1:9000/v2/health/ready",
  },
  {
    id: "server-grpc-live",
    port: PORTS.server.inferenceGrpc,
    container: "mlserver",
    title: "Inference server live over gRPC",
    proves: "the agent's own question to MLServer, gRPC ServerLive on 127.0.0.1:9500, is answered with live",
    expected: "gRPC ServerLive answers live = true",
    ask: serverLive,
    byHand: "grpcurl -plaintext -d '{}' 127.0.0.1:9500 inference.GRPCInferenceService/ServerLive",
  },
  {
    id: "rclone-answers",
    port: PORTS.server.rclone,
    container: "rclone",
    title: "rclone's remote control answers",
    proves: "the agent can ask rclone on 127.0.0.1:5572 to fetch model artefacts",
    expected: "POST /rc/noop answers 200",
    ask: http({ method: "POST", path: "/rc/noop", headers: { "content-type": "application/json" }, body: "{}" }),
    byHand: "curl -i -X POST http://127.0.0.1:5572/rc/noop",
  },
  {
    id: "agent-ready",
    port: PORTS.server.readiness,
    container: "agent",
    title: "Seldon agent ready",
    proves: "the agent has MLServer, rclone and the scheduler, so it can load models",
    expected: "GET /ready answers 200",
    ask: http({ method: "GET", path: "/ready" }),
    byHand: "curl -i http://127.0.0.1:9008/ready",
  },
];

/** Any answer over HTTP, whatever its status: the agent's proxy hands on what the inference server says. */
const anyHttp: Ask = async (context, target, signal) => {
  const { answer, failure } = await httpProbe(
    context.forward(target),
    target,
    { method: "GET", path: "/v2/health/live" },
    signal,
  );
  return answer === undefined ? failure : { ok: true, text: `HTTP ${answer.status}` };
};

/** Any answer over gRPC, whatever its status. */
const anyGrpc: Ask = async (context, target, signal) => {
  const { answer, failure } = await serverLiveProbe(context.forward(target), target, signal);
  return answer === undefined ? failure : { ok: true, text: `gRPC status ${answer.status}` };
};

/** The agent's reverse proxies, the only way in for inference: no loopback criterion, but open to Envoy. */
export const PROXY_PORTS: readonly Pick<ServerPort, "port" | "container" | "ask">[] = [
  { port: PORTS.server.proxyHttp, container: "agent", ask: anyHttp },
  { port: PORTS.server.proxyGrpc, container: "agent", ask: anyGrpc },
];

/**
 * What the ports of a server pod answer on 127.0.0.1 inside the pod, asked through port-forward: the ports that the agent
 * dials, and those that MLServer was told to listen on where they differ.
 */
import { PORTS } from "../../components/network-policies/ports";
import type { Pod } from "../cluster/objects";
import type { CheckContext } from "../context";
import { serverLiveProbe } from "../probes/grpc";
import { httpProbe, type HttpRequest } from "../probes/http";
import type { PortForwardTarget } from "../probes/port-forward";
import { LookError } from "../verdict";
import type { PodEvidence, PortEvidence } from "./evidence";

type Role = PortEvidence["role"];
type Found = Omit<PortEvidence, "port" | "role" | "milliseconds"> & Partial<Pick<PortEvidence, "milliseconds">>;

/** What MLServer 1.7.1 takes without a word (`mlserver/settings.py`); the agent's own defaults are in its `cli.go`. */
export const MLSERVER_DEFAULTS = { http: 8080, grpc: 8081, metrics: 8082, host: "0.0.0.0" } as const;
export const AGENT_DEFAULTS = { http: 8080, grpc: 9500 } as const;

/** The container that the inference server runs in: Triton's is another. */
export const inferenceContainer = ({ containers }: PodEvidence) =>
  containers.find(({ name }) => name === "mlserver") ?? containers.find(({ name }) => name === "triton");

export interface ServerPorts {
  /** Ports that the agent dials; undefined where nobody can know. */
  readonly agent: { readonly http?: number; readonly grpc?: number };
  /** Ports that MLServer listens on, by its settings. */
  readonly mlserver: { readonly http?: number; readonly grpc?: number };
}

/** The ports of the two sides as the environment sets them. Pure. */
export function serverPorts({ containers }: PodEvidence): ServerPorts {
  const agent = containers.find(({ name }) => name === "agent")?.env;
  const mlserver = containers.find(({ name }) => name === "mlserver")?.env;
  return {
    agent: {
      http: agent?.port("SELDON_SERVER_HTTP_PORT", AGENT_DEFAULTS.http),
      grpc: agent?.port("SELDON_SERVER_GRPC_PORT", AGENT_DEFAULTS.grpc),
    },
    mlserver: {
      http: mlserver?.port("MLSERVER_HTTP_PORT", MLSERVER_DEFAULTS.http),
      grpc: mlserver?.port("MLSERVER_GRPC_PORT", MLSERVER_DEFAULTS.grpc),
    },
  };
}

/** What to ask of a pod, each port once. Pure. */
export function portsToAsk(pod: PodEvidence): { readonly port: number; readonly role: Role }[] {
  const { agent, mlserver } = serverPorts(pod);
  const { inferenceHttp, inferenceGrpc, rclone, readiness } = PORTS.server;
  const http = [agent.http ?? inferenceHttp, mlserver.http, inferenceHttp].map((port) => ({
    port,
    role: "http" as const,
  }));
  const grpc = [agent.grpc ?? inferenceGrpc, mlserver.grpc, inferenceGrpc].map((port) => ({
    port,
    role: "grpc" as const,
  }));
  const rest = [
    { port: rclone, role: "rclone" as const },
    { port: readiness, role: "agent" as const },
  ];
  const rows = [...http, ...grpc, ...rest].flatMap(({ port, role }) => (port === undefined ? [] : [{ port, role }]));
  return [...new Map(rows.map((row) => [row.port, row])).values()];
}

const REQUESTS: Readonly<Record<Exclude<Role, "grpc">, HttpRequest>> = {
  http: { method: "GET", path: "/v2/health/live" },
  agent: { method: "GET", path: "/ready" },
  rclone: { method: "POST", path: "/rc/noop", headers: { "content-type": "application/json" }, body: "{}" },
};

/** The path that a port of this role is asked for, for the command that repeats it. */
export const pathOf = (role: Exclude<Role, "grpc">): string => REQUESTS[role].path;

/** Asks one port. Never fails: what could not be asked is `unknown`, with the reason. */
export async function askPort(
  context: CheckContext,
  target: PortForwardTarget,
  role: Role,
  signal: AbortSignal,
): Promise<PortEvidence> {
  const started = performance.now();
  const found = await ask(context, target, role, signal).catch((error: unknown): Found => {
    const text = error instanceof LookError ? error.message : String(error);
    return { kind: "unknown", ok: false, text };
  });
  // An answer has its own time; of a failure there is only that of the whole attempt.
  return { port: target.port, role, milliseconds: performance.now() - started, ...found };
}

async function ask(context: CheckContext, target: PortForwardTarget, role: Role, signal: AbortSignal): Promise<Found> {
  const open = context.forward(target);
  if (role === "grpc") {
    const { answer, failure } = await serverLiveProbe(open, target, signal);
    if (answer === undefined) return { kind: failure.kind, ok: false, text: failure.detail };
    const ok = answer.status === 0 && answer.live === true;
    const text = answer.status === 0 ? `ServerLive: live = ${answer.live ?? false}` : `gRPC status ${answer.status}`;
    return { kind: "answered", ok, text, milliseconds: answer.milliseconds };
  }
  const { answer, failure } = await httpProbe(open, target, REQUESTS[role], signal);
  if (answer === undefined) return { kind: failure.kind, ok: false, text: failure.detail };
  const body = answer.body.replace(/\s+/g, " ").trim().slice(0, 80);
  const { method, path } = REQUESTS[role];
  const text = `${method} ${path}: ${answer.status}${answer.status === 200 || body === "" ? "" : ` (${body})`}`;
  const { status, milliseconds } = answer;
  return { kind: "answered", ok: status === 200, status, text, milliseconds };
}

/** Asks all ports of a running pod. A port of a simulated pod without a process behind it is `unknown`. */
export async function askPorts(context: CheckContext, pod: PodEvidence, signal: AbortSignal): Promise<PortEvidence[]> {
  if (pod.phase !== "Running") return [];
  const { namespace, name } = pod;
  const simulation = await context.snapshot.simulation(signal);
  const shape: Pod = { metadata: { name, namespace }, spec: { nodeName: pod.node, containers: [] } };
  return Promise.all(
    portsToAsk(pod).map(({ port, role }) => {
      if (!simulation.isSimulated(shape) || simulation.forwardsPort(shape, port)) {
        return askPort(context, { namespace, pod: name, port }, role, signal);
      }
      const text = "the pod is simulated by KWOK: no process stands behind this port";
      return Promise.resolve({ port, role, kind: "unknown" as const, ok: false, text, milliseconds: 0 });
    }),
  );
}

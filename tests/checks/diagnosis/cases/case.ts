/** What a case of the diagnosis is made of. */
import type { DiagnosisWorld } from "../../support/diagnosis-world";

/** Something that somebody breaks, and the verdict that must come first. */
export interface Reproduction {
  readonly injected: string;
  readonly verdict: string;
  readonly make: (world: DiagnosisWorld) => void;
  /** Must be among what the verdict's evidence and the lines of "not the cause" say. */
  readonly says?: readonly RegExp[];
}

/** Something that looks like a cause and is none of it. */
export interface NearMiss {
  readonly what: string;
  /** The rule that must not take it for its own, as a cause or as a consequence. */
  readonly not: string;
  /** What it is instead; absent: nothing is wrong. */
  readonly verdict?: string;
  readonly make: (world: DiagnosisWorld) => void;
}

/** Lines as logrus writes them. */
export const agentLine = (level: string, msg: string, error?: string): string =>
  `time="2026-11-23T01:58:00Z" level=${level} msg="${msg}" Name=AgentServiceManager${error === undefined ? "" : ` error="${error}"`}`;

/** MLServer's own words when it listens (1.7.1). */
export const mlserverSays = (host: string, http: number, grpc: number): string[] => [
  `2026-11-23 01:58:01,001 [mlserver.rest] INFO - HTTP server running on http://${host}:${http}`,
  `2026-11-23 01:58:01,101 [mlserver.grpc] INFO - gRPC server running on http://${host}:${grpc}`,
  "INFO:     Application startup complete.",
];

const P = "mlserver-0";
export { P };

/** The agent waits for MLServer, which does not answer it. */
export function agentWaits(world: DiagnosisWorld, pod = P): void {
  world.unready(pod, "agent");
  world.ports(pod, { 9008: "waiting" });
  world.log(pod, "agent", [
    agentLine(
      "info",
      "Waiting for Inference Server service to become ready... next check in 30s",
      'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 0.0.0.0:9500: connect: connection refused\\"',
    ),
  ]);
}

/** MLServer has run for so long and does not listen on its ports. */
export function mlserverSilent(world: DiagnosisWorld, seconds: number, pod = P): void {
  const { status } = world.container(pod, "mlserver");
  world.unready(pod, "mlserver");
  status.started = false;
  status.state = {
    running: { startedAt: new Date(Date.parse("2026-11-23T02:00:00Z") - 1000 * seconds).toISOString() },
  };
  world.ports(pod, { 9000: "refused", 9500: "refused" });
  agentWaits(world, pod);
}

/** A container that ended and was started again, or waits for it. */
export function ended(
  world: DiagnosisWorld,
  container: string,
  {
    reason = "Error",
    exitCode,
    seconds = 60,
    restarts = 3,
    looping = true,
    pod = P,
  }: { reason?: string; exitCode: number; seconds?: number; restarts?: number; looping?: boolean; pod?: string },
): void {
  const { status } = world.container(pod, container);
  const finishedAt = new Date(Date.parse("2026-11-23T02:00:00Z") - 1000 * seconds).toISOString();
  status.restartCount = restarts;
  status.lastState = { terminated: { reason, exitCode, finishedAt } };
  if (looping) {
    world.unready(pod, container);
    status.state = { waiting: { reason: "CrashLoopBackOff" } };
  } else status.state = { running: { startedAt: finishedAt } };
}

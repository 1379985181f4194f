/** One question to a pod that measures, and its answer. */
import { z } from "zod";
import type { Duplex } from "node:stream";
import { httpProbe } from "../probes/http";
import type { PortForwardTarget } from "../probes/port-forward";
import { LookError } from "../verdict";
import type { Round } from "./result";
import { summarize } from "./statistics";

/** The request whose way is measured. */
export interface Request {
  /** Address, or a name that the pod's own DNS knows; looked up once, before anything is measured. */
  readonly host: string;
  readonly port: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Statuses that count as an answer; any where there is none. */
  readonly expect: readonly number[];
}

/** How much is asked in a round. */
export interface Effort {
  /** Requests one after the other. */
  readonly requests: number;
  /** Connections for the throughput. */
  readonly concurrency: number;
  /** For how long the throughput is measured. */
  readonly seconds: number;
}

/** Requests before the first that counts: connections, caches and the interpreter get warm. */
const WARM_UP = 20;
/** New connections a round, at most. */
const CONNECTS = 50;
/** Bound of one request, and of everything that is asked one after the other, in seconds. */
const TIMEOUT = { request: 5, sequence: 30 } as const;

/** The job as the program reads it. Pure. */
export const jobText = (request: Request, { requests, concurrency, seconds }: Effort): string =>
  JSON.stringify({
    ...request,
    timeout: TIMEOUT.request,
    deadline: TIMEOUT.sequence + seconds,
    warmup: WARM_UP,
    requests,
    connects: Math.min(CONNECTS, requests),
    concurrency,
    seconds,
  });

const answerSchema = z.object({
  latencyMs: z.array(z.number()),
  connectMs: z.array(z.number()),
  answers: z.int(),
  seconds: z.number().positive(),
  failures: z.int(),
  fault: z.string().nullable(),
});

/** What a round measured, or in words why there is nothing. Pure. */
export function roundOf(body: string): { readonly round: Round } | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { fault: `the answer is no JSON: ${body.slice(0, 100)}` };
  }
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) {
    const { error } = value as { error?: unknown };
    return { fault: typeof error === "string" ? error : "the answer has another shape than expected" };
  }
  const { latencyMs, connectMs, answers, seconds, failures, fault } = parsed.data;
  if (latencyMs.length === 0) return { fault: fault ?? "no request was answered" };
  return {
    round: {
      latencyMs: summarize(latencyMs),
      ...(connectMs.length === 0 ? {} : { connectMs: summarize(connectMs) }),
      perSecond: answers / seconds,
      failures,
    },
  };
}

/**
 * Has a pod measure a round.
 * @param open Opens a connection to the pod's control port.
 * @throws LookError when it cannot be asked.
 */
export async function askRound(
  open: (signal: AbortSignal) => Promise<Duplex>,
  target: PortForwardTarget,
  request: Request,
  effort: Effort,
  signal: AbortSignal,
): Promise<ReturnType<typeof roundOf>> {
  const timeoutMs = 1000 * (TIMEOUT.sequence + effort.seconds + 2 * TIMEOUT.request + 5);
  const question = { method: "POST", path: "/measure", body: jobText(request, effort), timeoutMs } as const;
  const { answer, failure } = await httpProbe(open, target, question, signal);
  if (answer !== undefined) return roundOf(answer.body);
  throw new LookError(`pod ${target.namespace}/${target.pod} could not be asked to measure: ${failure.detail}`, {
    fix: "see that the pod runs and that its image has python3 (--image)",
  });
}

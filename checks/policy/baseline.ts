/** What must have been seen before a closed connection proves anything. */
import type { ReadyPod } from "../probe-pods/pod-state";
import type { Look } from "../probe-pods/script";
import { type Ask, type Attempt, type Result, type Results } from "./attempt";

export interface Baseline {
  /** `<pod>:<port>` that answers its own pod. */
  readonly listening: ReadonlySet<string>;
  /** Pairs of nodes between which something came through. */
  readonly between: ReadonlySet<string>;
  /** Parties outside that answered somebody who may reach them. */
  readonly outside: ReadonlySet<string>;
}

/** Every pod asks its own ports by its own address: that never leaves the pod, so no policy is asked. */
export async function listeningPorts(
  pods: readonly ReadyPod[],
  ask: Ask,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const answers = await Promise.all(
    pods.map(async (pod) => {
      const { ports } = pod.spec;
      const looks = ports.map((port): Look => ({ kind: "source", address: pod.address, port }));
      const seen = await ask(pod, looks, signal).catch(() => []);
      return ports.filter((_, index) => seen[index]?.kind === "open").map((port) => `${pod.name}:${port}`);
    }),
  );
  return new Set(answers.flat());
}

/** What allowed connections have shown. Pure. */
export function shownBy(allowed: Results): Pick<Baseline, "between" | "outside"> {
  const through = [...allowed].filter(([, result]) => "seen" in result && result.seen.kind === "open");
  return {
    between: new Set(through.flatMap(([{ nodes }]) => (nodes === undefined ? [] : [nodes]))),
    outside: new Set(through.flatMap(([{ row, to }]) => (to === undefined ? [row.to.endpoint] : []))),
  };
}

/** Why a closed connection proves nothing; undefined where it does. Pure. */
export function unprovenBecause(
  { row, from, to, nodes, look }: Attempt,
  { starved }: Pick<Result, "starved">,
  baseline: Baseline,
): string | undefined {
  if (starved === true) return `${from.name} did not reach itself in time either`;
  if (to === undefined || nodes === undefined) {
    return baseline.outside.has(row.to.endpoint) ? undefined : "nobody who may reach it did";
  }
  if (!baseline.listening.has(`${to.name}:${look.port}`)) return `port ${look.port} of ${to.name} does not listen`;
  return baseline.between.has(nodes) ? undefined : "nothing that is allowed came through between these nodes";
}

/** What must have been seen before a closed connection proves anything. */
import type { ReadyPod } from "../probe-pods/pod-state";
import type { Look } from "../probe-pods/script";
import { type Ask, type Attempt, nodesOf, type Results } from "./attempt";

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

/** Strangers ask each other: no policy of ours is about them, so they show what the network itself lets through. */
export async function betweenStrangers(
  strangers: readonly ReadyPod[],
  ask: Ask,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const between = new Set<string>();
  await Promise.all(
    strangers.map(async (from) => {
      const others = strangers.filter((to) => to !== from);
      const looks = others.map(({ address, spec }): Look => ({ kind: "source", address, port: spec.ports[0]! }));
      const seen = await ask(from, looks, signal).catch(() => []);
      others.forEach((to, index) => {
        if (seen[index]?.kind === "open") between.add(nodesOf(from, to));
      });
    }),
  );
  return between;
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
export function unprovenBecause({ row, to, nodes, look }: Attempt, baseline: Baseline): string | undefined {
  if (to === undefined || nodes === undefined) {
    return baseline.outside.has(row.to.endpoint) ? undefined : "nobody who may reach it did";
  }
  if (!baseline.listening.has(`${to.name}:${look.port}`)) return `port ${look.port} of ${to.name} does not listen`;
  return baseline.between.has(nodes) ? undefined : "nothing that is allowed came through between these nodes";
}

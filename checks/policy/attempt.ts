/** The connections of a line, as pods that run can try them. Pure, but for the trying itself. */
import { pause } from "../engine/bounded";
import { isUp, type PodState, type ReadyPod } from "../probe-pods/pod-state";
import type { Look, Seen } from "../probe-pods/script";
import { LookError } from "../verdict";
import { isAsWanted, type Wanted } from "./judge";
import type { Path, Row } from "./row";
import { isAllowed } from "./rows";

/** How often a connection is tried that is not as expected. */
const ATTEMPTS = 6;

/** A connection that can be tried. */
export interface Attempt extends Wanted {
  readonly row: Row;
  readonly from: ReadyPod;
  readonly look: Look;
  /** Such as `across nodes`. */
  readonly where: string;
  /** The pod that is connected to, and both ends' nodes; absent for somebody outside. */
  readonly to?: ReadyPod;
  readonly nodes?: string;
}

/** What came of one connection. */
export interface Result {
  readonly seen: Seen;
  readonly attempts: number;
  /** The pod was so busy that it did not even reach itself in time: silence of others then means nothing. */
  readonly starved?: boolean;
}
export type Results = ReadonlyMap<Attempt, Result | { readonly error: unknown }>;

/** Asks one pod. @throws LookError */
export type Ask = (pod: ReadyPod, looks: readonly Look[], signal: AbortSignal) => Promise<Seen[]>;

/** The connections of a line, and why some are missing. Pure. */
export function attemptsOf(
  row: Row,
  pods: ReadonlyMap<string, PodState>,
): { readonly attempts: readonly Attempt[]; readonly missing?: string } {
  const keys = row.paths.flatMap(({ from, to }) => (typeof to === "string" ? [from, to] : [from]));
  const down = keys.flatMap((key) => {
    const pod = pods.get(key);
    return pod === undefined || isUp(pod) ? [] : [pod.name];
  });
  const attempts = row.paths.flatMap((path) => attemptOf(row, path, pods));
  if (down.length === 0) return { attempts };
  return { attempts, missing: `probe pod ${[...new Set(down)].join(", ")} is not up` };
}

function attemptOf(row: Row, { from, to }: Path, pods: ReadonlyMap<string, PodState>): Attempt[] {
  const source = pods.get(from);
  if (source === undefined || !isUp(source)) return [];
  const base = { row, from: source, isAllowed: isAllowed(row) };
  if (typeof to !== "string") {
    return [{ ...base, look: to.look, where: `from ${source.spec.node}`, answer: to.expected }];
  }
  const target = pods.get(to);
  if (target === undefined || !isUp(target)) return [];
  return [
    {
      ...base,
      to: target,
      look: { kind: "source", address: target.address, port: row.port },
      where: source.spec.node === target.spec.node ? "same node" : "across nodes",
      nodes: `${source.spec.node} ${target.spec.node}`,
      source: source.address,
    },
  ];
}

/** A pod's own port at its own address: what no policy and no network can keep from it. */
const itself = ({ address, spec }: ReadyPod): Look => ({ kind: "source", address, port: spec.ports[0]! });

/**
 * Tries all until each is as wanted or given up: rules of a new pod arrive a moment after it. Pods are asked at the same
 * time, each for all that is left of its own.
 * @param pauseMs Pause before another attempt, in milliseconds.
 */
export async function tryAll(
  attempts: readonly Attempt[],
  ask: Ask,
  signal: AbortSignal,
  pauseMs: number,
): Promise<Results> {
  const results = new Map<Attempt, Result | { readonly error: unknown }>();
  let left = [...attempts];
  for (let round = 1; left.length > 0 && round <= ATTEMPTS; round += 1) {
    if (round > 1) await pause(pauseMs, signal);
    signal.throwIfAborted();
    const pods = [...new Set(left.map(({ from }) => from))];
    await Promise.all(
      pods.map(async (pod) => {
        const own = left.filter(({ from }) => from === pod);
        try {
          const looks = [...own.map(({ look }) => look), itself(pod)];
          const seen = await ask(pod, looks, signal);
          const starved = seen[own.length]?.kind === "open" ? {} : { starved: true };
          own.forEach((one, index) => results.set(one, { seen: seen[index]!, attempts: round, ...starved }));
        } catch (error) {
          own.forEach((one) => results.set(one, { error }));
        }
      }),
    );
    left = left.filter((one) => {
      const result = results.get(one);
      // A question that got lost on its way is asked again; one that nobody may ask is not.
      if (result === undefined || !("seen" in result))
        return !(result?.error instanceof LookError && result.error.final);
      return result.starved === true || !isAsWanted(one, result.seen);
    });
  }
  return results;
}

/** What several checks of one round read: fetched once, and fresh again for the next round. */
import type { ClusterApi } from "./api";
import type { Pod } from "./objects";
import { PATHS } from "./paths";
import { Simulation } from "./simulated";

/** How long an answer stands, in milliseconds: longer than a round takes to start, shorter than a pause between two. */
const FRESH_MS = 1_000;

export class Snapshot {
  private readonly answers = new Map<string, { at: number; answer: Promise<unknown> }>();

  constructor(
    private readonly api: ClusterApi,
    private readonly namespaces: readonly string[],
  ) {}

  /** All pods of a namespace. @throws LookError */
  pods(namespace: string, signal: AbortSignal): Promise<Pod[]> {
    return this.once(`pods ${namespace}`, () => this.api.list<Pod>(PATHS.pods(namespace), signal));
  }

  /** All objects of a list, none where the kind is unknown. @throws LookError */
  list<T>(path: string, signal: AbortSignal): Promise<T[]> {
    return this.once(`list ${path}`, () => this.api.listIfKnown<T>(path, signal));
  }

  /** Which pods are simulated. @throws LookError */
  simulation(signal: AbortSignal): Promise<Simulation> {
    return this.once("simulation", () => Simulation.read(this.api, this.namespaces, signal));
  }

  private once<T>(key: string, fetch: () => Promise<T>): Promise<T> {
    const known = this.answers.get(key);
    if (known !== undefined && performance.now() - known.at < FRESH_MS) return known.answer as Promise<T>;
    const answer = fetch();
    this.answers.set(key, { at: performance.now(), answer });
    // A failed look is not kept: the next one may succeed. Whoever awaits the answer gets the error.
    answer.catch(() => this.answers.delete(key));
    return answer;
  }
}

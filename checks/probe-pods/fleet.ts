/**
 * The probe pods of one run: started together, asked as often as needed, removed whatever happens.
 *
 * Whoever opens a fleet closes it. Closing has a time of its own, so it also works after an interruption and after the
 * end of the run's time; what a killed process leaves is ended by the kubelet and removed by the next run.
 */
import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { hostname } from "node:os";
import type { Cluster } from "../cluster/cluster";
import type { KubeObject, Pod } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import { Refusal } from "../cluster/refusal";
import { done, forAWhile, until, waiting } from "../cluster/wait";
import { httpProbe } from "../probes/http";
import type { PortForwardTarget } from "../probes/port-forward";
import { LookError } from "../verdict";
import { leftoverBecause, type Present } from "./leftovers";
import {
  namespaceManifest,
  probePodManifest,
  probePodName,
  type ProbePodSpec,
  type ProbeRun,
  strangersNamespace,
} from "./manifest";
import { PROBE_SELECTOR, RUN_LABEL } from "./names";
import { isDown, isUp, type PodState, type ReadyPod, stateOf } from "./pod-state";
import { lookErrorOf, RIGHTS } from "./refused";
import { CONTROL_PORT, type Look, LOOK_SECONDS, parseAnswer, renderLooks, type Seen } from "./script";
import type { Duplex } from "node:stream";
import { messageOf } from "../../config/thrown";

/** How long a pod may take to start, in milliseconds: an image may have to be pulled. */
export const START_MS = 90_000;
/** How long removal may take, in milliseconds, whatever time the run has left. */
export const REMOVAL_MS = 30_000;
/** Pause between two looks at the pods, in milliseconds. */
const POLL_MS = 250;
/** Room for starting, cleaning and clocks that differ, in seconds, beyond the run's own time. */
const SPARE_SECONDS = 120;
/** How long one question may take beyond its looks, in milliseconds. */
const ANSWER_MS = 12_000;

/** What a fleet needs from the run that it belongs to. */
export interface FleetAccess {
  /** The cluster, with requests that end with the given signal. */
  readonly cluster: (signal: AbortSignal) => Cluster;
  /** Connects to a port in a pod. */
  readonly forward: (target: PortForwardTarget) => (signal: AbortSignal) => Promise<Duplex>;
}

/** A run's identity: this process, and the end of its time. */
export function newRun(image: string, timeoutSeconds: number, now = new Date()): ProbeRun {
  const lifetimeSeconds = Math.ceil(timeoutSeconds) + SPARE_SECONDS;
  return {
    id: randomBytes(3).toString("hex"),
    owner: `${hostname()}/${process.pid}`,
    until: new Date(now.getTime() + lifetimeSeconds * 1000),
    lifetimeSeconds,
    image,
  };
}

export class Fleet {
  /** Namespaces in which something of ours may be. */
  private readonly touched = new Set<string>();
  /** Requests that make something: what is removed too early comes back. */
  private readonly creating = new Set<Promise<unknown>>();
  private hasStrangers = false;

  constructor(
    readonly run: ProbeRun,
    private readonly access: FleetAccess,
  ) {}

  /** The namespace of strangers; made by {@link start} when a pod is to run there. */
  get strangers(): string {
    return strangersNamespace(this.run);
  }

  /**
   * Removes what killed runs left in these namespaces and in namespaces of strangers.
   * @returns what was removed, and what may belong to a run that is still at work.
   * @throws LookError
   */
  async sweep(namespaces: readonly string[], signal: AbortSignal): Promise<{ removed: string[]; others: string[] }> {
    const cluster = this.clusterWithin(signal);
    const query = { labelSelector: PROBE_SELECTOR };
    const lists = namespaces.map((namespace) => cluster.list<Pod>(PATHS.pods(namespace), query));
    const pods = (await Promise.all(lists)).flat();
    const scratch = await cluster.list<KubeObject<unknown, { readonly phase?: string }>>(PATHS.namespaces, query);
    const [removed, others]: [string[], string[]] = [[], []];
    const objects = [
      ...pods.map((object) => ({ object, path: PATHS.pod(object.metadata.namespace ?? "", object.metadata.name) })),
      ...scratch.map((object) => ({ object, path: PATHS.namespace(object.metadata.name) })),
    ];
    for (const { object, path } of objects) {
      const name = [object.metadata.namespace, object.metadata.name].filter((part) => part !== undefined).join("/");
      if (leftoverBecause(object, here(this.run)) === undefined) others.push(name);
      else if (await this.remove(cluster, path, object.metadata.uid)) removed.push(name);
    }
    return { removed, others };
  }

  /**
   * Starts pods and waits until the kubelet has reached each, or until their time is over.
   * @throws LookError when they may not be created, or when the API server cannot be asked.
   */
  async start(specs: readonly ProbePodSpec[], signal: AbortSignal): Promise<PodState[]> {
    const cluster = this.clusterWithin(signal);
    if (specs.some(({ namespace }) => namespace === this.strangers)) await this.makeNamespace(cluster, signal);
    const refused = new Map<string, string>();
    await Promise.all(
      specs.map(async (spec) => {
        // Before the request: an answer that is lost may have made the pod.
        this.touched.add(spec.namespace);
        const words = await this.create(cluster, PATHS.pods(spec.namespace), probePodManifest(spec, this.run));
        if (words !== undefined) refused.set(spec.key, words);
      }),
    );
    const running = specs.filter(({ key }) => !refused.has(key));
    const states = await this.settled(cluster, running, START_MS, signal);
    return specs.map((spec) => {
      const words = refused.get(spec.key);
      if (words === undefined) return states.get(spec.key)!;
      const name = probePodName(spec, this.run);
      return { spec, name, problem: `it could not be created: ${words}`, evidence: [] };
    });
  }

  /** Looks once more at pods that were not up: an image may have come since. @throws LookError */
  async lookAgain(states: readonly PodState[], signal: AbortSignal): Promise<PodState[]> {
    const down = states.filter(isDown).map(({ spec }) => spec);
    if (down.length === 0) return [...states];
    const now = await this.settled(this.clusterWithin(signal), down, 0, signal);
    return states.map((state) => {
      const found = now.get(state.spec.key);
      return found !== undefined && isUp(found) ? found : state;
    });
  }

  /** What a pod sees of some destinations, all looked at once. @throws LookError when it cannot be asked. */
  async ask(pod: ReadyPod, looks: readonly Look[], signal: AbortSignal): Promise<Seen[]> {
    if (looks.length === 0) return [];
    setMaxListeners(0, signal);
    const target = { namespace: pod.spec.namespace, pod: pod.name, port: CONTROL_PORT };
    const question = {
      method: "POST",
      path: "/cgi-bin/look",
      body: renderLooks(looks),
      timeoutMs: LOOK_SECONDS * 1000 + ANSWER_MS,
    } as const;
    const { answer, failure } = await httpProbe(this.access.forward(target), target, question, signal);
    const seen = answer === undefined ? undefined : parseAnswer(answer.body, looks.length);
    if (seen !== undefined) return seen;
    const what = failure?.detail ?? `an answer that is none: ${answer?.status} ${answer?.body.trim().slice(0, 100)}`;
    throw new LookError(`probe pod ${target.namespace}/${target.pod} could not be asked: ${what}`, {
      fix: "see that the pod runs (hosts.probeImage or validation.probeImage must be an image with busybox) and repeat it",
    });
  }

  /**
   * Removes everything of this run and waits until it is gone.
   * @returns what is still there when the time is over, and what stood in the way.
   */
  async close(): Promise<string[]> {
    const signal = AbortSignal.timeout(REMOVAL_MS);
    const cluster = this.clusterWithin(signal);
    await Promise.allSettled(this.creating);
    const problems = await Promise.all([...this.touched].map((namespace) => this.empty(cluster, namespace, signal)));
    if (this.hasStrangers) {
      problems.push(
        await attempt(`namespace ${this.strangers}`, async () => {
          await this.remove(cluster, PATHS.namespace(this.strangers));
        }),
      );
    }
    return problems.filter((problem) => problem !== undefined);
  }

  /** Requests for all pods go out at the same time, each listening to the signal; node warns from the eleventh on. */
  private clusterWithin(signal: AbortSignal): Cluster {
    setMaxListeners(0, signal);
    return this.access.cluster(signal);
  }

  /** Deletes this run's pods of a namespace until none is left. */
  private empty(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<string | undefined> {
    const labelSelector = `${PROBE_SELECTOR},${RUN_LABEL}=${this.run.id}`;
    return attempt(`probe pods in ${namespace}`, () =>
      until(
        `no probe pod of this run is left in ${namespace}`,
        async () => {
          const pods = await cluster.list<Pod>(PATHS.pods(namespace), { labelSelector });
          if (pods.length === 0) return done(undefined);
          const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
          await Promise.all(
            alive.map(({ metadata }) => this.remove(cluster, PATHS.pod(namespace, metadata.name), metadata.uid)),
          );
          return waiting(pods.map(({ metadata }) => metadata.name).join(", "));
        },
        { signal, say: () => undefined, everyMs: POLL_MS },
      ),
    );
  }

  private remove(cluster: Cluster, path: string, uid?: string): Promise<boolean> {
    return cluster.remove(path, { uid, graceSeconds: 1 }).catch((error: unknown) => {
      throw lookErrorOf(error, cluster.api.server, path);
    });
  }

  private async makeNamespace(cluster: Cluster, signal: AbortSignal): Promise<void> {
    this.hasStrangers = true;
    this.touched.add(this.strangers);
    const words = await this.create(cluster, PATHS.namespaces, namespaceManifest(this.run));
    if (words !== undefined)
      throw new LookError(`namespace ${this.strangers} could not be created: ${words}`, { fix: RIGHTS });
    const account = `${PATHS.namespace(this.strangers)}/serviceaccounts/default`;
    await until(
      `service account default exists in ${this.strangers}`,
      async () => ((await cluster.find(account)) === undefined ? waiting("not yet") : done(undefined)),
      { signal, say: () => undefined, everyMs: POLL_MS },
    );
  }

  /** Undefined when it was created, else the words of an admission that refused it. @throws LookError */
  private async create(cluster: Cluster, path: string, manifest: unknown): Promise<string | undefined> {
    const creation = cluster.create(path, manifest);
    this.creating.add(creation);
    try {
      await creation;
      return undefined;
    } catch (error) {
      // A missing right is nobody's finding about the cluster; a quota or an admission policy is one about the pod.
      if (error instanceof Refusal && [403, 422].includes(error.status) && !/ cannot create /.test(error.words)) {
        return error.words;
      }
      throw lookErrorOf(error, cluster.api.server, path);
    }
  }

  /** Waits until every pod is reached by its kubelet, cannot come any more, or so many milliseconds are over. */
  private async settled(
    cluster: Cluster,
    specs: readonly ProbePodSpec[],
    milliseconds: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, PodState>> {
    const namespaces = [...new Set(specs.map(({ namespace }) => namespace))];
    const labelSelector = `${PROBE_SELECTOR},${RUN_LABEL}=${this.run.id}`;
    const states = new Map<string, PodState>();
    const look = async () => {
      const lists = namespaces.map((namespace) => cluster.list<Pod>(PATHS.pods(namespace), { labelSelector }));
      const pods = new Map((await Promise.all(lists)).flat().map((pod) => [pod.metadata.name, pod]));
      const pending: string[] = [];
      for (const spec of specs) {
        const name = probePodName(spec, this.run);
        const { state, final } = stateOf(spec, name, pods.get(name));
        states.set(spec.key, state);
        if (!final) pending.push(name);
      }
      return pending.length === 0 ? done(undefined) : waiting(pending.join(", "));
    };
    await forAWhile("probe pods run", milliseconds, look, { signal, say: () => undefined, everyMs: POLL_MS });
    return states;
  }
}

/** Runs a removal; what went wrong as one line. */
async function attempt(what: string, task: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await task();
    return undefined;
  } catch (error) {
    return `${what}: ${messageOf(error)}`;
  }
}

const here = ({ id }: ProbeRun): Present => ({
  runId: id,
  now: new Date(),
  host: hostname(),
  isAlive: (pid) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      // Not permitted: it lives, and belongs to somebody else.
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  },
});

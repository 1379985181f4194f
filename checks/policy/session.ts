/**
 * What the checks of one run share that need probe pods: the pods, and what is known about the cluster around them.
 * Pods are started once, by the first check that needs them, serve every round of looks, and go at the end of the run.
 */
import { Cluster } from "../cluster/cluster";
import type { EndpointSlice, KubeObject, Node } from "../cluster/objects";
import type { PolicyContext } from "../../components/network-policies/context";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { isServerPod } from "../criteria/server-pods";
import { Fleet, newRun } from "../probe-pods/fleet";
import { isDown, type PodState, type ReadyPod } from "../probe-pods/pod-state";
import type { Look, Seen } from "../probe-pods/script";
import { readyProbes, type SelectingService, servicesBlindToReadiness } from "../probe-pods/services";
import { LookError, SkipError } from "../verdict";
import { policyContextOf } from "./context";
import type { Parties } from "./outside-rows";
import { type Places, placesOf } from "./places";
import { partyNamespaces, probedNamespaces, type Site, sitesOf, sitesWithoutPolicies } from "./sites";

/** Probe pods, as far as they came up. */
export interface Opened {
  readonly places: Places;
  /** Absent where the stack has no policies. */
  readonly policy?: PolicyContext;
  readonly sites: readonly Site[];
  readonly pods: ReadonlyMap<string, PodState>;
  readonly parties: Parties;
  /** What an earlier run had left and is gone now. */
  readonly removed: readonly string[];
  /** What belongs to a run that may still be at work. */
  readonly others: readonly string[];
}

type Addressed = KubeObject<{ readonly clusterIP?: string; readonly ports?: readonly { readonly port: number }[] }>;

export class ProbeSession {
  private fleet: Fleet | undefined;
  private opening: Promise<Opened> | undefined;

  /** @param pauseMs Pause before a connection is tried again, in milliseconds. @default 1000 */
  constructor(
    private readonly context: CheckContext,
    readonly pauseMs = 1_000,
  ) {}

  /**
   * The pods; started at the first call.
   * @throws SkipError where no pod can be probed with, LookError.
   */
  async open(signal: AbortSignal): Promise<Opened> {
    if (this.opening !== undefined) return this.completed(await this.opening, signal);
    const opening = this.start(signal);
    this.opening = opening;
    // What failed may succeed in the next round; what does not apply here will not apply then.
    opening.catch((error: unknown) => {
      if (!(error instanceof SkipError)) this.opening = undefined;
    });
    return opening;
  }

  /** The same with pods that have come up since. */
  private async completed(opened: Opened, signal: AbortSignal): Promise<Opened> {
    const { fleet } = this;
    if (fleet === undefined || ![...opened.pods.values()].some(isDown)) return opened;
    const states = await fleet.lookAgain([...opened.pods.values()], signal);
    return { ...opened, pods: new Map(states.map((state) => [state.spec.key, state])) };
  }

  /** Asks one of the pods. @throws LookError */
  readonly ask = (pod: ReadyPod, looks: readonly Look[], signal: AbortSignal): Promise<Seen[]> =>
    this.fleet!.ask(pod, looks, signal);

  /** Probe pods that some Service may send requests to, as `<namespace>/<slice>: <pod>`. @throws LookError */
  async exposed({ sites }: Opened, signal: AbortSignal): Promise<string[]> {
    const namespaces = [...new Set(sites.map(({ namespace }) => namespace))];
    const lists = namespaces.map((one) => this.context.api.list<EndpointSlice>(PATHS.endpointSlices(one), signal));
    return readyProbes((await Promise.all(lists)).flat());
  }

  /** Takes everything away. @param say Told what could not be. */
  async close(say: (line: string) => void): Promise<void> {
    const { fleet } = this;
    [this.fleet, this.opening] = [undefined, undefined];
    if (fleet === undefined) return;
    for (const problem of await fleet.close()) {
      say(
        `warning: not removed: ${problem}; it ends by itself at ${fleet.run.until.toISOString()}, and the next run removes it`,
      );
    }
  }

  private async start(signal: AbortSignal): Promise<Opened> {
    const { subject, api, snapshot } = this.context;
    if (subject.probes === undefined) throw new SkipError("no probe pods are started: validation.probePods is false");
    const simulation = await snapshot.simulation(signal);
    const nodes = await api.list<Node>(PATHS.nodes, signal);
    const runtimes = probedNamespaces(subject);
    const running = (await Promise.all(runtimes.map((one) => snapshot.pods(one, signal)))).flat();
    const servers = running.filter(isServerPod);
    const places = placesOf(nodes, servers, simulation);
    const missing = [...(await this.absentOf(runtimes, signal))];
    if (missing.length > 0) {
      throw new LookError(`namespace ${missing.join(", ")} does not exist, so no probe pod can run there`, {
        fix: `pulumi up -s ${subject.stack}`,
      });
    }
    const policy = policyContextOf(subject);
    const absent = policy === undefined ? new Set<string>() : await this.absentOf(partyNamespaces(policy), signal);
    this.fleet ??= new Fleet(newRun(subject.probes.image, subject.timeoutSeconds), {
      cluster: (within) => new Cluster(api, { signal: within, onTrouble: () => undefined }),
      forward: this.context.forward,
    });
    const { fleet } = this;
    const sites =
      policy === undefined
        ? sitesWithoutPolicies(subject, places)
        : sitesOf(policy, { places, strangers: fleet.strangers, absent });
    const around = [...new Set(sites.map(({ namespace }) => namespace))].filter((one) => one !== fleet.strangers);
    await this.refuseBlindServices(sites, around, signal);
    const { removed, others } = await fleet.sweep(around, signal);
    const states = await fleet.start(sites, signal);
    const pods = new Map(states.map((state) => [state.spec.key, state]));
    const parties = await this.partiesOf(signal);
    return { places, ...(policy === undefined ? {} : { policy }), sites, pods, parties, removed, others };
  }

  private async absentOf(namespaces: readonly string[], signal: AbortSignal): Promise<Set<string>> {
    const found = await Promise.all(
      namespaces.map((name) => this.context.api.find<KubeObject>(PATHS.namespace(name), signal)),
    );
    return new Set(namespaces.filter((_, index) => found[index] === undefined));
  }

  /** @throws SkipError where a Service would send requests to pods that are not Ready. */
  private async refuseBlindServices(
    sites: readonly Site[],
    namespaces: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const lists = namespaces.map((one) => this.context.api.list<SelectingService>(PATHS.services(one), signal));
    const services = (await Promise.all(lists)).flat();
    const blind = [...new Set(sites.flatMap((site) => servicesBlindToReadiness(site, services)))];
    if (blind.length === 0) return;
    throw new SkipError(
      `no probe pods are started: Service ${blind.join(", ")} sends requests to pods that are not Ready (publishNotReadyAddresses), so to them as well`,
    );
  }

  private async partiesOf(signal: AbortSignal): Promise<Parties> {
    const { api, subject } = this.context;
    const [apiServer, dns] = await Promise.all([
      api.find<Addressed>(PATHS.service("default", "kubernetes"), signal),
      api.find<Addressed>(PATHS.service("kube-system", "kube-dns"), signal),
    ]);
    const { clusterIP, ports } = apiServer?.spec ?? {};
    const port = ports?.[0]?.port;
    return {
      ...(clusterIP === undefined || port === undefined ? {} : { apiServer: { address: clusterIP, port } }),
      dns: dns !== undefined,
      kafka: subject.policy?.kafka,
      collector: subject.policy?.collector,
    };
  }
}

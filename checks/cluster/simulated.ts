/**
 * Pods that KWOK simulates: their status is written by a controller and no process stands behind them, unless one of
 * KWOK's own settings sends a port or a log to a real one.
 */
import type { ClusterApi } from "./api";
import type { KubeObject, Pod } from "./objects";
import { PATHS } from "./paths";

const KWOK_NODE = "kwok.x-k8s.io/node";

/** Whether KWOK makes up what a node and its pods are like, their addresses among it. */
export const isFakeNode = ({ metadata }: KubeObject): boolean => metadata.annotations?.[KWOK_NODE] === "fake";

interface Selector {
  readonly matchNamespaces?: readonly string[];
  readonly matchNames?: readonly string[];
}
type ForwardSetting = KubeObject<{
  readonly selector?: Selector;
  readonly forwards?: readonly { readonly ports?: readonly number[] }[];
}>;
type LogSetting = KubeObject<{
  readonly selector?: Selector;
  readonly logs?: readonly { readonly containers?: readonly string[] }[];
}>;

/** What of a cluster is simulated. */
export class Simulation {
  constructor(
    private readonly nodes: ReadonlySet<string>,
    private readonly forwards: readonly ForwardSetting[],
    private readonly logs: readonly LogSetting[],
  ) {}

  /** Reads nodes and KWOK's settings; the latter only where a node is simulated. @throws LookError */
  static async read(api: ClusterApi, namespaces: readonly string[], signal: AbortSignal): Promise<Simulation> {
    const nodes = await api.list<KubeObject>(PATHS.nodes, signal);
    const simulated = nodes.filter(isFakeNode);
    const names = new Set(simulated.map(({ metadata }) => metadata.name));
    if (names.size === 0) return new Simulation(names, [], []);
    const settings = async <T>(namespaced: (namespace: string) => string, clusterWide: string): Promise<T[]> => {
      const paths = [...namespaces.map(namespaced), clusterWide];
      return (await Promise.all(paths.map((path) => api.listIfKnown<T>(path, signal)))).flat();
    };
    return new Simulation(
      names,
      await settings<ForwardSetting>(PATHS.kwok.portForwards, PATHS.kwok.clusterPortForwards),
      await settings<LogSetting>(PATHS.kwok.logs, PATHS.kwok.clusterLogs),
    );
  }

  isSimulated(pod: Pod): boolean {
    return pod.spec?.nodeName !== undefined && this.isSimulatedNode(pod.spec.nodeName);
  }

  isSimulatedNode(name: string): boolean {
    return this.nodes.has(name);
  }

  /** Whether a real process stands behind this port of a simulated pod. */
  forwardsPort(pod: Pod, port: number): boolean {
    return settled(this.forwards, pod, ({ spec }) =>
      covers(
        spec?.forwards?.map(({ ports }) => ports),
        port,
      ),
    );
  }

  /** Whether a real log stands behind this container of a simulated pod. */
  hasLog(pod: Pod, container: string): boolean {
    return settled(this.logs, pod, ({ spec }) =>
      covers(
        spec?.logs?.map(({ containers }) => containers),
        container,
      ),
    );
  }
}

/** KWOK's order: a setting with the pod's own name decides alone; else the first cluster-wide one that covers it. */
function settled<T extends KubeObject<{ selector?: Selector }>>(
  settings: readonly T[],
  pod: Pod,
  isCovered: (setting: T) => boolean,
): boolean {
  const { name, namespace } = pod.metadata;
  const own = settings.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  if (own !== undefined) return isCovered(own);
  return settings.some(
    (setting) => setting.metadata.namespace === undefined && selects(setting, pod) && isCovered(setting),
  );
}

function selects({ spec }: KubeObject<{ selector?: Selector }>, { metadata }: Pod): boolean {
  const { matchNames, matchNamespaces } = spec?.selector ?? {};
  const holds = (list: readonly string[] | undefined, value: string | undefined): boolean =>
    list === undefined || list.length === 0 || (value !== undefined && list.includes(value));
  return holds(matchNames, metadata.name) && holds(matchNamespaces, metadata.namespace);
}

/** A row without a list of its own covers everything. */
function covers<T>(rows: readonly (readonly T[] | undefined)[] | undefined, value: T): boolean {
  return (rows ?? []).some((row) => row === undefined || row.length === 0 || row.includes(value));
}

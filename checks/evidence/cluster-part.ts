/** The part of the evidence that lists of the API hold. */
import { COMPONENTS } from "../../components/network-policies/endpoints";
import type { EndpointSlice, Event, KubeObject } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import type { Limit } from "../engine/limit";
import type { Evidence, PodEvidence, PodSummary } from "./evidence";
import type { Gaps } from "./gather";
import type {
  Model,
  NetworkPolicy,
  SeldonConfig,
  SeldonRuntime,
  Server,
  ServerConfig,
  Service,
  WirePod,
} from "./objects";
import { isOf, podEvidence, podSummary } from "./pods";
import { LookError } from "../verdict";

export type Lists = Pick<
  Evidence,
  | "pods"
  | "allPods"
  | "events"
  | "services"
  | "endpoints"
  | "policies"
  | "servers"
  | "serverConfigs"
  | "models"
  | "runtimes"
  | "seldonConfigs"
>;

/** Warnings that are kept; the newest are the ones that matter. */
const MAX_EVENTS = 500;

/** Lists of our namespaces, each read once. */
export async function clusterPart(
  context: CheckContext,
  gaps: Gaps,
  limit: Limit,
  signal: AbortSignal,
): Promise<Lists> {
  const { api, subject } = context;
  const { operatorNamespace } = subject;
  const everywhere = [...new Set([operatorNamespace, ...subject.namespaces])];
  const lists = <T extends KubeObject>(what: string, path: (namespace: string) => string, namespaces = everywhere) =>
    gaps.or(what, async () => {
      const all = await Promise.all(
        namespaces.map(async (namespace) => {
          const items = await limit(() => api.list<T>(path(namespace), signal));
          // Items of a list come without what the list itself says of them; the namespace is what rules tell them by.
          return items.map((item) => ({ ...item, metadata: { ...item.metadata, namespace } }));
        }),
      );
      return all.flat();
    });
  const [pods, events, services, endpoints, policies, servers, serverConfigs, models, runtimes, seldonConfigs] =
    await Promise.all([
      podsPart(context, everywhere, gaps, limit, signal),
      eventsPart(context, everywhere, gaps, limit, signal),
      lists<Service>("Services", PATHS.services),
      lists<EndpointSlice>("EndpointSlices", PATHS.endpointSlices),
      lists<NetworkPolicy>("NetworkPolicies", PATHS.networkPolicies),
      lists<Server>("Servers", PATHS.servers),
      lists<ServerConfig>("ServerConfigs", PATHS.serverConfigs, [operatorNamespace]),
      lists<Model>("Models", PATHS.models),
      lists<SeldonRuntime>("SeldonRuntimes", PATHS.seldonRuntimes),
      lists<SeldonConfig>("SeldonConfigs", PATHS.seldonConfigs, [operatorNamespace]),
    ]);
  return {
    ...pods,
    events: events ?? [],
    services,
    endpoints,
    policies,
    servers,
    serverConfigs,
    models,
    runtimes,
    seldonConfigs,
  };
}

/** Whoever else runs pods in these namespaces knows best how they are. */
const isSeldons = ({ metadata: { labels = {} } }: WirePod): boolean =>
  COMPONENTS.some((component) => isOf(component, { labels }));

/**
 * All pods of the cluster page by page, with what rules read of each. Where only our namespaces may be read, those.
 */
async function podsPart(
  { api }: CheckContext,
  namespaces: readonly string[],
  gaps: Gaps,
  limit: Limit,
  signal: AbortSignal,
): Promise<Pick<Evidence, "pods" | "allPods">> {
  const ours = new Set(namespaces);
  const pods: PodEvidence[] = [];
  const read = async (path: string, summaries: PodSummary[]): Promise<void> => {
    for await (const page of api.pages<WirePod>(path, signal)) {
      for (const pod of page) {
        summaries.push(podSummary(pod));
        if (ours.has(pod.metadata.namespace ?? "") && isSeldons(pod)) pods.push(podEvidence(pod));
      }
    }
  };
  try {
    const allPods: PodSummary[] = [];
    await limit(() => read(PATHS.allPods, allPods));
    return { pods, allPods };
  } catch (error) {
    if (!(error instanceof LookError)) throw error;
    gaps.add("pods of other namespaces", error);
    pods.length = 0;
  }
  const done = await gaps.or("pods", () =>
    Promise.all(namespaces.map((namespace) => limit(() => read(PATHS.pods(namespace), [])))),
  );
  return done === undefined ? {} : { pods };
}

async function eventsPart(
  { api }: CheckContext,
  namespaces: readonly string[],
  gaps: Gaps,
  limit: Limit,
  signal: AbortSignal,
): Promise<Event[] | undefined> {
  return gaps.or("events", async () => {
    const all = await Promise.all(
      namespaces.map(async (namespace) => {
        let kept: Event[] = [];
        for await (const page of api.pages<Event>(PATHS.events(namespace), signal, { fieldSelector: "type=Warning" })) {
          const slim = page.map(({ metadata, reason, message, type, count, lastTimestamp, involvedObject }) => ({
            metadata: { name: metadata.name, namespace },
            reason,
            message,
            type,
            count,
            lastTimestamp,
            involvedObject,
          }));
          kept = [...kept, ...slim].slice(-MAX_EVENTS);
        }
        return kept;
      }),
    );
    return limit(() => Promise.resolve(all.flat()));
  });
}

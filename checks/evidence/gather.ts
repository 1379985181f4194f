/** Gathers the evidence of a diagnosis: each thing once, in bounded time and memory. Changes nothing anywhere. */
import { setMaxListeners } from "node:events";
import type { Conditioned, Node } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import type { CheckContext } from "../context";
import { createLimit, type Limit } from "../engine/limit";
import { LookError, SkipError } from "../verdict";
import { clusterPart, type Lists } from "./cluster-part";
import { type Evidence, type Gap, keyOf, type MachineEvidence, type PodEvidence, type PodLook } from "./evidence";
import { HOST_PORTS_COMMAND, hostPortEntries } from "./host-ports";
import { lookInto } from "./look-into";
import type { CalicoPolicy, Installation, IpPool } from "./objects";
import { isOf, isWell, sampleOf } from "./pods";

export interface GatherOptions {
  /** Pods of one state that are looked into. @default 5 */
  readonly perState?: number;
  /** Pods that are looked into in all. @default 200 */
  readonly most?: number;
  /** Range of all pods, as the stack declares it. */
  readonly clusterCidr?: string;
  /** Told what is being done, a line each. */
  readonly onStep?: (text: string) => void;
  /** The moment of the look. @default now */
  readonly at?: Date;
}

export const DEFAULT_SAMPLE = { perState: 5, most: 200 } as const;

/** Requests at a time: enough that a round trip is no wait, and few enough for a small API server. */
const REQUESTS = 16;

/** Collects what could not be looked at, so that one missing right does not end the whole look. */
export class Gaps {
  readonly list: Gap[] = [];

  /** The answer, or undefined with a gap. */
  async or<T>(what: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      return await look();
    } catch (error) {
      this.add(what, error);
      return undefined;
    }
  }

  /** Something of many pods: told once for each reason. */
  once(what: string, reason: string, fix: string): void {
    if (!this.list.some((gap) => gap.what === what && gap.reason === reason)) this.list.push({ what, reason, fix });
  }

  add(what: string, error: unknown): void {
    if (error instanceof LookError) this.list.push({ what, reason: error.message, fix: error.fix });
    else if (error instanceof SkipError) this.list.push({ what, reason: error.message, fix: "nothing: it is so here" });
    else throw error;
  }
}

/** @throws LookError when the cluster itself cannot be looked at: no answer, no rights at all. */
export async function gather(context: CheckContext, options: GatherOptions, signal: AbortSignal): Promise<Evidence> {
  const { subject } = context;
  // Every request that runs listens to it, and node warns from the eleventh on.
  setMaxListeners(0, signal);
  const at = options.at ?? new Date();
  const say = options.onStep ?? (() => undefined);
  const gaps = new Gaps();
  const limit = createLimit(REQUESTS);
  say("reading the cluster's objects");
  // Machines answer slowly and need nothing of the cluster.
  const machines = machinesPart(context, gaps, signal);
  const [lists, calico, nodes] = await Promise.all([
    clusterPart(context, gaps, limit, signal),
    calicoPart(context, gaps, limit, signal),
    gaps.or("nodes", () => limit(() => context.api.list<Node>(PATHS.nodes, signal))),
  ]);
  const looks = await looksInto(context, lists, gaps, { ...options, at, onStep: say }, signal);
  return {
    at,
    subject,
    ...(options.clusterCidr === undefined ? {} : { clusterCidr: options.clusterCidr }),
    nodes,
    ...lists,
    ...calico,
    looks,
    machines: await machines,
    ...(subject.machines === undefined ? {} : { declared: subject.machines }),
    gaps: gaps.list,
    kubectl: (...words) => context.kubectl(...words),
    inspect: (machine) => context.hosts.repeat(machine),
  };
}

/** Pods that are not well, and what explains them and Models that are not Ready. */
async function looksInto(
  context: CheckContext,
  { pods = [], models = [] }: Lists,
  gaps: Gaps,
  options: GatherOptions & { readonly at: Date; readonly onStep: (text: string) => void },
  signal: AbortSignal,
): Promise<Map<string, PodLook>> {
  const { perState = DEFAULT_SAMPLE.perState, at, onStep } = options;
  const most = options.most ?? Math.max(DEFAULT_SAMPLE.most, perState);
  const unwell = pods.filter((pod) => !isWell(pod, at));
  const { chosen, left } = sampleOf(unwell, perState, most);
  const unplaced = models.some(
    ({ status }) => !status?.conditions?.some((one) => one.type === "Ready" && one.status === "True"),
  );
  // The scheduler's own log tells who is connected to it, whatever state it is in.
  const asked = unwell.length > 0 || unplaced ? pods.filter((pod) => isOf("scheduler", pod)) : [];
  const all = [...new Set<PodEvidence>([...chosen, ...asked])];
  if (left > 0) {
    gaps.list.push({
      what: `${left} of ${unwell.length} pods that are not well`,
      reason: "were not looked into, because others in the same state were; what the API says of them was read",
      fix: "--pods 1000 looks into more",
      chosen: true,
    });
  }
  if (all.length > 0) onStep(`looking into ${all.length} pods: logs, and ports on their loopback`);
  const limit = createLimit(REQUESTS);
  const entries = await Promise.all(
    all.map((pod) => limit(async () => [keyOf(pod), await lookInto(context, pod, gaps, signal)] as const)),
  );
  return new Map(entries);
}

/** Calico's objects; undefined where the cluster does not know their kinds. */
async function calicoPart(context: CheckContext, gaps: Gaps, limit: Limit, signal: AbortSignal) {
  const { api } = context;
  const known = <T>(what: string, path: string): Promise<T[] | undefined> =>
    gaps.or(what, () => limit(() => api.listWhereKnown<T>(path, signal)));
  const [tigera, installation, pools, global, namespaced] = await Promise.all([
    known<Conditioned>("TigeraStatus", PATHS.tigeraStatuses),
    gaps.or("Installation", async () => {
      const [first] =
        (await limit(() => api.listWhereKnown<Installation>(PATHS.installation.replace(/\/default$/, ""), signal))) ??
        [];
      return first;
    }),
    known<IpPool>("IPPools", PATHS.ipPools),
    known<CalicoPolicy>("GlobalNetworkPolicies", PATHS.calico("globalnetworkpolicies")),
    known<CalicoPolicy>("Calico's NetworkPolicies", PATHS.calico("networkpolicies")),
  ]);
  const calicoPolicies =
    global === undefined && namespaced === undefined ? undefined : [...(global ?? []), ...(namespaced ?? [])];
  return { tigera, installation, pools, calicoPolicies };
}

/** What the declared machines say of themselves; undefined where the stack declares none. */
async function machinesPart(
  context: CheckContext,
  gaps: Gaps,
  signal: AbortSignal,
): Promise<MachineEvidence[] | undefined> {
  if (context.subject.machines === undefined) {
    gaps.list.push({
      what: "machines",
      reason: "the stack declares none, so rules about leftovers, host ports and K3s' flags say nothing",
      fix: "look at them where they are managed",
      chosen: true,
    });
    return undefined;
  }
  const found = await Promise.all(
    context.hosts.targets.map(({ name }) =>
      gaps.or(`machine ${name}`, async (): Promise<MachineEvidence> => {
        const { facts } = await context.hosts.look(name);
        const entries = facts.chains.some((chain) => chain.name === "CNI-HOSTPORT-DNAT")
          ? await gaps.or(`host ports of ${name}`, async () =>
              hostPortEntries((await context.hosts.asRoot(name, HOST_PORTS_COMMAND, { signal })).stdout),
            )
          : [];
        return { name, facts, ...(entries === undefined ? {} : { hostPorts: entries }) };
      }),
    ),
  );
  return found.filter((machine) => machine !== undefined);
}

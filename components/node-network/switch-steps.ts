/** The order in which a live change of the CNI goes over the nodes, as data. Pure; what each step does is not here. */
import { declaredHosts } from "../../config/derive";
import type { Cni } from "../../config/schema";
import { batches } from "../machines/batches";
import { convertedCount, isMixed, type NodeNetworkInput } from "./drop-ins";

/**
 * - `guard`: the guard rule stands.
 * - `backend`: a server gets `90-cni.yaml`, an agent learns from its server; K3s restarts with the new CNI. Containers keep
 *   running.
 * - `pods`: the node's pods are recreated within their disruption budgets and proven across nodes.
 * - `policy`: a server gets `91-policy.yaml`; K3s restarts with or without its policy controller.
 * - `clean`: what the old CNI left behind is removed from the node and verified gone.
 */
export type StepKind = "guard" | "backend" | "pods" | "policy" | "clean";

export interface SwitchStep {
  /** `<kind>/<host>`. */
  readonly id: string;
  readonly kind: StepKind;
  readonly host: string;
  /** Steps that must have succeeded; what those wait for is implied. */
  readonly after: readonly string[];
  /** The machines that go through these steps at the same time, this one included. */
  readonly batch: readonly string[];
}

type Hosts = ReturnType<typeof declaredHosts>;

/** One pass over the nodes. */
interface Round {
  readonly kinds: readonly StepKind[];
  readonly hosts: Hosts;
  /** Agents at a time; servers go one at a time unless `together`. */
  readonly agents: number;
  /** All nodes at once. @default false */
  readonly together?: boolean;
}

/** Each batch after the one before, on each node the kinds in turn. */
function pass(
  { kinds, hosts, agents, together }: Round,
  start: readonly string[],
): {
  steps: SwitchStep[];
  end: readonly string[];
} {
  const steps: SwitchStep[] = [];
  let end = start;
  for (const batch of together === true ? [hosts] : batches(hosts, agents)) {
    const before = end;
    const names = batch.map(({ host }) => host.name);
    end = batch.flatMap(({ host }) =>
      kinds.reduce<readonly string[]>((after, kind) => {
        const id = `${kind}/${host.name}`;
        steps.push({ id, kind, host: host.name, after, batch: names });
        return [id];
      }, before),
    );
  }
  return { steps, end };
}

/** What rounds are made of: all nodes, those that get the new CNI, whether that is less than all, agents at a time. */
interface RoundInput {
  readonly hosts: Hosts;
  readonly moved: Hosts;
  readonly mixed: boolean;
  readonly agents: number;
}
type Rounds = (input: RoundInput) => readonly Round[];

/**
 * Live. To Calico: node by node backend and pods, and only when the last pod has moved the policy controller of K3s goes,
 * from agents too, and what it and Flannel left with it.
 *
 * Back to Flannel the policy controller comes before the first pod moves: at every moment somebody enforces the policies of
 * every pod. Then all nodes get Flannel, and only then pods move: Calico runs on every node beforehand, but a node has no
 * route to Flannel's pods before its own K3s runs Flannel (in the lab no answer, from either side).
 */
const LIVE: Readonly<Record<Cni, Rounds>> = {
  calico: ({ hosts, moved, mixed, agents }) => [
    { kinds: ["backend", "pods"], hosts: moved, agents },
    { kinds: ["policy", "clean"], hosts: mixed ? [] : hosts, agents },
  ],
  flannel: ({ hosts, moved, agents }) => [
    { kinds: ["policy"], hosts, agents },
    { kinds: ["backend"], hosts, agents },
    { kinds: ["pods"], hosts: moved, agents },
  ],
};

/**
 * In a maintenance window: all settings, then all pods at once. Servers still restart one at a time: a window is no reason
 * to lose the API server.
 */
const WINDOW: Readonly<Record<Cni, Rounds>> = {
  calico: ({ hosts }) => [
    { kinds: ["backend", "policy"], hosts, agents: Infinity },
    { kinds: ["pods"], hosts, agents: 1, together: true },
    { kinds: ["clean"], hosts, agents: 1, together: true },
  ],
  flannel: ({ hosts }) => [
    { kinds: ["policy", "backend"], hosts, agents: Infinity },
    { kinds: ["pods"], hosts, agents: 1, together: true },
  ],
};

/**
 * The settings of a cluster that no change is under way on: each machine finds nothing to do, or, where something was changed
 * by hand and `hosts.converge` was raised, is put right; never two servers at once.
 */
export function settledSteps(input: NodeNetworkInput): SwitchStep[] {
  const hosts = declaredHosts(input);
  return pass({ kinds: ["backend", "policy"], hosts, agents: input.hosts?.batch ?? 1 }, []).steps;
}

/**
 * The steps of the change that `cni.leaving` asks for; none when no CNI is being left. With `cni.upTo` the pass ends after
 * so many nodes, and K3s' policy controller stays. Calico's leftovers are cleaned by `CniDeparture`, after Calico itself has
 * gone; Flannel's end with the last pod that it connected, so they go here.
 */
export function switchSteps(input: NodeNetworkInput): SwitchStep[] {
  if (input.cni.leaving === undefined) return [];
  const hosts = declaredHosts(input);
  const rounds = (input.cni.mode === "window" ? WINDOW : LIVE)[input.cni.provider]({
    hosts,
    moved: hosts.slice(0, convertedCount(input)),
    mixed: isMixed(input),
    agents: input.hosts?.batch ?? 1,
  });
  const first: Round = { kinds: ["guard"], hosts, agents: 1, together: true };
  let end: readonly string[] = [];
  return [first, ...rounds].flatMap((round) => {
    const { steps, end: last } = pass(round, end);
    // A round over no node hands on what it was to wait for.
    end = last;
    return steps;
  });
}

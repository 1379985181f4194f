/** The order in which a live change of the CNI goes over the nodes, as data. Pure; what each step does is not here. */
import { declaredHosts } from "../../config/derive";
import { convertedCount, isMixed, type NodeNetworkInput } from "./drop-ins";

/**
 * - `guard`: the guard rule stands.
 * - `backend`: a server gets `90-cni.yaml`; K3s restarts with the new CNI. Containers keep running.
 * - `pods`: the node's pods are recreated within their disruption budgets and proven across nodes.
 * - `policy`: a server gets `91-policy.yaml`; K3s restarts with or without its policy controller.
 */
export type StepKind = "guard" | "backend" | "pods" | "policy";

export interface SwitchStep {
  /** `<kind>/<host>`. */
  readonly id: string;
  readonly kind: StepKind;
  readonly host: string;
  /** Steps that must have succeeded; what those wait for is implied. */
  readonly after: readonly string[];
}

/** How many agents change at a time: bounds the pods that are on the move, and what a faulty step can reach. */
export const AGENT_BATCH = 5;

type Hosts = ReturnType<typeof declaredHosts>;

/** Servers one at a time (etcd's quorum, and agents learn the setting from them), then agents in batches. */
function batches(hosts: Hosts): string[][] {
  const servers = hosts.filter(({ role }) => role === "server").map(({ host }) => [host.name]);
  const agents = hosts.filter(({ role }) => role === "agent").map(({ host }) => host.name);
  const count = Math.ceil(agents.length / AGENT_BATCH);
  return [
    ...servers,
    ...Array.from({ length: count }, (_, index) => agents.slice(index * AGENT_BATCH, (index + 1) * AGENT_BATCH)),
  ];
}

/** One pass over the nodes: each batch after the one before, on each node the kinds in turn. */
function pass(
  kinds: readonly StepKind[],
  hosts: Hosts,
  start: readonly string[],
): { steps: SwitchStep[]; end: readonly string[] } {
  const steps: SwitchStep[] = [];
  let end = start;
  for (const batch of batches(hosts)) {
    const before = end;
    end = batch
      .map((host) =>
        kinds.reduce<readonly string[]>((after, kind) => {
          const id = `${kind}/${host}`;
          steps.push({ id, kind, host, after });
          return [id];
        }, before),
      )
      .flat();
  }
  return { steps, end };
}

/**
 * The steps of the change that `cni.leaving` asks for; none when no CNI is being left.
 *
 * To Calico: guard rules everywhere, then node by node backend and pods, and only when the last pod has moved the
 * policy controller of K3s goes. Back to Flannel it comes before the first pod moves: at every moment somebody enforces
 * the policies of every pod. With `cni.upTo` the pass ends after so many nodes, and the controller stays.
 */
export function switchSteps(input: NodeNetworkInput): SwitchStep[] {
  if (input.cni.leaving === undefined) return [];
  const hosts = declaredHosts(input);
  const guards = hosts.map(({ host }) => ({
    id: `guard/${host.name}`,
    kind: "guard" as const,
    host: host.name,
    after: [],
  }));
  const moved = hosts.slice(0, convertedCount(input));
  const policyFirst = input.cni.provider === "flannel";
  const rounds: readonly (readonly [readonly StepKind[], Hosts])[] = policyFirst
    ? [
        [["policy"], hosts],
        [["backend", "pods"], moved],
      ]
    : [
        [["backend", "pods"], moved],
        [["policy"], isMixed(input) ? [] : hosts],
      ];
  let end: readonly string[] = guards.map(({ id }) => id);
  const steps: SwitchStep[] = [...guards];
  for (const [kinds, nodes] of rounds) {
    const round = pass(kinds, nodes, end);
    steps.push(...round.steps);
    end = round.end;
  }
  return steps;
}

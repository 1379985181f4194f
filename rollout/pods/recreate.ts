/** Recreates all pods of a node that something holds true for: an address of the CNI that is being left. */
import { createLimit } from "../../checks/engine/limit";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import type { Pace } from "../cli/pace";
import type { Cluster } from "../../checks/cluster/cluster";
import { type Pod, showPod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { done, forAWhile, waiting, type WaitOptions } from "../../checks/cluster/wait";
import type { Mover } from "./mover";
import { isBare, mayBecomeReady, type Place } from "../../checks/cluster/select";
import type { Workload, Workloads } from "./workload";

export interface RecreateOptions {
  readonly cluster: Cluster;
  readonly workloads: Workloads;
  readonly mover: Mover;
  readonly wait: WaitOptions;
  readonly node: string;
  /** What is to be done with a pod. */
  readonly place: (pod: Pod) => Place;
  /** What the pods that move have in common, such as `an address of 10.42.0.0/24`. */
  readonly why: string;
  readonly allowBarePods: boolean;
  /** Workloads that are worked on at the same time. */
  readonly parallel: number;
  readonly pace: Pace;
}

interface Group {
  readonly workload: Workload | undefined;
  readonly pods: Pod[];
}

/** All pods of a node. @throws LookError */
export const podsOn = (cluster: Cluster, node: string): Promise<Pod[]> =>
  cluster.list<Pod>(PATHS.allPods, { fieldSelector: `spec.nodeName=${node}` });

/**
 * Refuses pods that nothing makes again, before any pod is taken away.
 * @throws ToolError with their names.
 */
export function refuseBarePods(pods: readonly Pod[], { place, node, allowBarePods }: RecreateOptions): void {
  const bare = pods.filter((pod) => place(pod) === "move" && isBare(pod)).map(showPod);
  if (bare.length === 0 || allowBarePods) return;
  throw new ToolError(
    [
      `${node} has pods without a controller, which nothing would make again:`,
      ...bare.sort().map((name) => `- ${name}`),
      "fix: delete them or give them a controller, then run this again; or set allowBarePods, which deletes them",
    ].join("\n"),
    EXIT.failed,
  );
}

/**
 * Recreates pod after pod until the node has none left; how many there were.
 * @throws ToolError when K3s on the node still hands out old addresses, or a workload does not come back.
 */
export async function recreatePods(options: RecreateOptions): Promise<number> {
  const { cluster, node, place, why, wait } = options;
  const known = new Set<string>();
  for (let moved = 0, first = true; ; first = false) {
    const pods = await settled(options);
    refuseBarePods(pods, options);
    const left = pods.filter((pod) => place(pod) === "move");
    if (left.length === 0) return moved;
    if (first) await letPodsBecomeReady(options);
    if (first) wait.say(`${left.length === 1 ? "1 pod has" : `${left.length} pods have`} ${why}`);
    const fresh = first ? [] : left.filter(({ metadata }) => !known.has(metadata.uid ?? ""));
    if (fresh.length > 0) throw stillOld(options, fresh);
    for (const { metadata } of await podsOn(cluster, node)) known.add(metadata.uid ?? "");
    await moveAll(await groupsOf(left, options), options);
    moved += left.length;
  }
}

/** A pod that was made after this run had begun, and has an old address all the same. */
const stillOld = ({ node, why }: RecreateOptions, pods: readonly Pod[]): ToolError =>
  new ToolError(
    [
      `new pods on ${node} still have ${why}:`,
      ...pods.map((pod) => `- ${showPod(pod)}: ${pod.status?.podIP}`),
      `fix: run the settings step of ${node} again, so that its K3s restarts with the other CNI, then this one`,
    ].join("\n"),
    EXIT.failed,
  );

/** After a restart of the kubelet pods are not Ready for a moment; taken away then, they would not be waited for. */
async function letPodsBecomeReady({ cluster, node, pace, place, wait }: RecreateOptions): Promise<void> {
  await forAWhile(
    `the pods of ${node} that run are Ready`,
    pace.completeMs,
    async () => {
      const pods = (await podsOn(cluster, node)).filter((pod) => place(pod) === "move" && mayBecomeReady(pod));
      return pods.length === 0 ? done(true) : waiting(pods.map(showPod).join(", "));
    },
    wait,
  );
}

/** The node's pods when each has told its address, or has no network yet. @throws ToolError for one that does neither. */
async function settled({ cluster, node, place, wait, pace }: RecreateOptions): Promise<Pod[]> {
  let pods: Pod[] = [];
  const look = await forAWhile(
    `the addresses of ${node}'s pods are known`,
    pace.addressMs,
    async () => {
      pods = await podsOn(cluster, node);
      const open = pods.filter((pod) => place(pod) === "wait");
      return open.length === 0 ? done(true) : waiting(open.map(describe).join(", "));
    },
    wait,
  );
  if ("waiting" in look) {
    throw new ToolError(
      `${node}: pods that are neither connected nor gone: ${look.waiting}; fix: see why (kubectl describe pod), or delete them, then run this again`,
      EXIT.failed,
    );
  }
  const unconnected = pods.filter((pod) => place(pod) === "unconnected").map(showPod);
  if (unconnected.length > 0) wait.say(`not connected yet, so left alone: ${unconnected.join(", ")}`);
  return pods;
}

const describe = (pod: Pod): string =>
  `${showPod(pod)} (${pod.metadata.deletionTimestamp === undefined ? "no address yet" : "being deleted"})`;

/** Workloads in the order in which they are begun: what budgets protect, then DaemonSets, then Jobs, then bare pods. */
const ORDER: Readonly<Record<string, number>> = { DaemonSet: 1, Job: 2 };
const rank = ({ workload }: Group): number => (workload === undefined ? 3 : (ORDER[workload.kind] ?? 0));

async function groupsOf(pods: readonly Pod[], { workloads }: RecreateOptions): Promise<Group[]> {
  const groups = new Map<string, Group>();
  for (const pod of pods) {
    const workload = await workloads.of(pod);
    const key = workload?.uid ?? `pod ${pod.metadata.uid}`;
    const group = groups.get(key) ?? { workload, pods: [] };
    group.pods.push(pod);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => rank(a) - rank(b));
}

/**
 * Different workloads side by side, the pods of one one after the other. After the first fault no further pod is taken
 * away: what broke one workload may break the next. What is under way is seen through.
 */
async function moveAll(groups: readonly Group[], { mover, parallel }: RecreateOptions): Promise<void> {
  const limit = createLimit(parallel);
  const faults: unknown[] = [];
  const moveGroup = async ({ pods, workload }: Group): Promise<void> => {
    for (const pod of pods) {
      if (faults.length > 0) return;
      await moveOne(mover, pod, workload).catch((error: unknown) => void faults.push(error));
    }
  };
  await Promise.all(groups.map((group) => limit(() => moveGroup(group))));
  if (faults.length === 0) return;
  const [first] = faults;
  if (faults.length === 1 || faults.some((fault) => !(fault instanceof ToolError))) throw first;
  throw new ToolError(faults.map((fault) => (fault as ToolError).message).join("\n"), EXIT.failed);
}

const moveOne = (mover: Mover, pod: Pod, workload: Workload | undefined): Promise<void> =>
  workload === undefined ? mover.removeBare(pod) : mover.move(pod, workload);

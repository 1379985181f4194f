/** Takes one pod away: by the Eviction API, which honours disruption budgets, or by deletion. */
import type { Cluster } from "../../checks/cluster/cluster";
import { type Pod, showPod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { Refusal } from "../../checks/cluster/refusal";
import { done, type Look, until, waiting, type WaitOptions } from "../../checks/cluster/wait";

/**
 * Evicts a pod as soon as its disruption budget allows it.
 * @throws ToolError at the end of the time, naming the budget.
 * @throws Refusal when it can never be evicted: two budgets select it, or the right is missing.
 */
export function evict(cluster: Cluster, pod: Pod, wait: WaitOptions): Promise<void> {
  const { name, namespace = "", uid } = pod.metadata;
  const body = {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name, namespace },
    deleteOptions: { preconditions: { uid } },
  };
  const ask = async (): Promise<Look<void>> => {
    try {
      await cluster.send({ method: "POST", path: PATHS.eviction(namespace, name), body });
      return done(undefined);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.status === 404) return done(undefined);
      // Another pod under the same name, or the pod changed at that moment.
      if (error.status === 409) return (await isStillThere(cluster, pod)) ? waiting(error.words) : done(undefined);
      if (error.status === 429) return waiting(error.causeOf("DisruptionBudget") ?? error.words);
      throw error;
    }
  };
  return until(`the disruption budget lets Pod ${showPod(pod)} go`, ask, wait);
}

/** Whether the very pod exists and nobody has begun to take it away. */
async function isStillThere(cluster: Cluster, { metadata }: Pod): Promise<boolean> {
  const found = await cluster.find<Pod>(PATHS.pod(metadata.namespace ?? "", metadata.name));
  return found?.metadata.uid === metadata.uid && found?.metadata.deletionTimestamp === undefined;
}

/** Deletes a pod with its own grace period. */
export async function remove(cluster: Cluster, pod: Pod): Promise<void> {
  const { name, namespace = "", uid } = pod.metadata;
  await cluster.remove(PATHS.pod(namespace, name), { uid });
}

/** Waits until a pod is gone: its containers have ended and its sandbox has been taken down. */
export function untilGone(cluster: Cluster, pod: Pod, wait: WaitOptions): Promise<void> {
  const { name, namespace = "", uid } = pod.metadata;
  return until(
    `Pod ${showPod(pod)} is gone`,
    async () => {
      const found = await cluster.find<Pod>(PATHS.pod(namespace, name));
      if (found === undefined || found.metadata.uid !== uid) return done(undefined);
      const finalizers = found.metadata.finalizers ?? [];
      return waiting(finalizers.length === 0 ? "its containers are ending" : `finalizers: ${finalizers.join(", ")}`);
    },
    wait,
  );
}

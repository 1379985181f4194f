/** Recreates one pod at a time of each workload, and sees the workload complete again before the next. */
import { podLines } from "../../checks/cluster/pod-evidence";
import { EXIT } from "../../checks/exit-codes";
import { ToolError } from "../../tools/cli";
import type { Pace } from "../cli/pace";
import type { Cluster } from "../../checks/cluster/cluster";
import { isReady, type Pod, showPod } from "../../checks/cluster/objects";
import { PATHS } from "../../checks/cluster/paths";
import { done, forAWhile, type Look, until, waiting, type WaitOptions } from "../../checks/cluster/wait";
import { evict, remove, untilGone } from "./evict";
import type { WorkloadLock } from "./lock";
import { claimsHostPort } from "../../checks/cluster/select";
import { type Completeness, showWorkload, type Workload, type Workloads } from "./workload";

export interface MoverOptions {
  readonly cluster: Cluster;
  readonly workloads: Workloads;
  readonly lock: WorkloadLock;
  readonly wait: WaitOptions;
  /** Called when a pod that claimed a host port is gone, before its replacement can be Ready. */
  readonly cleanHostPorts: () => Promise<void>;
  /** Also move pods of workloads that lack replicas anyway. */
  readonly allowIncomplete: boolean;
  /** How long a Job's pod may go on before it is evicted, in milliseconds. */
  readonly jobMs: number;
  readonly pace: Pace;
}

export class Mover {
  constructor(private readonly options: MoverOptions) {}

  /**
   * Recreates a pod. Does nothing when it is gone already.
   * @throws ToolError when the workload is incomplete, or at the end of the time, with what was missing.
   */
  async move(pod: Pod, workload: Workload): Promise<void> {
    if (workload.kind === "Job") await this.letJobEnd(pod);
    const { lock, wait } = this.options;
    await lock.hold(workload, wait, async () => {
      const present = await this.presentState(pod);
      if (present === undefined) return;
      const before = await this.untilComplete(present, workload);
      await this.takeAway(pod, workload);
      if (before !== undefined) await this.untilBack(workload, before);
    });
  }

  /** A pod that nothing makes again: allowed by name, deleted, and not waited for. */
  async removeBare(pod: Pod): Promise<void> {
    const { cluster, pace, wait } = this.options;
    wait.say(`deleting Pod ${showPod(pod)}, which nothing makes again`);
    await evict(cluster, pod, { ...wait, everyMs: pace.evictMs });
    await untilGone(cluster, pod, wait);
    if (claimsHostPort(pod)) await this.options.cleanHostPorts();
  }

  /** The pod as it is now; undefined when it is gone. */
  private async presentState({ metadata }: Pod): Promise<Pod | undefined> {
    const found = await this.options.cluster.find<Pod>(PATHS.pod(metadata.namespace ?? "", metadata.name));
    return found?.metadata.uid === metadata.uid ? found : undefined;
  }

  /** Work that ends by itself is not done twice, if it ends soon. */
  private async letJobEnd(pod: Pod): Promise<void> {
    const { cluster, wait, jobMs } = this.options;
    const look = await forAWhile(
      `the Job's Pod ${showPod(pod)} ends`,
      jobMs,
      async () => {
        const found = await cluster.find<Pod>(PATHS.pod(pod.metadata.namespace ?? "", pod.metadata.name));
        if (found?.metadata.uid !== pod.metadata.uid) return done(true);
        const phase = found?.status?.phase ?? "unknown";
        return phase === "Succeeded" || phase === "Failed" ? done(true) : waiting(phase);
      },
      wait,
    );
    if ("waiting" in look)
      wait.say(`Pod ${showPod(pod)} of a Job has not ended; it is evicted and the Job starts another`);
  }

  /**
   * Waits until the workload lacks nothing but perhaps this very pod.
   * @returns how many pods must be Ready again afterwards; undefined when nothing is to be waited for.
   */
  private async untilComplete(pod: Pod, workload: Workload): Promise<number | undefined> {
    const { allowIncomplete, pace, wait, workloads } = this.options;
    const isServing = isReady(pod);
    let last: Completeness | undefined;
    const look = await forAWhile(
      `${showWorkload(workload)} is complete`,
      allowIncomplete || !isServing ? 0 : pace.completeMs,
      async (): Promise<Look<true>> => {
        last = await workloads.completeness(workload);
        if (last === undefined || last.wanted === undefined || last.ready.length >= last.wanted) return done(true);
        return waiting(`${last.ready.length} of ${last.wanted} pods are Ready`);
      },
      wait,
    );
    if (last === undefined || workload.kind === "Job") return undefined;
    // A pod that is not Ready serves nobody: nothing is lost by recreating it, and nothing promises that it comes back.
    if (!isServing) return undefined;
    if ("waiting" in look && !allowIncomplete) {
      throw new ToolError(
        `${showWorkload(workload)}: ${look.waiting}, so its Pod ${showPod(pod)} is not taken away; fix: mend the workload and run this again`,
        EXIT.failed,
      );
    }
    return last.ready.length;
  }

  private async takeAway(pod: Pod, workload: Workload): Promise<void> {
    const { cluster, wait, pace, cleanHostPorts } = this.options;
    // The Eviction API would not let DaemonSets' pods go any better: they come back to the same node.
    const isDaemon = workload.kind === "DaemonSet";
    wait.say(`${isDaemon ? "deleting" : "evicting"} Pod ${showPod(pod)} of ${showWorkload(workload)}`);
    if (isDaemon) await remove(cluster, pod);
    else await evict(cluster, pod, { ...wait, everyMs: pace.evictMs });
    await untilGone(cluster, pod, wait);
    if (claimsHostPort(pod)) await cleanHostPorts();
  }

  /** Waits until as many pods as before are Ready, and have been for a moment. */
  private async untilBack(workload: Workload, before: number): Promise<void> {
    const { wait, workloads, pace } = this.options;
    let since: { readonly pods: string; readonly at: number } | undefined;
    const names = await until(
      `${showWorkload(workload)} is back`,
      async () => {
        const found = await workloads.completeness(workload);
        if (found === undefined) return done("it was deleted");
        const goal = Math.min(before, found.wanted ?? before);
        if (found.ready.length < goal) return waiting(await this.whatLacks(workload, found, goal));
        const pods = found.ready
          .map(({ metadata }) => metadata.uid)
          .sort()
          .join();
        if (since?.pods !== pods) since = { pods, at: performance.now() };
        if (performance.now() - since.at < pace.settleMs) return waiting(`${found.ready.length} Ready, for a moment`);
        return done(`${found.ready.length} of ${found.wanted ?? before} Ready`);
      },
      { ...wait, say: (text) => void (text.endsWith("for a moment") || wait.say(text)) },
    );
    wait.say(`${showWorkload(workload)}: ${names}`);
  }

  /** Why a workload is not back: its pods that are not Ready, in Kubernetes' own words. */
  private async whatLacks(workload: Workload, { ready }: Completeness, goal: number): Promise<string> {
    const { cluster, workloads } = this.options;
    const lines: string[] = [];
    for (const pod of await cluster.list<Pod>(PATHS.pods(workload.namespace))) {
      if (isReady(pod) || pod.metadata.deletionTimestamp !== undefined) continue;
      if ((await workloads.of(pod))?.uid === workload.uid) lines.push(...podLines(pod));
    }
    return [`${ready.length} of ${goal} pods are Ready`, ...lines.slice(0, 4)].join("; ");
  }
}

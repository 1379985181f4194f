/** What a probe pod's object says. Pure. */
import { conditionOf, type Pod } from "../cluster/objects";
import { podLines } from "../cluster/pod-evidence";
import type { ProbePodSpec } from "./manifest";

/** A pod that runs and can be asked. */
export interface ReadyPod {
  readonly spec: ProbePodSpec;
  readonly name: string;
  readonly address: string;
}

/** A pod that cannot be asked, and what Kubernetes knows about it. */
export interface FailedPod {
  readonly spec: ProbePodSpec;
  readonly name: string;
  readonly problem: string;
  readonly evidence: readonly string[];
}
export type PodState = ReadyPod | FailedPod;

export const isUp = (state: PodState): state is ReadyPod => "address" in state;
export const isDown = (state: PodState): state is FailedPod => !isUp(state);

/** What a pod's object says: whether it can be asked, and whether waiting can change that. Pure. */
export function stateOf(spec: ProbePodSpec, name: string, pod: Pod | undefined): { state: PodState; final: boolean } {
  const failed = (problem: string, final: boolean) => ({
    state: { spec, name, problem, evidence: pod === undefined ? [] : podLines(pod) },
    final,
  });
  if (pod === undefined) return failed("it is not there", false);
  const { phase, podIP } = pod.status ?? {};
  if (phase === "Failed" || phase === "Succeeded") return failed(`it has ended (${phase})`, true);
  if (conditionOf(pod, "ContainersReady")?.status !== "True" || podIP === undefined) {
    return failed("its kubelet has not reached it yet", false);
  }
  return { state: { spec, name, address: podIP }, final: true };
}

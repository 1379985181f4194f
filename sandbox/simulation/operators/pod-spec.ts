/** What the stack lays over the pods of Seldon Core's operator (2.9.1 and 2.10.2, `patch_utils.go` MergePodSpecs). Pure. */
import { fields } from "../../api/objects";
import type { WorkloadSpec } from "./workload";

/** What the setup chart says about every pod of the runtime, and about no container (2.9.1 and 2.10.2). */
const CHART = { fsGroup: 1000, runAsUser: 1000, runAsGroup: 1000, runAsNonRoot: true };

type Pod = Required<Pick<WorkloadSpec, "containers" | "securityContext" | "containerSecurity">>;

/**
 * The chart's containers with a `podSpec` over them: containers merged by name, one of another name added after them.
 * Only security contexts are taken over, by which Pod Security admits a pod. Where a pod is to run, what it mounts and how
 * much it wants is not, because simulated nodes have no pools, devices or volumes.
 */
export function withPodSpec(own: readonly string[], podSpec: unknown): Pod {
  const over = fields(podSpec);
  const list = Array.isArray(over["containers"]) ? over["containers"].map(fields) : [];
  const names = list.map(({ name }) => String(name));
  const secured = list.flatMap(({ name, securityContext }): [string, object][] =>
    securityContext === undefined ? [] : [[String(name), fields(securityContext)]],
  );
  return {
    containers: [...new Set([...own, ...names])],
    securityContext: { ...CHART, ...fields(over["securityContext"]) },
    containerSecurity: Object.fromEntries(secured),
  };
}

/** Whether a Deployment or StatefulSet has become what was last asked of it. */
import type { Expectation } from "../check";
import { workloadEvidence } from "../cluster/pod-evidence";
import type { ScaledWorkload } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import { quote, type CheckContext } from "../context";
import type { Workload } from "../subject";
import { fail, pass } from "../verdict";

/** How many replicas a workload must ask for: a number as both bounds, or what an autoscaler may choose. */
export interface ReplicaBounds {
  readonly least: number;
  readonly most: number;
}

const showBounds = ({ least, most }: ReplicaBounds): string => (least === most ? String(least) : `${least} to ${most}`);

/**
 * @param replicas How many are expected; absent: as many as the workload itself asks for, and at least one.
 */
export function workloadExpectation(
  context: CheckContext,
  namespace: string,
  workload: Workload,
  replicas?: ReplicaBounds,
): Expectation {
  const { kind, name } = workload;
  const words = ["-n", namespace, "describe", kind.toLowerCase(), quote(name)];
  return {
    target: `${kind} ${namespace}/${name}`,
    expected: `${replicas === undefined ? "all" : showBounds(replicas)} replicas ready, of the last generation`,
    repeat: context.kubectl("-n", namespace, "get", kind.toLowerCase(), quote(name), "-o yaml"),
    probe: async (signal) => {
      const found = await context.api.find<ScaledWorkload>(PATHS.workload("apps/v1", kind, namespace, name), signal);
      const problem = found === undefined ? "it does not exist" : problemOf(found, replicas);
      if (problem === undefined) return pass(`${found?.status?.readyReplicas ?? 0} ready`);
      const evidence = await workloadEvidence(context, namespace, name, signal);
      const operator = found === undefined ? await operatorEvidence(context, signal) : [];
      return fail(problem, { evidence: [...evidence, ...operator], fix: context.kubectl(...words) });
    },
  };
}

/** What a workload lacks, or undefined. Pure. */
export function problemOf({ metadata, spec, status }: ScaledWorkload, replicas?: ReplicaBounds): string | undefined {
  const { generation = 0 } = metadata;
  const seen = status?.observedGeneration ?? 0;
  if (seen < generation) return `its controller has seen generation ${seen} of ${generation}`;
  const asked = spec?.replicas ?? 1;
  if (replicas !== undefined && (asked < replicas.least || asked > replicas.most)) {
    return `it asks for ${asked} replicas, declared are ${showBounds(replicas)}`;
  }
  if (replicas === undefined && asked === 0) return "it is scaled to 0";
  const ready = status?.readyReplicas ?? 0;
  if (ready < asked) return `${ready} of ${asked} replicas ready`;
  const updated = status?.updatedReplicas;
  if (updated !== undefined && updated < asked) return `${updated} of ${asked} replicas updated`;
  return undefined;
}

const OPERATOR = "seldon-v2-controller-manager";

/** Workloads that do not exist are made by Seldon's operator, so its state is the next question. */
async function operatorEvidence(context: CheckContext, signal: AbortSignal): Promise<string[]> {
  const namespace = context.subject.operatorNamespace;
  const path = PATHS.workload("apps/v1", "Deployment", namespace, OPERATOR);
  const operator = await context.api.find<ScaledWorkload>(path, signal).catch((): undefined => undefined);
  const state = operator === undefined ? "does not exist" : (problemOf(operator) ?? "is ready");
  const outcome = `Seldon's operator, Deployment ${namespace}/${OPERATOR}, ${state}`;
  return state === "is ready"
    ? [outcome]
    : [outcome, ...(await workloadEvidence(context, namespace, OPERATOR, signal))];
}

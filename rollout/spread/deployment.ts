/** How a Deployment is made to run twice, and what it was before. Pure. */
import type { LabelSelector, KubeObject } from "../../checks/cluster/objects";

/** How many replicas, on as many nodes. */
export const WANTED = 2;
/** Holds a {@link Before} as JSON. */
export const SPREAD_ANNOTATION = "seldon-k3s/before-spread";

export type Deployment = KubeObject<
  {
    readonly replicas?: number;
    readonly selector?: LabelSelector;
    readonly strategy?: { readonly type?: string };
    readonly template?: {
      readonly spec?: {
        readonly volumes?: readonly { readonly name: string; readonly persistentVolumeClaim?: unknown }[];
      };
    };
  },
  {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
  }
>;

/** What a Deployment was before, and what was done to it beside its replicas. */
export interface Before {
  readonly replicas: number;
  /** A constraint that keeps the replicas apart was added. */
  readonly constraint: boolean;
}

export interface DeploymentPatch {
  readonly metadata: { readonly annotations: Readonly<Record<string, string | null>> };
  readonly spec?: { readonly replicas?: number; readonly template?: unknown };
}

/** Undefined where spread has not run, or somebody has written nonsense there. */
export function parseBefore({ metadata }: Deployment): Before | undefined {
  try {
    const value = JSON.parse(metadata.annotations?.[SPREAD_ANNOTATION] ?? "") as Partial<Before>;
    if (!Number.isInteger(value.replicas)) return undefined;
    return { replicas: value.replicas!, constraint: value.constraint === true };
  } catch {
    return undefined;
  }
}

/** Why it must stay as it is; undefined when it may run twice. */
export function reasonAgainst({ spec }: Deployment): string | undefined {
  if (spec?.replicas === 0) return "it is scaled to 0";
  const volume = spec?.template?.spec?.volumes?.find(
    ({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined,
  );
  return volume === undefined ? undefined : `its volume "${volume.name}" may only be used on one node`;
}

/** The fields by which the API server finds our constraint again among others. */
const CONSTRAINT_KEY = { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "DoNotSchedule" };

/** A strategic merge patch: two replicas at least, what was before, and the constraint where it is wanted. */
export function spreadPatch({ spec }: Deployment, before: Before): DeploymentPatch {
  // Only pods of one generation keep apart, else a rolling update on two nodes could never begin.
  const constraint = {
    ...CONSTRAINT_KEY,
    maxSkew: 1,
    labelSelector: spec?.selector,
    matchLabelKeys: ["pod-template-hash"],
  };
  return {
    metadata: { annotations: { [SPREAD_ANNOTATION]: JSON.stringify(before) } },
    spec: {
      replicas: Math.max(WANTED, spec?.replicas ?? 1),
      ...(before.constraint ? { template: { spec: { topologySpreadConstraints: [constraint] } } } : {}),
    },
  };
}

/** The strategic merge patch that undoes it. Replicas that are not what spread made of them are somebody's wish. */
export function restore({ spec }: Deployment, before: Before): DeploymentPatch {
  const ours = Math.max(WANTED, before.replicas);
  return {
    metadata: { annotations: { [SPREAD_ANNOTATION]: null } },
    spec: {
      ...(spec?.replicas === ours ? { replicas: before.replicas } : {}),
      ...(before.constraint
        ? { template: { spec: { topologySpreadConstraints: [{ ...CONSTRAINT_KEY, $patch: "delete" }] } } }
        : {}),
    },
  };
}

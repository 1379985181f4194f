/** Pods as evidence: without what no rule reads, and told apart by how they are. Pure. */
import { POD_LABELS } from "../../components/network-policies/endpoints";
import type { Condition, ContainerStatus } from "../cluster/objects";
import { Env } from "./env";
import type { ContainerEvidence, PodEvidence, PodSummary } from "./evidence";
import type { WireContainer, WirePod } from "./objects";

export function podEvidence({ metadata, spec, status }: WirePod): PodEvidence {
  const statuses = new Map((status?.containerStatuses ?? []).map((one) => [one.name, one]));
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: metadata.labels ?? {},
    node: spec?.nodeName,
    ip: status?.podIP,
    hostNetwork: spec?.hostNetwork === true,
    serviceLinks: spec?.enableServiceLinks !== false,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: status?.phase ?? "without status",
    createdAt: metadata.creationTimestamp,
    startedAt: status?.startTime,
    conditions: status?.conditions ?? [],
    containers: (spec?.containers ?? []).map((container) => ({
      ...containerEvidence(container),
      status: statuses.get(container.name),
    })),
  };
}

/** A container as declared, in a pod or in a ServerConfig. */
export function containerEvidence(container: WireContainer): ContainerEvidence {
  const { startupProbe, resources } = container;
  return {
    name: container.name,
    image: container.image ?? "",
    env: Env.of(container),
    ports: (container.ports ?? []).flatMap(({ containerPort }) => (containerPort === undefined ? [] : [containerPort])),
    memory: { request: resources?.requests?.memory, limit: resources?.limits?.memory },
    // Kubernetes' own defaults: three times every ten seconds.
    ...(startupProbe === undefined
      ? {}
      : {
          startSeconds:
            (startupProbe.initialDelaySeconds ?? 0) +
            (startupProbe.failureThreshold ?? 3) * (startupProbe.periodSeconds ?? 10),
        }),
  };
}

export function podSummary({ metadata, spec, status }: WirePod): PodSummary {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    labels: metadata.labels ?? {},
    node: spec?.nodeName,
    ip: status?.podIP,
    hostNetwork: spec?.hostNetwork === true,
    ready: status?.conditions?.some(isReadyCondition) === true,
    finished: status?.phase === "Succeeded" || status?.phase === "Failed",
  };
}

const isReadyCondition = ({ type, status }: Condition): boolean => type === "Ready" && status === "True";

export const isReady = ({ conditions }: PodEvidence): boolean => conditions.some(isReadyCondition);

const hasLabels = (
  pod: { readonly labels: Readonly<Record<string, string>> },
  labels: Readonly<Record<string, string>>,
) => Object.entries(labels).every(([key, value]) => pod.labels[key] === value);

export type SeldonComponent = keyof typeof POD_LABELS;

/** Whether a pod is one of a component of Seldon's. */
export const isOf = (component: SeldonComponent, pod: { readonly labels: Readonly<Record<string, string>> }): boolean =>
  hasLabels(pod, POD_LABELS[component]);

/** Name of the Server that a server pod belongs to (label of Seldon Core 2.9.1 and 2.10.2). */
export const serverOf = ({ labels, name }: PodEvidence): string =>
  labels["seldon-server-name"] ?? name.replace(/-\d+$/, "");

/** A restart counts as news for this long, in milliseconds. */
const RECENT_MS = 60 * 60 * 1000;

/** The last end of a container that had one not long ago, whatever runs there now. */
export function recentEnd(status: ContainerStatus | undefined, at: Date) {
  const ended = status?.state?.terminated ?? status?.lastState?.terminated;
  if (ended === undefined) return undefined;
  const finished = Date.parse(ended.finishedAt ?? "");
  return Number.isNaN(finished) || at.getTime() - finished < RECENT_MS ? ended : undefined;
}

/** Whether nothing about a pod asks for a closer look: it is Ready, and nothing in it ended badly lately. */
export function isWell(pod: PodEvidence, at: Date): boolean {
  if (pod.deleting || pod.phase === "Succeeded") return true;
  if (pod.phase !== "Running" || !isReady(pod)) return false;
  return pod.containers.every(({ status }) => {
    const ended = recentEnd(status, at);
    if (status?.ready === false) return false;
    return ended === undefined || (ended.reason !== "OOMKilled" && ASKED.has(ended.exitCode ?? 0));
  });
}

/** Exit codes of a process that was asked to end, or ended by itself: 128 + SIGKILL, 128 + SIGTERM, 0. */
export const ASKED: ReadonlySet<number> = new Set([0, 137, 143]);

/**
 * What pods in the same state have in common. One cause mostly makes a hundred pods alike, and looking into each of them
 * would say the same a hundred times.
 */
export function stateOf(pod: PodEvidence): string {
  const containers = pod.containers.map(({ name, status }) => {
    const { waiting, terminated, running } = status?.state ?? {};
    const last = status?.lastState?.terminated;
    const state = waiting?.reason ?? terminated?.reason ?? (running === undefined ? "none" : "running");
    const ended = last === undefined ? "" : `${last.reason ?? "?"} ${last.exitCode ?? "?"}`;
    return `${name}:${state}:${status?.ready === true}:${ended}`;
  });
  const owner = isOf("server", pod) ? serverOf(pod) : pod.name.replace(/-[a-z0-9]{5}$/, "");
  return [pod.namespace, owner, pod.phase, pod.hostNetwork, ...containers].join("|");
}

export interface Sample {
  /** Pods to look into, most telling first. */
  readonly chosen: readonly PodEvidence[];
  /** How many pods were left out, because others in the same state are looked into. */
  readonly left: number;
}

/** At most `perState` pods of each state and `most` in all, the states in turn. */
export function sampleOf(pods: readonly PodEvidence[], perState: number, most: number): Sample {
  const states = new Map<string, PodEvidence[]>();
  for (const pod of pods) {
    const state = stateOf(pod);
    const same = states.get(state);
    if (same === undefined) states.set(state, [pod]);
    else if (same.length < perState) same.push(pod);
  }
  const rounds = Array.from({ length: perState }, (_, round) =>
    [...states.values()].flatMap((same) => same[round] ?? []),
  );
  const chosen = rounds.flat().slice(0, most);
  return { chosen, left: pods.length - chosen.length };
}

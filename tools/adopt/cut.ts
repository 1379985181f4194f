/**
 * Who would be cut off once the stack's policies act in a namespace that was open: pods that no row of the flow table is
 * about, callers that lose a port, and ways out that close. Worked out from what runs, by evaluating the policies. Pure.
 */
import type { NetworkPolicy } from "../../checks/evidence/objects";
import { Evaluator } from "../../checks/policy/evaluate/evaluate";
import type { NamedPort, PodEnd } from "../../checks/policy/evaluate/model";
import type { Tree } from "../../checks/drift/objects/field-path";
import { opensEverything } from "./workarounds";

export interface CutQuestion {
  /** All pods of the cluster. */
  readonly pods: readonly PodEnd[];
  /** Labels of all namespaces, by name. */
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** All NetworkPolicies that are there. */
  readonly live: readonly NetworkPolicy[];
  /** What the stack would enforce. */
  readonly enforced: readonly NetworkPolicy[];
  /** Namespaces in which it would. */
  readonly taken: readonly string[];
}

/** Pods of one kind: those that policies cannot tell apart. */
interface Workload {
  readonly title: string;
  readonly pod: PodEnd;
}

/** A line names this many; the rest is counted. */
const MOST_NAMED = 5;

/** One line a pod without a row, a port that closes, or a way out that closes. */
export function cutOff({ pods, namespaces, live, enforced, taken }: CutQuestion): string[] {
  const ours = new Set(taken);
  const workloads = workloadsOf(pods);
  const inside = workloads.filter(({ pod }) => ours.has(pod.namespace) && pod.hostNetwork !== true);
  const outside = workloads.filter(({ pod }) => !ours.has(pod.namespace));
  const kept = live.filter(
    (one) =>
      !replaces(one, enforced) && !(ours.has(one.metadata.namespace ?? "") && opensEverything(one as unknown as Tree)),
  );
  const before = new Evaluator({ namespaces, policies: live });
  const after = new Evaluator({ namespaces, policies: [...kept, ...enforced] });
  const closes = (from: PodEnd, to: PodEnd, { containerPort, protocol }: NamedPort): boolean => {
    const by = protocol === "UDP" || protocol === "SCTP" ? protocol : "TCP";
    const [was, is] = [before, after].map((one) => one.verdict(from, to, containerPort, by).allowed);
    return was === "yes" && is === "no";
  };
  const strangers = inside.filter(({ pod }) => !enforced.some((one) => isAbout(one, pod)));
  return [
    ...strangers.map(
      ({ title }) =>
        `${title}: no row of the flow table is about it; it would reach the DNS and nothing else, and nobody it`,
    ),
    ...inside.flatMap((to) =>
      strangers.includes(to)
        ? []
        : portsOf(to.pod).flatMap((port) => {
            const callers = workloads.filter((from) => from !== to && closes(from.pod, to.pod, port));
            return callers.length === 0 ? [] : [`${to.title}, ${showPort(port)}: closed to ${listed(callers)}`];
          }),
    ),
    ...inside.flatMap((from) =>
      strangers.includes(from)
        ? []
        : outside.flatMap((to) => {
            const ports = portsOf(to.pod).filter((port) => closes(from.pod, to.pod, port));
            return ports.length === 0
              ? []
              : [`${from.title}: no way to ${to.title}, ${ports.map(showPort).join(", ")}`];
          }),
    ),
  ];
}

const replaces = ({ metadata }: NetworkPolicy, enforced: readonly NetworkPolicy[]): boolean =>
  enforced.some((one) => one.metadata.name === metadata.name && one.metadata.namespace === metadata.namespace);

/** Whether a policy is about a pod and not about every pod of its namespace. */
function isAbout({ metadata, spec }: NetworkPolicy, pod: PodEnd): boolean {
  const labels = Object.entries(spec?.podSelector?.matchLabels ?? {});
  return (
    metadata.namespace === pod.namespace &&
    labels.length > 0 &&
    labels.every(([key, value]) => pod.labels[key] === value)
  );
}

/** Labels that a controller makes for each of its pods anew; the flow table knows none of them. */
const OF_ONE_POD =
  /^(pod-template-hash|controller-revision-hash|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|batch\.kubernetes\.io\/.*|job-name|controller-uid|pod-template-generation)$/;

function workloadsOf(pods: readonly PodEnd[]): Workload[] {
  const found = new Map<string, Workload>();
  for (const pod of pods) {
    const labels = Object.fromEntries(Object.entries(pod.labels).filter(([key]) => !OF_ONE_POD.test(key)));
    const key = JSON.stringify([pod.namespace, Object.entries(labels).sort(), pod.hostNetwork === true, pod.ports]);
    if (!found.has(key)) found.set(key, { title: `${pod.namespace}/${nameOf(labels)}`, pod });
  }
  return [...found.values()];
}

const nameOf = (labels: Readonly<Record<string, string>>): string =>
  labels["seldon-server-name"] ??
  labels["app.kubernetes.io/name"] ??
  labels["k8s-app"] ??
  labels["app"] ??
  (Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",") ||
    "pods without labels");

const portsOf = ({ ports = [] }: PodEnd): readonly NamedPort[] => ports;

const showPort = ({ containerPort, protocol = "TCP" }: NamedPort): string => `${protocol} ${containerPort}`;

function listed(callers: readonly Workload[]): string {
  const titles = [...new Set(callers.map(({ title }) => title))].sort();
  const more = titles.length - MOST_NAMED;
  return `${titles.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What is not as it should be, before anybody asks why. Pure. */
import { conditionOf, showCondition } from "../cluster/objects";
import type { Evidence, PodEvidence } from "../evidence/evidence";
import { isReady, isWell } from "../evidence/pods";
import { podSubject } from "./read";
import type { Subject } from "./rule";

export interface Symptom {
  readonly subject: Subject;
  readonly text: string;
}

export function symptomsOf(evidence: Evidence): Symptom[] {
  return [...pods(evidence), ...models(evidence), ...servers(evidence), ...nodes(evidence), ...calico(evidence)];
}

function podText(pod: PodEvidence): string {
  const ready = pod.containers.filter(({ status }) => status?.ready === true).length;
  const state = isReady(pod)
    ? "Ready, and restarted lately"
    : `${pod.phase}, ${ready}/${pod.containers.length} containers ready`;
  const words = pod.containers.flatMap(({ name, status }) => {
    const why = status?.state?.waiting?.reason ?? status?.state?.terminated?.reason;
    return why === undefined ? [] : [`${name}: ${why}`];
  });
  return [`pod ${pod.name}: ${state}`, ...words].join(", ");
}

const pods = ({ pods = [], at }: Evidence): Symptom[] =>
  pods.filter((pod) => !isWell(pod, at)).map((pod) => ({ subject: podSubject(pod), text: podText(pod) }));

const models = ({ models = [] }: Evidence): Symptom[] =>
  models
    .filter((model) => conditionOf(model, "Ready")?.status !== "True" && model.metadata.deletionTimestamp === undefined)
    .map((model) => ({
      subject: { kind: "Model", namespace: model.metadata.namespace, name: model.metadata.name },
      text: `Model ${model.metadata.name}: ${showCondition("Ready", conditionOf(model, "ModelReady") ?? conditionOf(model, "Ready"))}`,
    }));

const servers = ({ servers = [] }: Evidence): Symptom[] =>
  servers
    .filter((server) => conditionOf(server, "Ready")?.status === "False")
    .map((server) => ({
      subject: { kind: "Server", namespace: server.metadata.namespace, name: server.metadata.name },
      text: `Server ${server.metadata.name}: ${showCondition("Ready", conditionOf(server, "Ready"))}`,
    }));

const nodes = ({ nodes = [] }: Evidence): Symptom[] =>
  nodes.flatMap(({ metadata: { name }, status }): Symptom[] => {
    const wrong = (status?.conditions ?? []).filter(
      ({ type, status: value }) =>
        (type === "Ready" && value !== "True") || (type === "NetworkUnavailable" && value === "True"),
    );
    const subject = { kind: "node", name, node: name } as const;
    return wrong.map((condition) => ({ subject, text: `node ${name}: ${showCondition(condition.type, condition)}` }));
  });

const calico = ({ tigera = [] }: Evidence): Symptom[] =>
  tigera
    .filter(
      (status) =>
        conditionOf(status, "Available")?.status === "False" || conditionOf(status, "Degraded")?.status === "True",
    )
    .map((status) => ({
      subject: { kind: "cluster", name: "cluster" },
      text: `TigeraStatus ${status.metadata.name}: ${showCondition("Available", conditionOf(status, "Available"))}`,
    }));

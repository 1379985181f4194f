/** Gateways that are switched on without a Kafka. */
import type { Evidence, PodEvidence } from "../../evidence/evidence";
import { isOf, isWell } from "../../evidence/pods";
import { lineClue, linesOf, logsOf, lookAt, podSubject } from "../read";
import { type Cause, proof, type Rule, strong } from "../rule";

const CLIENTS = ["dataflow", "modelgateway", "pipelinegateway"] as const;

/** Where a pod, its runtime or the defaults say that Kafka is; first the pod's own word. */
function bootstrapOf(evidence: Evidence, pod: PodEvidence): string | undefined {
  const own = pod.containers
    .map(({ env }) => env.text("SELDON_KAFKA_BOOTSTRAP_SERVERS"))
    .find((text) => text !== undefined);
  const runtime = evidence.runtimes?.find(({ metadata }) => metadata.namespace === pod.namespace);
  const config = evidence.seldonConfigs?.find(
    ({ metadata }) => metadata.name === (runtime?.spec?.seldonConfig ?? "default"),
  );
  return (
    own ??
    runtime?.spec?.config?.kafkaConfig?.["bootstrap.servers"] ??
    config?.spec?.config?.kafkaConfig?.["bootstrap.servers"]
  );
}

/** Whether a bootstrap address names a Service of our namespaces that is not there; undefined where it lies elsewhere. */
function serviceMissing(evidence: Evidence, pod: PodEvidence, bootstrap: string | undefined): boolean | undefined {
  const [host = ""] = (bootstrap ?? "").split(",")[0]!.split(":");
  const [name = "", namespace = pod.namespace] = host.split(".");
  const listed = new Set([evidence.subject.operatorNamespace, ...evidence.subject.namespaces]);
  if (name === "" || evidence.services === undefined || !listed.has(namespace)) return undefined;
  return !evidence.services.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
}

function judge(evidence: Evidence): Cause[] {
  return (evidence.pods ?? [])
    .filter((pod) => CLIENTS.some((component) => isOf(component, pod)) && !isWell(pod, evidence.at))
    .flatMap((pod): Cause[] => {
      const look = lookAt(evidence, pod);
      const lines = pod.containers.flatMap(({ name }) =>
        linesOf(look, name, "kafka-unreachable")
          .slice(-1)
          .flatMap((line) => lineClue(name, line, proof)),
      );
      const bootstrap = bootstrapOf(evidence, pod);
      const missing = serviceMissing(evidence, pod, bootstrap);
      if (lines.length === 0) return [];
      return [
        {
          subject: podSubject(pod),
          cause: "the gateways for pipelines run, and there is no Kafka where they look for it",
          clues: [...lines, ...(missing === true ? [strong(`there is no Service behind ${bootstrap ?? "?"}`)] : [])],
          repeat: [
            ...pod.containers.slice(0, 1).map(({ name }) => logsOf(evidence, pod, name)),
            evidence.kubectl("get services -A"),
          ],
          mend: `without pipelines: seldon.profile: models in the stack file, which keeps the gateways at 0 replicas; with them: correct seldon.kafka.bootstrap (now ${bootstrap ?? "unknown"}); then pulumi up -s ${evidence.subject.stack}`,
          clears: ["Models are not involved: plain inference needs no Kafka, and the scheduler never dials it."],
        },
      ];
    });
}

export const KAFKA_RULES: readonly Rule[] = [
  {
    id: "kafka-absent",
    title: "gateways are on and there is no Kafka",
    notWhen: "the gateways have 0 replicas, are well, or ended for another reason",
    judge,
  },
];

/**
 * What a Server offers a Model, and how far the two come together, by the scheduler's own filters (Seldon Core 2.9.1 and
 * 2.10.2, `scheduler/pkg/scheduler/filters`). Pure.
 */
import { bytesOf } from "../../config/quantity";
import type { Evidence, PodEvidence } from "../evidence/evidence";
import { inferenceContainer } from "../evidence/loopback";
import type { Model, Server } from "../evidence/objects";
import { containerEvidence, isReady, serverOf } from "../evidence/pods";
import { serverPods } from "./read";

/** How far a Server comes with a Model before a filter refuses; the furthest one names what is missing. */
export const STAGES = ["capability", "memory", "zero", "replica", "count", "fits"] as const;
export type Stage = (typeof STAGES)[number];

/** What a Server offers, from its ServerConfig, its own spec and its pods. */
export interface Offer {
  readonly server: Server;
  readonly capabilities?: readonly string[];
  readonly capacity?: number;
  readonly memoryText: string;
  readonly replicas: number;
  readonly ready: number;
  readonly pods: readonly PodEvidence[];
}

/** What the agent takes where nothing is set (`cli.go`). */
const DEFAULTS = { capabilities: "sklearn,xgboost", memory: 1_000_000, overcommit: 0 } as const;

export function offerOf(evidence: Evidence, server: Server): Offer {
  const { name, namespace } = server.metadata;
  const pods = serverPods(evidence).filter((pod) => pod.namespace === namespace && serverOf(pod) === name);
  const config = evidence.serverConfigs?.find(({ metadata }) => metadata.name === server.spec?.serverConfig);
  const template = [...(config?.spec?.podSpec?.containers ?? []), ...(server.spec?.podSpec?.containers ?? [])].map(
    (one) => containerEvidence(one),
  );
  const [pod] = pods;
  const agent = pod?.containers.find((one) => one.name === "agent") ?? template.find((one) => one.name === "agent");
  // The last one with a request wins, as in the operator's merge.
  const inference =
    (pod === undefined ? undefined : inferenceContainer(pod)) ??
    template.findLast((one) => ["mlserver", "triton"].includes(one.name) && one.memory.request !== undefined);
  const listed = agent?.env.text("SELDON_SERVER_CAPABILITIES");
  const base =
    server.spec?.capabilities ?? (agent === undefined ? undefined : (listed ?? DEFAULTS.capabilities).split(","));
  const request = inference?.memory.request;
  const bytes = inference === undefined ? undefined : (bytesOf(request) ?? DEFAULTS.memory);
  const overcommit = Number(agent?.env.text("SELDON_OVERCOMMIT_PERCENTAGE") ?? DEFAULTS.overcommit) || 0;
  return {
    server,
    capabilities: base && [...base, ...(server.spec?.extraCapabilities ?? [])].map((one) => one.trim()),
    capacity: bytes === undefined ? undefined : Math.floor(bytes * (1 + overcommit / 100)),
    memoryText: `requests.memory ${request ?? "not set"} of its inference container, ${overcommit} % overcommitted`,
    replicas: server.spec?.replicas ?? 1,
    ready: pods.filter(isReady).length,
    pods,
  };
}

const EXPLAINER = "alibi-explain";

export const needsOf = ({ spec }: Model): string[] => [
  ...(spec?.requirements ?? []).map((one) => one.trim()),
  ...(spec?.modelType === undefined ? [] : [spec.modelType]),
  ...(spec?.explainer === undefined ? [] : [EXPLAINER]),
];

export const missing = (offer: Offer, model: Model): string[] =>
  offer.capabilities === undefined ? [] : needsOf(model).filter((need) => !offer.capabilities!.includes(need));

export function stageOf(offer: Offer, model: Model): Stage {
  const memory = bytesOf(model.spec?.memory) ?? 0;
  const wanted = model.spec?.minReplicas ?? model.spec?.replicas ?? 1;
  if (missing(offer, model).length > 0) return "capability";
  if (offer.capacity !== undefined && memory > offer.capacity) return "memory";
  if (offer.replicas === 0) return "zero";
  if (offer.ready === 0) return "replica";
  if (offer.ready < wanted) return "count";
  return "fits";
}

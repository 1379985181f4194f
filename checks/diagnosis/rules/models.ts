/**
 * Models that no Server can take, by the scheduler's own filters (Seldon Core 2.9.1 and 2.10.2,
 * `scheduler/pkg/scheduler/filters`): asked of what Servers and Models declare, so that no log is needed.
 */
import { bytesOf } from "../../../config/quantity";
import { conditionOf, showCondition } from "../../cluster/objects";
import type { Evidence } from "../../evidence/evidence";
import type { Model } from "../../evidence/objects";
import { missing, needsOf, type Offer, offerOf, type Stage, stageOf, STAGES } from "../offers";
import { showBytes } from "../bytes";
import { type Cause, type Clue, hint, proof, type Rule, strong } from "../rule";

interface Unplaced {
  readonly model: Model;
  readonly said: Clue;
  readonly offers: readonly Offer[];
  readonly stage: Stage;
  /** The Server that comes furthest. */
  readonly best?: Offer;
}

const PLACED = /ModelFailed|ModelAvailable|ModelScaledDown/;

/** Models that wait for a Server: not Ready, and not failed by the server that has them. */
function unplaced(evidence: Evidence): Unplaced[] {
  const { models = [], servers, pods } = evidence;
  if (servers === undefined || pods === undefined) return [];
  return models.flatMap((model): Unplaced[] => {
    const ready = conditionOf(model, "Ready");
    const state = conditionOf(model, "ModelReady") ?? ready;
    if (ready?.status === "True" || model.metadata.deletionTimestamp !== undefined) return [];
    if (PLACED.test(`${state?.message ?? ""} ${state?.reason ?? ""}`)) return [];
    const asked = model.spec?.server;
    const offers = servers
      .filter(
        ({ metadata }) =>
          metadata.namespace === model.metadata.namespace && (asked === undefined || metadata.name === asked),
      )
      .map((server) => offerOf(evidence, server));
    const [best] = [...offers].sort((a, b) => STAGES.indexOf(stageOf(b, model)) - STAGES.indexOf(stageOf(a, model)));
    const failed = /Failed to schedule|ScheduleFailed/.test(`${state?.message ?? ""} ${state?.reason ?? ""}`);
    const text = `Model ${model.metadata.name}: ${showCondition(state?.type ?? "Ready", state)}`;
    const stage = best === undefined ? "capability" : stageOf(best, model);
    return [
      { model, said: failed ? strong(text) : hint(text), offers, stage, ...(best === undefined ? {} : { best }) },
    ];
  });
}

const NOT_THE_NETWORK =
  'Neither the CNI nor the server pods are involved: the scheduler refuses before it asks any server. "Empty server for ..." in its log says that the Model has none, and nothing about a server.';

type Words = Pick<Cause, "cause" | "mend"> & { readonly clues: readonly Clue[]; readonly clears?: readonly string[] };

/** Models at one stage, in the words of its rule. */
function at(stage: Stage, words: (unplaced: Unplaced, evidence: Evidence, best: Offer) => Words) {
  return (evidence: Evidence): Cause[] =>
    unplaced(evidence).flatMap((one) => {
      const { model, said, best } = one;
      if (one.stage !== stage || best === undefined) return [];
      const { namespace = "", name } = model.metadata;
      const { cause, clues, mend, clears = [NOT_THE_NETWORK] } = words(one, evidence, best);
      return [
        {
          subject: { kind: "Model" as const, namespace, name },
          cause,
          clues: [...clues, said],
          repeat: [
            evidence.kubectl("-n", namespace, "get model", name, "-o yaml"),
            evidence.kubectl("-n", namespace, "get servers,pods -l app.kubernetes.io/name=seldon-server"),
          ],
          mend,
          clears,
        },
      ];
    });
}

const serverName = ({ server }: Offer): string => server.metadata.name;
const editServer = (evidence: Evidence, { server }: Offer): string =>
  evidence.kubectl("-n", server.metadata.namespace ?? "", "edit server", server.metadata.name);

function noServer(evidence: Evidence): Cause[] {
  return unplaced(evidence).flatMap(({ model, said, offers }) => {
    if (offers.length > 0) return [];
    const { namespace = "", name } = model.metadata;
    const asked = model.spec?.server;
    return [
      {
        subject: { kind: "Model" as const, namespace, name },
        cause:
          asked === undefined
            ? "there is no Server in the Model's namespace"
            : `the Model asks for Server ${asked}, which does not exist`,
        clues: [
          proof(
            `Servers of ${namespace}: ${
              (evidence.servers ?? [])
                .filter(({ metadata }) => metadata.namespace === namespace)
                .map(({ metadata }) => metadata.name)
                .join(", ") || "none"
            }`,
          ),
          said,
        ],
        repeat: [evidence.kubectl("-n", namespace, "get servers")],
        mend:
          asked === undefined
            ? `declare a Server in the stack file (seldon.servers), then pulumi up -s ${evidence.subject.stack}`
            : `${evidence.kubectl("-n", namespace, "edit model", name)}: name an existing Server, or none`,
        clears: [NOT_THE_NETWORK],
      },
    ];
  });
}

const capability = at("capability", ({ model, offers }, evidence, best) => ({
  cause: `no Server has the capability ${missing(best, model).join(", ")}`,
  clues: [
    strong(`Model ${model.metadata.name} requires ${needsOf(model).join(", ")}`),
    strong(
      offers.map((offer) => `Server ${serverName(offer)} offers ${offer.capabilities?.join(", ") ?? "?"}`).join("; "),
    ),
  ],
  mend: `correct spec.requirements of the Model, or add the capability: ${editServer(evidence, best)} (spec.extraCapabilities)`,
}));

const memory = at("memory", ({ model, offers }, evidence, best) => ({
  cause: "the Model needs more memory than any Server replica has",
  clues: [
    strong(
      `Model ${model.metadata.name} asks for ${showBytes(bytesOf(model.spec?.memory) ?? 0)} (spec.memory: ${model.spec?.memory ?? "?"})`,
    ),
    strong(
      offers
        .map(
          (offer) =>
            `Server ${serverName(offer)} has ${showBytes(offer.capacity ?? 0)} a replica (${offer.memoryText})`,
        )
        .join("; "),
    ),
  ],
  mend: `lower spec.memory of the Model, or raise resources.requests.memory of the inference container: ${editServer(evidence, best)}`,
}));

const zero = at("zero", ({ model }, evidence, best) => ({
  cause: `the Server that could take the Model is scaled to 0`,
  clues: [
    proof(
      `Server ${serverName(best)} has spec.replicas 0, and a Model is never placed on it then; Model ${model.metadata.name} fits it otherwise`,
    ),
  ],
  mend: `raise replicas of server ${serverName(best)} in the stack file and run pulumi up -s ${evidence.subject.stack}; at once: ${evidence.kubectl("-n", best.server.metadata.namespace ?? "", "scale server", serverName(best), "--replicas 1")}`,
}));

const replica = at("replica", ({ model }, evidence, best) => ({
  cause: "no replica of the Server is connected to the scheduler",
  clues: [
    strong(
      `Server ${serverName(best)}: 0 of ${best.replicas} pods are Ready${
        best.pods.length === 0
          ? ", and none exists"
          : ` (${best.pods
              .map((pod) => `${pod.name} ${pod.phase}`)
              .slice(0, 3)
              .join(", ")})`
      }; a replica counts once its agent has registered`,
    ),
    hint(`Model ${model.metadata.name} fits it otherwise`),
  ],
  mend: `mend the server's pods; Models are placed by themselves as soon as a replica connects: ${evidence.kubectl("-n", best.server.metadata.namespace ?? "", "describe pods -l", `seldon-server-name=${serverName(best)}`)}`,
}));

const count = at("count", ({ model }, evidence, best) => ({
  cause: "the Model wants more replicas than its Server has ready",
  clues: [
    strong(
      `Model ${model.metadata.name} wants ${model.spec?.replicas ?? 1} replicas (at least ${model.spec?.minReplicas ?? model.spec?.replicas ?? 1}); Server ${serverName(best)} has ${best.ready} of ${best.replicas} Ready`,
    ),
  ],
  mend: `raise replicas of server ${serverName(best)} in the stack file and run pulumi up -s ${evidence.subject.stack}, or lower them in the Model`,
}));

/** Everything that keeps a server pod from registering. */
const POD_CAUSES = [
  "mlserver-starting", "image-pull", "pod-unschedulable", "sandbox-failed", "oom-killed", "crashed", "probe-killed", "ports-differ",
  "mlserver-host", "mlserver-host-loopback", "wrong-container-name", "service-link-env", "mlserver-not-listening", "mlserver-silent", "other-protocol", "pod-creating", "proxy-env", "agent-stuck", "scheduler-service",
  "scheduler-down", "scheduler-policy", "scheduler-dns", "apiserver-unreachable", "agent-rights", "pending-blocks-scheduler",
  "pod-address-outside-pools", "flannel-leftovers", "kube-router-leftovers", "workaround-host-network",
]; // prettier-ignore

export const MODEL_RULES: readonly Rule[] = [
  {
    id: "model-no-server",
    title: "a Model asks for a Server that does not exist",
    notWhen: "the Server is there in the Model's own namespace",
    judge: noServer,
  },
  {
    id: "model-capability",
    title: "a Model requires what no Server offers",
    notWhen:
      "spec.extraCapabilities or the Server's own capabilities hold it, or the Model was placed and failed to load",
    judge: capability,
  },
  {
    id: "model-memory",
    title: "a Model needs more memory than a Server replica has",
    notWhen: "it fits with the overcommitted share",
    judge: memory,
  },
  {
    id: "model-server-zero",
    title: "the Server that could take a Model is scaled to 0",
    notWhen: "another Server with replicas can take it",
    judge: zero,
  },
  {
    id: "model-no-replica",
    title: "no replica of a Model's Server is connected",
    notWhen: "a replica is Ready",
    follows: POD_CAUSES,
    judge: replica,
  },
  {
    id: "model-replicas",
    title: "a Model wants more replicas than are ready",
    notWhen: "spec.minReplicas can be met",
    follows: POD_CAUSES,
    judge: count,
  },
];

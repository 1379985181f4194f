/** Success criterion (c): no "Empty server" in the schedulers' logs that was not followed by a successful scheduling. */
import type { Check, Expectation } from "../check";
import { type Conditioned, conditionOf, type Pod } from "../cluster/objects";
import { PATHS } from "../cluster/paths";
import { podLines } from "../cluster/pod-evidence";
import { quote, type CheckContext } from "../context";
import { fail, type Outcome, pass, skipped } from "../verdict";
import { CLUSTER_IDENTITY } from "./cluster-identity";
import { type EmptyServerCase, EmptyServerReader } from "./empty-server";

/** The scheduler is a StatefulSet of one replica with this container (Seldon Core 2.10.2). */
const SCHEDULER_POD = "seldon-scheduler-0";
const SCHEDULER_CONTAINER = "scheduler";

const EXPECTED = 'no "Empty server" that was not followed by a successful scheduling of that model';

/** A log of months is read to its end, line by line; that may take longer than a probe. */
const LOG_TIMEOUT_MS = 60_000;

export function schedulerLog(context: CheckContext): Check {
  return {
    id: "no-empty-server",
    title: "No model was left without a server",
    proves: 'every "Empty server" line of the scheduler since this deployment started was followed by a scheduling',
    needs: [CLUSTER_IDENTITY],
    timeoutMs: LOG_TIMEOUT_MS,
    expectations: () => context.subject.namespaces.map((namespace) => expectationOf(namespace, context)),
  };
}

function expectationOf(namespace: string, context: CheckContext): Expectation {
  const since = context.since === undefined ? [] : [`--since-time ${context.since.toISOString()}`];
  const words = ["-n", namespace, "logs", SCHEDULER_POD, "-c", SCHEDULER_CONTAINER, ...since];
  return {
    target: `${namespace}/${SCHEDULER_POD} log`,
    expected: EXPECTED,
    repeat: `${context.kubectl(...words)} | grep -E 'Empty server|Sending load model request|Updating state for model'`,
    probe: async (signal) => {
      const pods = await context.snapshot.pods(namespace, signal);
      const pod = pods.find(({ metadata }) => metadata.name === SCHEDULER_POD);
      if (pod === undefined) {
        const fix = context.kubectl("-n", namespace, "describe statefulset seldon-scheduler");
        return fail("there is no scheduler pod, so no log", { fix });
      }
      const container = containerOf(pod);
      const simulation = await context.snapshot.simulation(signal);
      const simulated = simulation.isSimulated(pod);
      if (simulated && !simulation.hasLog(pod, container)) {
        return skipped("the scheduler's pod is simulated by KWOK: no process writes a log");
      }
      if (pod.status?.phase !== "Running") {
        const fix = context.kubectl("-n", namespace, "describe pod", SCHEDULER_POD);
        return fail(`the scheduler's pod is ${pod.status?.phase ?? "without status"}`, {
          evidence: podLines(pod),
          fix,
        });
      }
      const cases = await readLog(pod, namespace, container, context, signal);
      const outcome = judge(cases, await modelsOf(cases, namespace, context, signal), namespace, context);
      if (!simulated) return outcome;
      return {
        ...outcome,
        note: `${namespace}/${SCHEDULER_POD} is simulated by KWOK, but a real log stands behind it and was read.`,
      };
    },
  };
}

const containerOf = (pod: Pod): string => {
  const names = pod.spec?.containers.map(({ name }) => name) ?? [];
  return names.includes(SCHEDULER_CONTAINER) ? SCHEDULER_CONTAINER : (names[0] ?? SCHEDULER_CONTAINER);
};

/** The log of the container before the last restart, where there was one, and of the running one. */
async function readLog(
  pod: Pod,
  namespace: string,
  container: string,
  context: CheckContext,
  signal: AbortSignal,
): Promise<EmptyServerCase[]> {
  const reader = new EmptyServerReader(context.since);
  const restarts = pod.status?.containerStatuses?.find(({ name }) => name === container)?.restartCount ?? 0;
  const path = PATHS.podLog(namespace, pod.metadata.name);
  for (const previous of restarts > 0 ? [true, false] : [false]) {
    const query = {
      container,
      timestamps: true,
      previous: previous || undefined,
      sinceTime: context.since?.toISOString(),
    };
    for await (const line of context.api.lines(path, signal, query)) reader.push(line);
  }
  return reader.result();
}

/** What became of the models that the log left without a server. */
type Fate = "ready" | "not ready" | "gone";

async function modelsOf(
  cases: readonly EmptyServerCase[],
  namespace: string,
  context: CheckContext,
  signal: AbortSignal,
): Promise<Map<string, Fate>> {
  const open = cases.filter(({ followedBy }) => followedBy === undefined);
  const fates = open.map(async ({ model, at }): Promise<[string, Fate]> => {
    const found = await context.api.find<Conditioned>(`${PATHS.models(namespace)}/${model}`, signal);
    if (found === undefined) return [model, "gone"];
    const ready = conditionOf(found, "Ready");
    // The stamp of a condition has whole seconds, so it may lie just before the line that it follows.
    const after = at === undefined || Date.parse(ready?.lastTransitionTime ?? "") + 1000 > Date.parse(at);
    return [model, ready?.status === "True" && after ? "ready" : "not ready"];
  });
  return new Map(await Promise.all(fates));
}

function judge(
  cases: readonly EmptyServerCase[],
  fates: Map<string, Fate>,
  namespace: string,
  context: CheckContext,
): Outcome {
  if (cases.length === 0) return pass('no "Empty server" line');
  const lines = cases.map(({ model, count, line, at, followedBy }) => {
    const fate = followedBy === undefined ? (fates.get(model) ?? "not ready") : "scheduled";
    return { model, fate, text: `${at ?? ""} ${line.trim()} (${count} in all): ${FATES[fate]}`.trim() };
  });
  const lost = lines.filter(({ fate }) => fate === "not ready");
  const evidence = (lost.length > 0 ? lost : lines).map(({ text }) => text);
  if (lost.length === 0)
    return pass(`${cases.map(({ model }) => model).join(", ")} had the line; placed afterwards or deleted`, {
      evidence,
    });
  const names = lost.map(({ model }) => model);
  return fail(`without a server and not scheduled since: ${names.join(", ")}`, {
    evidence: [
      ...evidence,
      "the line says that the scheduler found no eligible Server: no connected replica, a missing capability, too little memory; it says nothing about the network",
    ],
    fix: context.kubectl("-n", namespace, "describe model", ...names.map(quote)),
  });
}

const FATES: Record<Fate | "scheduled", string> = {
  scheduled: "the model was scheduled afterwards",
  ready: "the Model has become Ready since",
  gone: "the Model was deleted since",
  "not ready": "no scheduling of this model followed",
};

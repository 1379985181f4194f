/** One run: pods are started, every path is measured once a round, and everything is taken away again. */
import { programVersion } from "../../config/version";
import { Cluster } from "../cluster/cluster";
import type { Pod } from "../cluster/objects";
import { PATHS as API } from "../cluster/paths";
import type { CheckContext } from "../context";
import { Fleet, newRun } from "../probe-pods/fleet";
import { isUp, type PodState } from "../probe-pods/pod-state";
import { CONTROL_PORT } from "../probe-pods/script";
import { type SelectingService, servicesBlindToReadiness } from "../probe-pods/services";
import { LookError } from "../verdict";
import { forwardedRound, grpcLine, httpLine } from "./forwarded";
import { askRound, type Effort } from "./job";
import { clientKey, clientSpecs, type PathRow, PATHS } from "./paths";
import { type BenchResult, RESULT_VERSION, type Round } from "./result";
import { findScene, type Found } from "./scene";
import { cniPods, countersOf, type Counters, usageBetween } from "./usage";

export interface BenchSettings extends Effort {
  readonly rounds: number;
  /** Image of the pods that measure, given by hand. */
  readonly image?: string | undefined;
}

/** Bound of the whole run in seconds: what a pod lives at most, should nobody be left to delete it. */
const lifetime = ({ rounds, seconds }: BenchSettings): number => 300 + rounds * PATHS.length * (60 + seconds);

type Measured = { readonly round: Round } | { readonly fault: string };

/**
 * Measures.
 * @param say Told what is done now, a line each.
 * @throws LookError where nothing can be measured at all. Pods are gone then, too.
 */
export async function measureNetwork(
  context: CheckContext,
  settings: BenchSettings,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<BenchResult> {
  const scene = await findScene(context, settings.image, signal);
  const fleet = new Fleet(newRun(scene.image, lifetime(settings)), {
    cluster: (within) => new Cluster(context.api, { signal: within, onTrouble: () => undefined }),
    forward: context.forward,
  });
  const specs = clientSpecs(scene);
  await refuseBlindServices(context, scene.namespace, specs, signal);
  try {
    await fleet.sweep([scene.namespace], signal);
    say(`starting ${specs.length} pods of ${scene.image}`);
    const states = await fleet.start(specs, signal);
    return await rounds(context, settings, scene, new Map(states.map((state) => [state.spec.key, state])), say, signal);
  } finally {
    for (const problem of await fleet.close()) say(`warning: not removed: ${problem}; the next run removes it`);
  }
}

async function refuseBlindServices(
  context: CheckContext,
  namespace: string,
  specs: ReturnType<typeof clientSpecs>,
  signal: AbortSignal,
): Promise<void> {
  const services = await context.api.list<SelectingService>(API.services(namespace), signal);
  const blind = [...new Set(specs.flatMap((spec) => servicesBlindToReadiness(spec, services)))];
  if (blind.length === 0) return;
  throw new LookError(`Service ${blind.join(", ")} would send requests to the pods that measure`, {
    fix: "take publishNotReadyAddresses away from it while you measure",
  });
}

async function rounds(
  context: CheckContext,
  settings: BenchSettings,
  scene: Found,
  pods: ReadonlyMap<string, PodState>,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<BenchResult> {
  const cni = cniPods(await context.api.list<Pod>(API.allPods, signal, { fieldSelector: "status.phase=Running" }));
  const skipped: { id: string; reason: string }[] = [];
  const counters = await countersOr(context, cni.pods, skipped, signal);
  const measured = new Map<PathRow, Round[]>();
  let open: readonly PathRow[] = PATHS;
  // A round after the other over all paths, so that whatever else happens on the machines meets every path alike.
  for (let index = 1; index <= settings.rounds; index += 1) {
    for (const row of open) {
      say(`round ${index} of ${settings.rounds}: ${row.title}`);
      const result = await measurePath(row, context, settings, scene, pods, signal);
      if ("round" in result) measured.set(row, [...(measured.get(row) ?? []), result.round]);
      else {
        skipped.push({ id: row.id, reason: result.fault });
        open = open.filter((one) => one !== row);
      }
    }
  }
  const later = counters === undefined ? undefined : await countersOr(context, cni.pods, skipped, signal);
  const usage = counters === undefined || later === undefined ? [] : usageBetween(counters, later, cni.pods);
  if (later !== undefined && usage.length < cni.pods.length) {
    const missing = cni.pods.length - usage.length;
    skipped.push({
      id: "usage",
      reason: `${missing} pods of the CNI were restarted, or not counted again in so short a run`,
    });
  }
  const { requests, concurrency, seconds } = settings;
  return {
    version: RESULT_VERSION,
    kind: "seldon-k3s.bench-network",
    stack: context.subject.stack,
    ...(context.subject.uid === undefined ? {} : { uid: context.subject.uid }),
    at: new Date().toISOString(),
    cni: cni.cni,
    kubernetes: scene.kubernetes,
    image: scene.image,
    program: programVersion(),
    settings: { rounds: settings.rounds, requests, concurrency, seconds },
    paths: [...measured].map(([{ id, title, from, to }, own]) => ({ id, title, from, to, rounds: own })),
    usage,
    skipped,
  };
}

/** Counters of the CNI's pods, or nothing with the reason noted. */
async function countersOr(
  context: CheckContext,
  pods: readonly Pod[],
  skipped: { id: string; reason: string }[],
  signal: AbortSignal,
): Promise<Counters | undefined> {
  if (pods.length === 0) {
    skipped.push({ id: "usage", reason: "the CNI runs in no pod of its own: K3s' Flannel is part of the K3s process" });
    return undefined;
  }
  try {
    return await countersOf(context.api, pods, signal);
  } catch (error) {
    if (!(error instanceof LookError)) throw error;
    skipped.push({ id: "usage", reason: error.message });
    return undefined;
  }
}

async function measurePath(
  row: PathRow,
  context: CheckContext,
  settings: BenchSettings,
  scene: Found,
  pods: ReadonlyMap<string, PodState>,
  signal: AbortSignal,
): Promise<Measured> {
  if (row.kind === "forward") {
    if (scene.server === undefined) return { fault: "no server pod runs" };
    const dial = context.forward({ namespace: scene.namespace, pod: scene.server.name, port: row.port });
    const line = row.protocol === "http" ? httpLine(dial, row.port, "/v2/health/live") : grpcLine(dial);
    return forwardedRound(line, settings, signal);
  }
  const client = pods.get(clientKey(row.client));
  const peer = pods.get(clientKey("server-here"));
  if (client === undefined) return { fault: `${scene.places.here} is the only node that can run a pod` };
  for (const state of [client, peer]) {
    if (state !== undefined && !isUp(state))
      return { fault: `pod ${state.name}: ${[state.problem, ...state.evidence].join("; ")}` };
  }
  if (!isUp(client) || peer === undefined || !isUp(peer)) return { fault: "the pod that answers does not run" };
  const request = row.request(scene, peer.address);
  if (typeof request === "string") return { fault: request };
  const target = { namespace: scene.namespace, pod: client.name, port: CONTROL_PORT };
  return askRound(context.forward(target), target, request, settings, signal);
}

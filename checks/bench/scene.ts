/** What is there to be measured: nodes, a server pod with the smoke model, the CNI, the image that measures. */
import type { Node, Pod } from "../cluster/objects";
import { PORTS } from "../../components/network-policies/ports";
import { PATHS as API } from "../cluster/paths";
import type { CheckContext } from "../context";
import { isServerPod } from "../criteria/server-pods";
import { type Places, placesOf } from "../policy/places";
import { httpProbe } from "../probes/http";
import { LookError, SkipError } from "../verdict";
import type { Scene } from "./paths";

/** Containers that serve models; their images have Python. */
const INFERENCE_CONTAINERS = ["mlserver", "triton"];

/** So many server pods are asked whether they hold the smoke model. */
const MOST_ASKED = 20;

export interface Found extends Scene {
  /** Image of the pods that measure. */
  readonly image: string;
  readonly kubernetes: string;
}

/**
 * Looks the cluster over.
 * @param image Given by hand; absent: the inference server's own.
 * @throws LookError where nothing can be measured here.
 */
export async function findScene(context: CheckContext, image: string | undefined, signal: AbortSignal): Promise<Found> {
  const { api, snapshot, subject } = context;
  const namespace = subject.smokeModel.namespace;
  const simulation = await snapshot.simulation(signal);
  const nodes = await api.list<Node>(API.nodes, signal);
  const pods = (await snapshot.pods(namespace, signal)).filter(isServerPod);
  const real = pods.filter((pod) => pod.status?.phase === "Running" && !simulation.isSimulated(pod));
  const { server, held } = await holder(context, namespace, real, signal);
  const version = await api.find<{ gitVersion?: string }>(API.version, signal);
  let places: Places;
  try {
    places = placesOf(nodes, server === undefined ? [] : [server], simulation);
  } catch (error) {
    if (!(error instanceof SkipError)) throw error;
    throw new LookError(`nothing can be measured here: ${error.message}`, {
      fix: "measure a cluster whose nodes are real",
    });
  }
  const container = server?.spec?.containers.find(({ name }) => INFERENCE_CONTAINERS.includes(name));
  const chosen = image ?? container?.image;
  if (chosen === undefined) {
    const why =
      server === undefined
        ? `no server pod runs in ${namespace}`
        : `pod ${server.metadata.name} has no container ${INFERENCE_CONTAINERS.join(" or ")}`;
    throw new LookError(`${why}, so there is no image known to have Python`, {
      fix: "name an image that has python3: --image",
    });
  }
  const address = server?.status?.podIP;
  return {
    namespace,
    places,
    ...(server === undefined || address === undefined ? {} : { server: { name: server.metadata.name, address } }),
    model: { name: subject.smokeModel.name, ...(held === undefined ? {} : { held }) },
    image: chosen,
    kubernetes: version?.gitVersion ?? "of unknown version",
  };
}

/** The server pod that holds the smoke model, else the first. Seldon Core loads it as `<model>_<version>`. */
async function holder(
  context: CheckContext,
  namespace: string,
  pods: readonly Pod[],
  signal: AbortSignal,
): Promise<{ server?: Pod; held?: string }> {
  for (const pod of pods.slice(0, MOST_ASKED)) {
    const target = { namespace, pod: pod.metadata.name, port: PORTS.server.inferenceHttp };
    const headers = { "content-type": "application/json" };
    const question = { method: "POST", path: "/v2/repository/index", headers, body: "{}" } as const;
    const { answer } = await httpProbe(context.forward(target), target, question, signal);
    const held = answer === undefined ? undefined : heldModel(answer.body, context.subject.smokeModel.name);
    if (held !== undefined) return { server: pod, held };
  }
  return pods[0] === undefined ? {} : { server: pods[0] };
}

/** The name under which an inference server has loaded a model, from its repository index (MLServer 1.7.1). Pure. */
export function heldModel(body: string, model: string): string | undefined {
  let index: unknown;
  try {
    index = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(index)) return undefined;
  const loaded = (index as { name?: unknown; state?: unknown }[]).filter(({ state }) => state === "READY");
  const names = loaded.map(({ name }) => name).filter((name) => typeof name === "string");
  return names.find((name) => name.startsWith(`${model}_`) && /^\d+$/.test(name.slice(model.length + 1)));
}

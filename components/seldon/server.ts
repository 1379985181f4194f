/** Servers, as the stack declares them itself, and their PodDisruptionBudgets. Pure. */
import type { Runtime } from "../../config/runtimes";
import type { SeldonServer } from "../../config/schema";
import { labels } from "../component";
import { hardened } from "./pod-security";
import { API_VERSION, type Metadata } from "./resources";
import { type BudgetResource, budgetResource, type SpreadConstraint, spreadOverNodes } from "./spread";

interface Scale {
  readonly replicas: number;
  readonly minReplicas?: number;
  readonly maxReplicas?: number;
}

/** A Server: a StatefulSet of inference servers with their agents. */
export interface ServerResource {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Server";
  readonly metadata: Metadata;
  readonly spec: {
    readonly serverConfig: SeldonServer["config"];
    readonly extraCapabilities?: readonly string[];
    readonly podSpec: ServerPod;
  } & Scale;
}

/** What is said over the ServerConfig's pod. Lists other than `containers` are appended to the chart's. */
interface ServerPod {
  readonly containers: readonly ServerContainer[];
  readonly securityContext?: object;
  readonly topologySpreadConstraints?: readonly SpreadConstraint[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  readonly runtimeClassName?: string;
  readonly volumes?: readonly object[];
}

interface ServerContainer {
  readonly name: string;
  readonly resources?: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly securityContext?: object;
  readonly volumeMounts?: readonly object[];
}

/**
 * Name of the inference container in each ServerConfig. The operator merges containers by name and appends one that it
 * does not know as a fourth, which would claim the same ports (2.10.2, `patch_utils.go` MergeContainers).
 */
const INFERENCE_CONTAINER: Readonly<Record<SeldonServer["config"], string>> = {
  mlserver: "mlserver",
  triton: "triton",
};

/** Downloads models; the only one of the three containers that reads a volume with models. */
const RCLONE = "rclone";
const MODELS = "models";

/** Label by which the operator knows a Server's pods (2.9.1 and 2.10.2). Probe pods do not wear it. */
const podLabels = ({ name }: SeldonServer): Record<string, string> => ({ "seldon-server-name": name });

/** Most pods that the Server can have. */
export const mostReplicas = ({ replicas, autoscaling }: SeldonServer): number => autoscaling?.maxReplicas ?? replicas;

/**
 * Replicas and their bounds. While the scheduler scales Servers at all, it scales every Server without bounds too
 * (2.10.2, `operator/internal/utils.go`), so those that are not to be scaled get their own number as both bounds.
 */
function scale({ replicas, autoscaling }: SeldonServer, anyScaled: boolean): Scale {
  if (autoscaling !== undefined) return { replicas: autoscaling.minReplicas, ...autoscaling };
  return anyScaled ? { replicas, minReplicas: replicas, maxReplicas: replicas } : { replicas };
}

function inferenceContainer({ config, memory, cpu, gpus }: SeldonServer): ServerContainer {
  const accelerators: Record<string, string> = gpus === 0 ? {} : { "nvidia.com/gpu": String(gpus) };
  return {
    name: INFERENCE_CONTAINER[config],
    resources: { requests: { cpu, memory, ...accelerators }, limits: { memory, ...accelerators } },
  };
}

/** The containers in the order in which they are named, each once, with everything that is said about it. */
function merged(containers: readonly ServerContainer[]): ServerContainer[] {
  const names = [...new Set(containers.map(({ name }) => name))];
  return names.map(
    (wanted) => Object.assign({}, ...containers.filter(({ name }) => name === wanted)) as ServerContainer,
  );
}

function pod(server: SeldonServer, podSecurity: Runtime["podSecurity"]): ServerPod {
  const { spread, nodeSelector, tolerations, runtimeClass, modelVolume } = server;
  const inference = inferenceContainer(server);
  const security = hardened(podSecurity, [inference.name, "agent", RCLONE]);
  const volume = modelVolume && {
    name: MODELS,
    persistentVolumeClaim: { claimName: modelVolume.claim, readOnly: true },
  };
  const mounting = modelVolume && {
    name: RCLONE,
    volumeMounts: [{ name: MODELS, mountPath: modelVolume.path, readOnly: true }],
  };
  return {
    containers: merged([inference, ...(mounting ? [mounting] : []), ...(security?.containers ?? [])]),
    ...(security === undefined ? {} : { securityContext: security.securityContext }),
    ...(spread === "none" || mostReplicas(server) < 2
      ? {}
      : { topologySpreadConstraints: spreadOverNodes(podLabels(server), spread) }),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations: tolerations.map(toleration) }),
    ...(runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass }),
    ...(volume === undefined ? {} : { volumes: [volume] }),
  };
}

const toleration = ({ key, value, effect }: SeldonServer["tolerations"][number]): object => ({
  key,
  ...(value === undefined ? { operator: "Exists" } : { operator: "Equal", value }),
  ...(effect === undefined ? {} : { effect }),
});

/**
 * A Server. The agent reports the memory request of its inference container to the scheduler as the capacity for models,
 * so that request and limit are the server's size.
 *
 * @param anyScaled whether the scheduler scales Servers in this stack.
 */
export function serverResource(
  { namespace, podSecurity }: Pick<Runtime, "namespace" | "podSecurity">,
  server: SeldonServer,
  anyScaled: boolean,
): ServerResource {
  const { name, config, capabilities } = server;
  return {
    apiVersion: API_VERSION,
    kind: "Server",
    metadata: { name, namespace, labels: labels() },
    spec: {
      serverConfig: config,
      ...scale(server, anyScaled),
      ...(capabilities.length > 0 ? { extraCapabilities: capabilities } : {}),
      podSpec: pod(server, podSecurity),
    },
  };
}

/** The budget of a Server's pods; a Server of one pod has none, because it would only block every drain. */
export function serverBudget({ namespace }: Pick<Runtime, "namespace">, server: SeldonServer): BudgetResource[] {
  if (mostReplicas(server) < 2) return [];
  return [budgetResource({ namespace, name: server.name }, podLabels(server), server.maxUnavailable)];
}

import { containersOf, podsOf } from "../pods";
import { type JudgedResource, kindOf, member, UNKNOWN, valueAt } from "../resource";
import { cannotJudge, type Fault, type ResourceRule } from "../rule";
import { isTree } from "../../config/tree";

/** What a scheduler has to know. */
const REQUESTS = ["cpu", "memory"] as const;

/** Kinds that make pods from nothing but themselves. */
const WORKLOADS = new Set(["Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"]);

/** Containers of a Server that its ServerConfig brings, requests included; the Server's own spec is laid over them. */
const OF_SERVER_CONFIG = new Set<unknown>(["agent", "rclone"]);

function* requestsOf(at: string, resources: unknown): Generator<Fault> {
  for (const name of REQUESTS) {
    const value = resources === undefined ? undefined : valueAt(resources, `requests.${name}`);
    const place = `${at}.requests.${name}`;
    if (value === UNKNOWN) yield cannotJudge(place, "how much the container asks for");
    else if (value === undefined || value === null) yield { at: place, problem: "is not set" };
  }
}

function* judgeContainers(resource: JudgedResource, skip: ReadonlySet<unknown>): Generator<Fault> {
  if (resource.inputs["spec"] === UNKNOWN) {
    yield cannotJudge("spec", "which containers it has");
    return;
  }
  let judged = 0;
  for (const found of podsOf(resource)) {
    if (found.pod["containers"] === UNKNOWN) {
      judged++;
      yield cannotJudge(member(found.at, "containers"), "which containers it has");
    }
    for (const { at, container, stays } of containersOf(found)) {
      if (!stays || skip.has(container["name"])) continue;
      judged++;
      yield* requestsOf(member(at, "resources"), container["resources"]);
    }
  }
  const pod = valueAt(resource.inputs, "spec.podSpec");
  if (judged === 0 && pod === UNKNOWN) yield cannotJudge("spec.podSpec", "which containers it has");
  else if (judged === 0) yield { at: "spec", problem: "describes no container with requests of its own" };
}

/** Every container says what it needs. */
export const resourceRequests: ResourceRule = {
  id: "resource-requests",
  what: "Every container of a model server, of a workload and of a Kafka node requests CPU and memory.",
  why: "A pod without requests is the first that a full node evicts, and the scheduler packs a node with it until it is full: models vanish under load, which looks like a refused connection.",
  fix: "Set cpu and memory of seldon.servers[] (kafka: seldon.kafka.strimzi), measured under load.",
  enforcement: "mandatory",
  *judge(resource) {
    const kind = kindOf(resource);
    if (kind === "Server") yield* judgeContainers(resource, OF_SERVER_CONFIG);
    else if (kind !== undefined && WORKLOADS.has(kind)) yield* judgeContainers(resource, new Set());
    else if (kind === "KafkaNodePool") {
      const { spec } = resource.inputs;
      if (spec === UNKNOWN) yield cannotJudge("spec", "how much a node asks for");
      else yield* requestsOf("spec.resources", isTree(spec) ? spec["resources"] : undefined);
    }
  },
};

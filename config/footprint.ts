/** What a runtime asks of its namespace's quota: sums over the pods that the stack makes it run. Pure. */
import type { SeldonVersion } from "./compatibility";
import { quantityValue } from "./quantity";
import type { Runtime } from "./runtimes";
import type { SeldonServer, StackConfig } from "./schema";

/** Sums in bytes, cores and pieces. Memory is that of the limits, which are never below the requests. */
export interface Footprint {
  readonly cpu: number;
  readonly memory: number;
  readonly pods: number;
  readonly storage: number;
  readonly volumeClaims: number;
}

interface Part {
  readonly cpu: string;
  readonly memory: string;
  readonly storage?: string;
}

/** Defaults of the setup chart that no key of ours changes. */
const SCHEDULER: Part = { cpu: "100m", memory: "1Gi", storage: "1Gi" };
const ENVOY: Part = { cpu: "100m", memory: "128Mi" };
const GATEWAY: Part = { cpu: "100m", memory: "1G" };
const DATAFLOW: Readonly<Record<SeldonVersion, Part>> = {
  "2.9.1": { cpu: "100m", memory: "1G" },
  "2.10.2": { cpu: "100m", memory: "3G" },
};
/** 2.10 limits rclone to twice what it requests; 2.9 to what it requests. */
const RCLONE: Readonly<Record<SeldonVersion, Part>> = {
  "2.9.1": { cpu: "50m", memory: "128Mi" },
  "2.10.2": { cpu: "50m", memory: "256Mi" },
};
const AGENT_CPU = "200m";
const OPERATOR: Part = { cpu: "10m", memory: "64Mi" };

/**
 * The pods with which the validation probes policies, while they run: two of each component and one of each other kind,
 * 128 Mi each (checks/probe-pods/manifest.ts).
 */
const PROBE_PODS = 20;
const PROBE: Part = { cpu: "1m", memory: "128Mi" };

const NOTHING: Footprint = { cpu: 0, memory: 0, pods: 0, storage: 0, volumeClaims: 0 };

const times = (count: number, { cpu, memory, storage }: Part): Footprint => ({
  cpu: count * quantityValue(cpu),
  memory: count * quantityValue(memory),
  pods: count,
  storage: storage === undefined ? 0 : count * quantityValue(storage),
  volumeClaims: storage === undefined ? 0 : count,
});

const plus = (left: Footprint, right: Footprint): Footprint => ({
  cpu: left.cpu + right.cpu,
  memory: left.memory + right.memory,
  pods: left.pods + right.pods,
  storage: left.storage + right.storage,
  volumeClaims: left.volumeClaims + right.volumeClaims,
});

function serverFootprint(server: SeldonServer, seldon: StackConfig["seldon"]): Footprint {
  const count = server.autoscaling?.maxReplicas ?? server.replicas;
  const { modelStorage } = seldon[server.config];
  const inference = times(count, { cpu: server.cpu, memory: server.memory, storage: modelStorage });
  const agent = times(count, { cpu: AGENT_CPU, memory: seldon.agent.memory });
  const rclone = times(count, RCLONE[seldon.version]);
  // Three containers of one pod.
  return { ...plus(plus(inference, agent), rclone), pods: count };
}

/** The sums for a runtime: its own pods, its Servers at their largest, and the validation's. */
export function footprintOf(runtime: Runtime, config: Pick<StackConfig, "seldon" | "validation">): Footprint {
  const { seldon, validation } = config;
  const home = (seldon.operatorNamespace ?? seldon.namespace) === runtime.namespace;
  const parts = [
    times(1, SCHEDULER),
    times(seldon.envoy.replicas, ENVOY),
    ...(seldon.profile === "pipelines" ? [times(2, GATEWAY), times(1, DATAFLOW[seldon.version])] : []),
    ...(home ? [times(1, OPERATOR)] : []),
    ...(validation.probePods ? [times(PROBE_PODS, PROBE)] : []),
    ...runtime.servers.map((server) => serverFootprint(server, seldon)),
  ];
  return parts.reduce(plus, NOTHING);
}

/** The container with the largest memory limit of a runtime. */
export function largestContainer(
  runtime: Runtime,
  { seldon }: Pick<StackConfig, "seldon">,
): { readonly what: string; readonly memory: string } {
  const all = [
    { what: "the scheduler", memory: SCHEDULER.memory },
    { what: "every agent", memory: seldon.agent.memory },
    ...(seldon.profile === "pipelines"
      ? [{ what: "the dataflow engine", memory: DATAFLOW[seldon.version].memory }]
      : []),
    ...runtime.servers.map(({ name, memory }) => ({ what: `server ${name}`, memory })),
  ];
  return all.reduce((most, one) => (quantityValue(one.memory) > quantityValue(most.memory) ? one : most));
}

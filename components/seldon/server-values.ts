/** Helm values about inference servers, their agents and Envoy: what `seldon.agent`, `.mlserver`, `.triton`, `.envoy` say. Pure. */
import { anyAutoscaling, type Runtime } from "../../config/runtimes";
import type { StackConfig } from "../../config/schema";
import { hardened, type HardenedPod } from "./pod-security";
import { type BudgetResource, budgetResource, type SpreadConstraint, spreadOverNodes } from "./spread";

type Config = Pick<StackConfig, "seldon">;

/** Values of `seldon-core-v2-setup` about servers. */
export interface ServerValues {
  readonly autoscaling: { readonly autoscalingServerEnabled: boolean };
  readonly serverConfig: {
    readonly agent: Readonly<Record<string, unknown>>;
    readonly mlserver?: Readonly<Record<string, unknown>>;
    readonly triton?: Readonly<Record<string, unknown>>;
  };
}

/** What the setup chart has by itself (2.9.1 and 2.10.2): left out of the values, so that only differences stand there. */
const CHART = {
  startMinutes: 15,
  loadMinutes: 120,
  loadRetries: 5,
  unloadMinutes: 15,
  unloadGraceSeconds: 2,
  overcommitPercent: 10,
  memory: "1Gi",
  modelStorage: "1Gi",
  parallelWorkers: 1,
} as const;

/** The entry, unless the chart has it so already. */
const unless = <T>(own: T, value: T, entry: Record<string, unknown>): Record<string, unknown> =>
  value === own ? {} : entry;

/**
 * Numbers are text where the chart's own defaults are: it writes them into environment variables of the agent.
 *
 * `periodReadySubServiceSeconds` is not among them, because the agent takes the patience for the period too
 * (2.9.1 to 2.10.2, `cmd/agent/main.go`).
 */
function agentValues({ agent }: Config["seldon"]): Record<string, unknown> {
  const text = (key: keyof typeof agent & keyof typeof CHART, path: string) =>
    unless<unknown>(CHART[key], agent[key], { [path]: String(agent[key]) });
  return {
    maxElapsedTimeReadySubServiceAfterStartSeconds: String(agent.patienceSeconds),
    ...text("startMinutes", "maxElapsedTimeReadySubServiceBeforeStartMinutes"),
    ...text("loadMinutes", "maxLoadElapsedTimeMinutes"),
    ...text("loadRetries", "maxLoadRetryCount"),
    ...text("unloadMinutes", "maxUnloadElapsedTimeMinutes"),
    ...text("unloadGraceSeconds", "unloadGracePeriodSeconds"),
    ...text("overcommitPercent", "overcommitPercentage"),
    ...unless<string>(CHART.memory, agent.memory, { resources: { memory: agent.memory } }),
  };
}

/** The section, unless it is empty. */
const section = (name: string, values: Record<string, unknown>): Record<string, unknown> =>
  Object.keys(values).length === 0 ? {} : { [name]: values };

/**
 * - `autoscalingServerEnabled`: on in the chart, which makes the operator write `spec.replicas` of Servers, also of those
 *   without minReplicas and maxReplicas (2.10.2, `operator/internal/utils.go`: no maximum then). Off here, unless a Server
 *   asks for it; then all others get their own number as both bounds.
 * - `modelVolumeStorage` and `parallel_workers` belong to the ServerConfigs, which all Servers of a kind share.
 */
export function serverValues(config: Config): ServerValues {
  const { seldon } = config;
  const { mlserver, triton } = seldon;
  const storage = ({ modelStorage }: { readonly modelStorage: string }) =>
    unless<string>(CHART.modelStorage, modelStorage, { modelVolumeStorage: modelStorage });
  const workers = unless<number>(CHART.parallelWorkers, mlserver.parallelWorkers, {
    parallel_workers: mlserver.parallelWorkers,
  });
  return {
    autoscaling: { autoscalingServerEnabled: anyAutoscaling(config) },
    serverConfig: {
      agent: agentValues(seldon),
      ...section("mlserver", { ...storage(mlserver), ...workers }),
      ...section("triton", storage(triton)),
    },
  };
}

/** Name of each component's container, by the component's key in the runtime chart (2.9.1 and 2.10.2). */
const CONTAINERS = {
  hodometer: "hodometer",
  scheduler: "scheduler",
  envoy: "envoy",
  dataflow: "dataflow-engine",
  modelgateway: "modelgateway",
  pipelinegateway: "pipelinegateway",
} as const;

/** What the runtime chart is told about a component's pods. Its values file does not list `podSpec`; its template reads it. */
export interface PodValues {
  readonly replicas?: number;
  readonly podSpec?: Partial<HardenedPod> & { readonly topologySpreadConstraints?: readonly SpreadConstraint[] };
}

/** Label of Envoy's pods (2.9.1 and 2.10.2, `deployment_reconciler.go`). */
export const ENVOY_LABELS = { "app.kubernetes.io/name": "seldon-envoy" } as const;

/** Values of the runtime chart about the pods of every component: Envoy's number and spread, and Pod Security. */
export function podValues(
  { seldon }: Config,
  { podSecurity }: Pick<Runtime, "podSecurity">,
): Record<string, PodValues> {
  const { replicas } = seldon.envoy;
  const entries = Object.entries(CONTAINERS).map(([key, container]): [string, PodValues] => {
    const security = hardened(podSecurity, [container]);
    const isSpread = key === "envoy" && replicas > 1;
    const podSpec = {
      ...security,
      ...(isSpread
        ? {
            topologySpreadConstraints: spreadOverNodes(ENVOY_LABELS, "prefer"),
          }
        : {}),
    };
    return [key, { ...(isSpread ? { replicas } : {}), ...(Object.keys(podSpec).length === 0 ? {} : { podSpec }) }];
  });
  return Object.fromEntries(entries.filter(([, values]) => Object.keys(values).length > 0));
}

/** The budget of Envoy's pods, where there are several. */
export const envoyBudget = (
  { envoy }: Config["seldon"],
  { namespace }: Pick<Runtime, "namespace">,
): BudgetResource[] =>
  envoy.replicas < 2 ? [] : [budgetResource({ namespace, name: "seldon-envoy" }, ENVOY_LABELS, 1)];

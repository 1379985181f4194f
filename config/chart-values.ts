/**
 * What Seldon's charts read from their values, for `seldon.values`: Helm ignores a value that no template reads, so that a
 * misspelt one looks like a setting and is none. Each path was followed into the templates of 2.9.1 and 2.10.2.
 */
import type { SeldonVersion } from "./compatibility";

export type SeldonChart = "setup" | "runtime";

/** Each `{a,b}` of a text written out, from the left. */
function expand(text: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(text);
  if (match === null) return [text];
  const [, before = "", choices = "", after = ""] = match;
  return choices.split(",").flatMap((choice) => expand(`${before}${choice}${after}`));
}

const COMPONENTS = "{hodometer,modelgateway,pipelinegateway,dataflow,controller,envoy,scheduler}";
const PODS = "{hodometer,modelgateway,pipelinegateway,dataflow,envoy,scheduler}";
const AGENT_TIMES =
  "{maxElapsedTimeReadySubServiceAfterStartSeconds,maxElapsedTimeReadySubServiceBeforeStartMinutes,maxLoadElapsedTimeMinutes,maxUnloadElapsedTimeMinutes,maxLoadRetryCount,maxUnloadRetryCount,unloadGracePeriodSeconds}";

/** Paths that both versions read. */
const READ: Readonly<Record<SeldonChart, readonly string[]>> = {
  setup: [
    `${COMPONENTS}.image.{registry,repository,tag,pullPolicy}`,
    `${COMPONENTS}.resources.{cpu,memory}`,
    `${COMPONENTS}.securityContext.{fsGroup,runAsUser,runAsGroup,runAsNonRoot}`,
    `${COMPONENTS}.logLevel`,
    "scheduler.resources.storage",
    "scheduler.schedulerReadyTimeoutSeconds",
    "modelgateway.workers",
    "dataflow.{cores,logLevelKafka}",
    "envoy.{preStopSleepPeriodSeconds,terminationGracePeriodSeconds,adminInterfacePort,accesslogPath,enableAccesslog,includeSuccessfulRequests}",
    "hodometer.{metricsLevel,extraPublishUrls}",
    "controller.{clusterwide,watchNamespaces,skipClusterRoleCreation}",
    "imagePullSecrets",
    "logging.logLevel",
    "opentelemetry.{endpoint,protocol,ratio}",
    "kafka.{debug,bootstrap,topicPrefix,consumerGroupIdPrefix}",
    "kafka.consumer.{sessionTimeoutMs,autoOffsetReset,topicMetadataPropagationMaxMs,messageMaxBytes}",
    "kafka.producer.{lingerMs,messageMaxBytes}",
    "kafka.topics.{replicationFactor,numPartitions}",
    "autoscaling.{autoscalingServerEnabled,serverPackingEnabled}",
    "services.{serviceGRPCPrefix,defaultServiceType}",
    "serverConfig.terminationGracePeriodSeconds",
    "serverConfig.securityContext.{fsGroup,runAsUser,runAsGroup,runAsNonRoot}",
    "serverConfig.{rclone,agent,mlserver,triton}.image.{registry,repository,tag,pullPolicy}",
    "serverConfig.{rclone,agent,mlserver,triton}.resources.{cpu,memory}",
    "serverConfig.{rclone,agent}.logLevel",
    `serverConfig.agent.${AGENT_TIMES}`,
    "serverConfig.agent.overcommitPercentage",
    "serverConfig.{mlserver,triton}.{serverCapabilities,modelVolumeStorage}",
  ].flatMap(expand),
  runtime: [
    "disableAutoUpdate",
    "seldonConfig",
    "{scheduler,envoy}.serviceType",
    "{hodometer,envoy,dataflow,modelgateway,pipelinegateway}.replicas",
    "config.agentConfig.rclone.configSecrets",
    "config.kafkaConfig.{bootstrap,topicPrefix,debug}",
    "config.serviceConfig.{serviceGRPCPrefix,serviceType}",
    "config.tracingConfig.{disable,otelExporterEndpoint,otelExporterProtocol,ratio}",
  ].flatMap(expand),
};

/** Paths below which anything goes. */
const OPEN: Readonly<Record<SeldonChart, readonly string[]>> = {
  setup: [`${PODS}.{annotations,labels}`, "controller.annotations"].flatMap(expand),
  runtime: [`${PODS}.podSpec`, "config.kafkaConfig.{consumer,producer,streams}"].flatMap(expand),
};

/** Paths that 2.10.2 reads and 2.9.1 does not. */
const SINCE_2_10: Readonly<Record<SeldonChart, readonly string[]>> = {
  setup: [
    "{modelgateway,pipelinegateway}.maxNumConsumers",
    "dataflow.pipelineCtlopsThreads",
    "serverConfig.rclone.resources.limits.memory",
    "serverConfig.mlserver.{parallel_workers,debug}",
  ].flatMap(expand),
  runtime: [],
};
const OPEN_SINCE_2_10: Readonly<Record<SeldonChart, readonly string[]>> = {
  setup: [],
  runtime: ["config.kafkaConfig.topics"],
};

/** Whether the version's chart reads the path. */
export function isRead(chart: SeldonChart, version: SeldonVersion, path: string): boolean {
  const open = [...OPEN[chart], ...(version === "2.9.1" ? [] : OPEN_SINCE_2_10[chart])];
  return readPaths(chart, version).includes(path) || open.some((one) => path === one || path.startsWith(`${one}.`));
}

/** Every single path that the version's chart reads. */
export const readPaths = (chart: SeldonChart, version: SeldonVersion): readonly string[] => [
  ...READ[chart],
  ...(version === "2.9.1" ? [] : SINCE_2_10[chart]),
];

/** A path, or all that begin with it, and what is to be used in its place. */
export interface Refused {
  readonly path: string;
  readonly why: string;
  readonly use: string;
}

const refused = (paths: string, why: string, use: string): Refused[] =>
  expand(paths).map((path) => ({ path, why, use }));

const NEVER_READ = "is read by no template";

/** Values that look like settings and are none, or that break what they set. */
export const DEAD_VALUES: Readonly<Record<SeldonChart, readonly Refused[]>> = {
  setup: [
    ...refused(
      "{envoy,scheduler}.service.type",
      NEVER_READ,
      "nothing: every Service stays ClusterIP, and the ingress publishes the models",
    ),
    ...refused("serviceGRPCPrefix", NEVER_READ, "services.serviceGRPCPrefix"),
    ...refused("controller.skipOperatorClusterRoleCreation", NEVER_READ, "controller.skipClusterRoleCreation"),
    ...refused(
      "kafka.consumer.topicMetadataRefreshIntervalMs",
      NEVER_READ,
      "kafka.consumer.topicMetadataPropagationMaxMs",
    ),
    ...refused("agent", NEVER_READ, "seldon.agent, or serverConfig.agent"),
    ...refused(
      "opentelemetry.disable",
      "does not reach any runtime (TracingConfig.addDefaults leaves it out)",
      "no seldon.tracing section: tracing is off then",
    ),
    ...refused(
      "autoscaling.autoscalingModelEnabled",
      "is overwritten with false by scheduler and agent (main.go of both)",
      "seldon.servers[].autoscaling, and an autoscaler of your own on the scale of a Model",
    ),
    ...refused(
      "autoscaling.serverPackingPercentage",
      "goes into an integer field, which refuses a fraction",
      "autoscaling.serverPackingEnabled alone",
    ),
    ...refused(
      "serverConfig.agent.{scalingStatsPeriodSeconds,modelInferenceLagThreshold,modelInactiveSecondsThreshold}",
      "belongs to the scaling of models, which scheduler and agent switch off",
      "seldon.servers[].autoscaling",
    ),
    ...refused(
      "serverConfig.agent.periodReadySubServiceSeconds",
      "is ignored: the agent takes its patience for the period too",
      "seldon.agent.patienceSeconds",
    ),
    ...refused(
      "useDeploymentsForServers",
      "leaves agents without the EndpointSlice that they wait for, and servers without a volume",
      "nothing: Servers are StatefulSets",
    ),
  ],
  runtime: [
    ...refused("scheduler.replicas", NEVER_READ, "nothing: a runtime has one scheduler"),
    ...refused(
      "{envoy,scheduler}.service.type",
      NEVER_READ,
      "nothing: every Service stays ClusterIP, and the ingress publishes the models",
    ),
    ...refused("config.scalingConfig", NEVER_READ, "seldon.servers[].autoscaling"),
    ...refused(
      "{hodometer,scheduler,envoy,dataflow,modelgateway,pipelinegateway}.disable",
      "leaves the Deployment that is there, and the SeldonRuntime's Ready condition Unknown for ever",
      "replicas: 0, or seldon.profile",
    ),
  ],
};

const FIXED = "nothing: it is fixed, because a published control plane asks nobody who he is";

/** Values that the stack sets from keys of its own. */
export const OWN_VALUES: Readonly<Record<SeldonChart, readonly Refused[]>> = {
  setup: [
    ...refused("services.defaultServiceType", "is set by the stack", FIXED),
    ...refused("autoscaling.autoscalingServerEnabled", "is set by the stack", "seldon.servers[].autoscaling"),
    ...refused(`serverConfig.agent.{overcommitPercentage,resources.memory}`, "is set by the stack", "seldon.agent"),
    ...refused(`serverConfig.agent.${AGENT_TIMES}`, "is set by the stack", "seldon.agent"),
    ...refused("serverConfig.{mlserver,triton}.resources", "is set by the stack", "cpu and memory of seldon.servers[]"),
    ...refused(
      "serverConfig.{mlserver,triton}.modelVolumeStorage",
      "is set by the stack",
      "modelStorage of seldon.mlserver or seldon.triton",
    ),
    ...refused("serverConfig.mlserver.parallel_workers", "is set by the stack", "seldon.mlserver.parallelWorkers"),
    ...refused(
      "controller.{clusterwide,watchNamespaces}",
      "is set by the stack",
      "seldon.operatorNamespace and seldon.tenants",
    ),
    ...refused("kafka.{bootstrap,topicPrefix,topics}", "is set by the stack", "seldon.kafka"),
    ...refused("security", "is set by the stack", "seldon.kafka and seldon.tls"),
    ...refused("opentelemetry.{endpoint,protocol,ratio}", "is set by the stack", "seldon.tracing"),
  ],
  runtime: [
    ...refused("{scheduler,envoy}.serviceType", "is set by the stack", FIXED),
    ...refused("config.serviceConfig.serviceType", "is set by the stack", FIXED),
    ...refused(
      "hodometer.replicas",
      "is set by the stack",
      "nothing: usage reports are off, and no policy lets them out",
    ),
    ...refused("envoy.replicas", "is set by the stack", "seldon.envoy.replicas"),
    ...refused("config.tracingConfig", "is set by the stack", "seldon.tracing"),
    ...refused("config.agentConfig.rclone.configSecrets", "is set by the stack", "seldon.storage.remotes"),
    ...refused("config.kafkaConfig.{bootstrap,topicPrefix,topics}", "is set by the stack", "seldon.kafka"),
  ],
};

/** The row about a path. */
export const refusalOf = (rows: readonly Refused[], path: string): Refused | undefined =>
  rows.find((row) => path === row.path || path.startsWith(`${row.path}.`));

/** Every path to a value of a tree that is no mapping, or an empty one. Lists count as values. */
export function valuePaths(value: unknown, at = ""): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [at];
  const entries = Object.entries(value);
  if (entries.length === 0) return at === "" ? [] : [at];
  return entries.flatMap(([key, item]) => valuePaths(item, at === "" ? key : `${at}.${key}`));
}

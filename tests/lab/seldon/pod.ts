/**
 * A server pod as Seldon Core 2.10.2 makes it: the containers of its ServerConfig `mlserver` (chart `seldon-core-v2-setup`:
 * names, ports, probes, variables), changed by a Server's podSpec as the operator merges it. Images are the lab's. Pure.
 */
import { MLSERVER_IMAGE, RCLONE_IMAGE, STAND_IN_IMAGE } from "../image/seldon-image";

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly [key: string]: unknown;
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly [key: string]: unknown;
}

/** Variables with values, in this order. */
export const variables = (values: Readonly<Record<string, string>>): EnvVar[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

const models = { name: "mlserver-models", mountPath: "/mnt/agent" };
const live = { httpGet: { path: "/v2/health/live", port: "server-http" } };
const ready = { httpGet: { path: "/ready", port: 9008 } };
const memory = (size: string): object => ({ requests: { cpu: "10m", memory: size }, limits: { memory: size } });

/** What the ServerConfig declares. Hooks, Secrets and volumes that only the real agent reads are left out. */
export const serverConfigSpec = (): PodSpec => ({
  terminationGracePeriodSeconds: 1,
  securityContext: { fsGroup: 1000, runAsUser: 1000, runAsNonRoot: true },
  containers: [
    {
      name: "rclone",
      image: RCLONE_IMAGE,
      command: ["rclone"],
      args: ["rcd", "--rc-no-auth", "--config=/tmp/rclone.conf", "--rc-addr=0.0.0.0:5572"],
      ports: [{ name: "rclone", containerPort: 5572 }],
      readinessProbe: { tcpSocket: { port: 5572 }, initialDelaySeconds: 5, periodSeconds: 5 },
      resources: memory("256Mi"),
      volumeMounts: [models],
    },
    {
      name: "agent",
      image: STAND_IN_IMAGE,
      command: ["/bin/agent"],
      env: [
        ...variables({
          SELDON_SERVER_CAPABILITIES: "mlserver,python,sklearn",
          SELDON_MAX_TIME_READY_SUB_SERVICE_AFTER_START_SECONDS: "30",
          SELDON_OVERCOMMIT_PERCENTAGE: "10",
          SELDON_SERVER_HTTP_PORT: "9000",
          SELDON_SERVER_GRPC_PORT: "9500",
          SELDON_SCHEDULER_HOST: "seldon-scheduler",
          SELDON_SCHEDULER_PORT: "9005",
          SELDON_READINESS_PORT: "9008",
          SELDON_SERVER_TYPE: "mlserver",
        }),
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
      ports: [{ name: "readiness-port", containerPort: 9008 }],
      startupProbe: { ...ready, failureThreshold: 60, periodSeconds: 15 },
      readinessProbe: { ...ready, failureThreshold: 1, periodSeconds: 5 },
      resources: memory("256Mi"),
      volumeMounts: [models],
    },
    {
      name: "mlserver",
      image: MLSERVER_IMAGE,
      command: ["mlserver", "start", "/mnt/agent/models"],
      // Where MLServer makes its environments folder.
      workingDir: "/tmp",
      env: variables({
        MLSERVER_PARALLEL_WORKERS: "1",
        MLSERVER_DEBUG: "false",
        MLSERVER_HTTP_PORT: "9000",
        MLSERVER_GRPC_PORT: "9500",
        MLSERVER_MODELS_DIR: "/mnt/agent/models",
        MLSERVER_LOAD_MODELS_AT_STARTUP: "false",
        MLSERVER_GRPC_MAX_MESSAGE_LENGTH: "1048576000",
      }),
      ports: [
        { name: "server-grpc", containerPort: 9500 },
        { name: "server-http", containerPort: 9000 },
        { name: "server-metrics", containerPort: 8082 },
      ],
      startupProbe: { ...live, failureThreshold: 10, periodSeconds: 10 },
      readinessProbe: { ...live, initialDelaySeconds: 5, periodSeconds: 5 },
      livenessProbe: live,
      resources: memory("1Gi"),
      volumeMounts: [models],
    },
  ],
  volumes: [{ name: models.name, emptyDir: {} }],
});

/**
 * A Server's podSpec over that of its ServerConfig: containers by name, what has another name is appended, and of
 * variables both lists stand, the later one counting (`operator/pkg/utils/patch_utils.go MergeContainers`).
 */
export function merged(config: PodSpec, own: PodSpec | undefined): PodSpec {
  const overrides = own?.containers ?? [];
  const known = new Set(config.containers.map(({ name }) => name));
  return {
    ...config,
    containers: [
      ...config.containers.map((container) => {
        const override = overrides.find(({ name }) => name === container.name);
        return override === undefined
          ? container
          : { ...container, ...override, env: [...(container.env ?? []), ...(override.env ?? [])] };
      }),
      ...overrides.filter(({ name }) => !known.has(name)),
    ],
  };
}

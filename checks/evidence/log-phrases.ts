/**
 * What the rules look for in logs. Only lines with one of these phrases, and the last few of a log, are kept: a log may
 * be larger than memory.
 *
 * Sources: Seldon Core 2.9.1 and 2.10.2 (`scheduler/pkg/agent/agent_svc_manager.go`, `agent_svc_utils.go`,
 * `readyservice/server.go`, `k8s/extended_client.go`, `scheduler/pkg/scheduler/scheduler.go`, `agent/server.go`,
 * `synchroniser/servers_sync.go`, `cmd/scheduler/main.go`), MLServer 1.7.1 (`mlserver/rest/server.py`,
 * `mlserver/grpc/server.py`, `mlserver/settings.py`), librdkafka and kafka-clients for the gateways.
 */
const PHRASES = {
  /** The agent asks MLServer and gets no answer yet. */
  "agent-waits-mlserver": /Waiting for Inference Server service to become ready/,
  "agent-waits-rclone": /Waiting for Model Repository \(rclone\) service to become ready/,
  "agent-gave-up": /Giving up on waiting for .+ service to become ready/,
  /** The agent's control loop has ended; it never begins again. */
  "agent-stopped": /readiness HTTP handler failed, target not set|Shutting down stream to scheduler|msg=Stopping\b/,
  "agent-no-scheduler": /Scheduler not ready|Failed to connect to the scheduler/,
  "agent-subscribed": /Subscribed to scheduler/,
  "agent-endpoints": /pod's IP is published to endpoints/,
  "agent-api":
    /failed to (?:list endpointslice|watch endpoints)|Failed to (?:create kubernetes clientset|create agent config handler|initialise rclone config listener)/,
  "agent-parse": /Failed to parse SELDON_\w+/,
  "agent-proxy": /proxyconnect tcp|failed to do connect handshake/,
  "mlserver-http": /HTTP server running on \S+/,
  "mlserver-grpc": /gRPC server running on \S+/,
  "mlserver-settings": /validation errors? for Settings|unable to parse string as an integer/,
  "address-in-use": /[Aa]ddress already in use|Failed to bind/,
  "python-error": /^\s*(?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?:Error|Exception)\b/,
  "empty-server": /Empty server for \S+ so ignoring/,
  "schedule-failed": /Failed to schedule model as no matching server/,
  "agent-connected": /Received agent subscribe request from/,
  "agent-left": /Client replica \S+ has disconnected/,
  "servers-connected": /All \(num: \d+\) servers connected|Inference servers ready|Scheduler is ready/,
  "kafka-unreachable":
    /No resolvable bootstrap urls|Couldn't resolve server|(?:Failed|Unable) to resolve|Host resolution failure|Broker transport failure|All broker connections are down|Connection to node -?\d+ .*could not be established|[Ff]ailed to create topics?|UnknownHostException/,
} as const satisfies Record<string, RegExp>;

export type PhraseId = keyof typeof PHRASES;

const ROWS = Object.entries(PHRASES) as [PhraseId, RegExp][];

/** The phrases of a line. */
export const phrasesOf = (line: string): PhraseId[] =>
  ROWS.filter(([, pattern]) => pattern.test(line)).map(([id]) => id);

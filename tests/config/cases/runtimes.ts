import type { RuleCase } from "./case";

const MINIO = { kind: "minio", name: "minio", endpoint: "http://minio.minio.svc:9000" };
const S3 = { kind: "s3", name: "s3", region: "eu-central-1" };
const CREDENTIALS = ["storageCredentials"];
const SCALED = { name: "mlserver", autoscaling: { minReplicas: 1, maxReplicas: 3 } };

const setup = (values: unknown): Record<string, unknown> => ({ "seldon.values.setup": values });
const runtime = (values: unknown): Record<string, unknown> => ({ "seldon.values.runtime": values });

/** Servers, what namespaces may hold, object storages, values of the charts. */
export const RUNTIME_CASES: readonly RuleCase[] = [
  {
    when: "a server could be scaled to one number only",
    rule: "seldon.autoscaling-bounds",
    set: { "seldon.servers": [{ name: "mlserver", autoscaling: { minReplicas: 3, maxReplicas: 3 } }] },
    at: "seldon.servers[0].autoscaling.maxReplicas",
    says: ["is not more than minReplicas 3", "4 or more"],
  },
  {
    when: "a server without replicas stands beside one that is scaled",
    rule: "seldon.autoscaling-of-nothing",
    set: { "seldon.servers": [SCALED, { name: "spare", replicas: 0 }] },
    at: "seldon.servers[1].replicas",
    says: ["takes 0 for no upper bound", "remove the server"],
  },
  {
    when: "2.9.1 is told how many workers infer",
    rule: "seldon.parallel-workers-version",
    set: { "seldon.version": "2.9.1", "seldon.mlserver.parallelWorkers": 4 },
    at: "seldon.mlserver.parallelWorkers",
    says: ["is not read by the charts of 2.9.1", "2.10.2"],
  },
  {
    when: "agents have hardly any memory",
    rule: "seldon.agent-memory",
    set: { "seldon.agent.memory": "512m" },
    at: "seldon.agent.memory",
    says: ["m means a thousandth"],
  },
  {
    when: "a volume hides the agent's own folder",
    rule: "seldon.model-volume-path",
    set: { "seldon.servers": [{ name: "mlserver", modelVolume: { claim: "models", path: "/mnt/agent/models" } }] },
    at: "seldon.servers[0].modelVolume.path",
    says: ["lies in /mnt/agent", "use /var/models"],
  },
  {
    when: "a quota holds less memory than the stack itself runs",
    rule: "seldon.quota-too-small",
    set: { "seldon.quota": { memory: "4Gi" } },
    at: "seldon.quota.memory",
    says: ['got "4Gi"', "6080Mi or more", "financial-ml"],
  },
  {
    when: "a tenant's quota holds fewer volume claims than its servers need",
    rule: "seldon.quota-too-small",
    set: { "seldon.tenants": [{ namespace: "a", quota: { volumeClaims: 1 } }] },
    at: "seldon.tenants[0].quota.volumeClaims",
    says: ["2 or more"],
  },
  {
    when: "a limit is smaller than the scheduler",
    rule: "seldon.limit-too-small",
    set: { "seldon.limits.maxMemory": "512Mi" },
    at: "seldon.limits.maxMemory",
    says: ["the scheduler has in financial-ml", "1Gi or more"],
  },
  {
    when: "a limit is smaller than what it gives by itself",
    rule: "seldon.limit-default-too-large",
    set: { "seldon.limits": { defaultMemory: "2Gi", maxMemory: "1Gi" } },
    at: "seldon.limits.defaultMemory",
    says: ["the API server refuses", "at most 1Gi"],
  },
  {
    when: "the operator's namespace shall be restricted",
    rule: "seldon.restricted-operator",
    set: { "seldon.podSecurity": "restricted" },
    at: "seldon.podSecurity",
    says: ["does not drop the container's capabilities", "seldon.operatorNamespace"],
  },
  {
    when: "two remotes have one name",
    rule: "seldon.remote-repeated",
    set: { "seldon.storage.remotes": [S3, { ...S3, region: "us-east-1" }] },
    secrets: CREDENTIALS,
    at: "seldon.storage.remotes[1].name",
    says: ["is also that of seldon.storage.remotes[0]"],
  },
  {
    when: "a remote has the name of the public one",
    rule: "seldon.remote-reserved",
    set: { "seldon.storage.remotes": [{ kind: "gcs", name: "gs" }] },
    secrets: CREDENTIALS,
    at: "seldon.storage.remotes[0].name",
    says: ["loaded after this one", "use gcs"],
  },
  {
    when: "a remote is for a namespace without runtime",
    rule: "seldon.remote-namespace",
    set: { "seldon.storage.remotes": [{ ...S3, namespaces: ["financial-ml", "nobody"] }] },
    secrets: CREDENTIALS,
    at: "seldon.storage.remotes[0].namespaces[1]",
    says: ['got "nobody"', "financial-ml"],
  },
  {
    when: "a remote's port is closed by the policies",
    rule: "seldon.remote-port-closed",
    set: { "seldon.storage.remotes": [MINIO] },
    secrets: CREDENTIALS,
    at: "seldon.storage.remotes[0].endpoint",
    says: ["answers on port 9000", "add 9000 to policies.storage.ports"],
  },
  {
    when: "credentials of remotes are missing",
    rule: "seldon.storage-credentials-missing",
    set: { "seldon.storage.remotes": [S3] },
    at: "storageCredentials",
    says: ["pulumi config set --secret storageCredentials < file.json"],
  },
  {
    when: "credentials are set without remotes",
    rule: "seldon.storage-credentials-unused",
    set: {},
    secrets: CREDENTIALS,
    at: "storageCredentials",
    says: ["no remote logs in with it"],
  },
  {
    when: "a Service's type is set where no template reads it",
    rule: "seldon.value-dead",
    set: setup({ envoy: { service: { type: "NodePort" } } }),
    at: "seldon.values.setup.envoy.service.type",
    says: ["is read by no template", "stays ClusterIP"],
  },
  {
    when: "models shall scale by themselves",
    rule: "seldon.value-dead",
    set: setup({ autoscaling: { autoscalingModelEnabled: true } }),
    at: "seldon.values.setup.autoscaling.autoscalingModelEnabled",
    says: ["overwritten with false", "seldon.servers[].autoscaling"],
  },
  {
    when: "tracing is switched off where it reaches nobody",
    rule: "seldon.value-dead",
    set: setup({ opentelemetry: { disable: true } }),
    at: "seldon.values.setup.opentelemetry.disable",
    says: ["no seldon.tracing section"],
  },
  {
    when: "agents are set under the prefix of the vendor's documentation",
    rule: "seldon.value-dead",
    set: setup({ agent: { overcommitPercentage: "20" } }),
    at: "seldon.values.setup.agent.overcommitPercentage",
    says: ["seldon.agent"],
  },
  {
    when: "a component is disabled instead of scaled to nothing",
    rule: "seldon.value-dead",
    set: runtime({ hodometer: { disable: true } }),
    at: "seldon.values.runtime.hodometer.disable",
    says: ["Ready condition Unknown for ever", "replicas: 0"],
  },
  {
    when: "a value is set that a key decides",
    rule: "seldon.value-owned",
    set: setup({ serverConfig: { agent: { maxElapsedTimeReadySubServiceAfterStartSeconds: "30" } } }),
    at: "seldon.values.setup.serverConfig.agent.maxElapsedTimeReadySubServiceAfterStartSeconds",
    says: ["is set by the stack", "use seldon.agent"],
  },
  {
    when: "a Service of the control plane shall be published",
    rule: "seldon.value-owned",
    set: runtime({ scheduler: { serviceType: "LoadBalancer" } }),
    at: "seldon.values.runtime.scheduler.serviceType",
    says: ["asks nobody who he is"],
  },
  {
    when: "a Secret for pulling images is named without its key",
    rule: "seldon.value-pull-secrets",
    set: setup({ imagePullSecrets: ["registry"] }),
    at: "seldon.values.setup.imagePullSecrets",
    says: ["is a list of mappings", "{ name: registry }"],
  },
  {
    when: "a value is misspelt",
    rule: "seldon.value-unknown",
    set: setup({ serverConfig: { mlserver: { serverCapability: "sklearn" } } }),
    at: "seldon.values.setup.serverConfig.mlserver.serverCapability",
    says: [
      "is read by no template of seldon-core-v2-setup 2.10.2",
      "did you mean serverConfig.mlserver.serverCapabilities?",
    ],
  },
];

/** A stack that uses every secret key, with markers for secrets. Addresses and names are examples for documentation. */
import type { StackFile } from "../../config/stack-file";
import { readStackFile } from "../../config/stack-file";
import { PROJECT_DIR } from "../../tools/plan/evaluate";
import { SECRET_CONFIG } from "./inputs";

export const STACK = "planted";

/** Kafka of somebody else, or one that the stack declares: the password goes to other objects. */
export type KafkaKind = "external" | "strimzi";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAtc2QdWFCxRQJPxyDSYXurQ1KCHUnBGohsdVmDe5pel";

const KAFKA: Readonly<Record<KafkaKind, object>> = {
  external: { bootstrap: "kafka.example.com:9093", cidrs: ["198.51.100.64/26"], brokerCaSecret: "kafka-ca" },
  strimzi: { strimzi: { storage: "10Gi" } },
};

/** The open part of the configuration. */
export const openValues = (kafka: KafkaKind = "external"): Record<string, unknown> => ({
  cluster: {
    name: STACK,
    kubeconfigFile: `kubeconfig-${STACK}.yaml`,
    uid: "00000000-0000-4000-8000-00000000f00d",
    endpoint: "https://192.0.2.11:6443",
  },
  network: { nodeCidrs: ["192.0.2.0/24"] },
  k3s: { etcdSnapshots: { s3: { bucket: "snapshots", region: "eu-central-1" } } },
  calico: { registry: "registry.example.com/" },
  hosts: {
    servers: [{ name: "server-1", address: "192.0.2.11", hostKey: HOST_KEY }],
    agents: [{ name: "agent-1", address: "192.0.2.21", hostKey: HOST_KEY }],
    backup: { s3: { bucket: "copies", region: "eu-central-1" } },
  },
  seldon: {
    profile: "pipelines",
    kafka: KAFKA[kafka],
    tls: kafka === "strimzi" ? { certManager: { install: true } } : {},
    storage: { remotes: [{ kind: "s3", name: "s3", region: "eu-central-1" }] },
    servers: [{ name: "mlserver" }],
  },
  policies: { monitoringNamespace: "monitoring" },
});

/** Values of the secret keys, markers in them. */
export const secretValues = (): Record<string, string> =>
  Object.fromEntries(Object.entries(SECRET_CONFIG).map(([key, { value }]) => [key, value]));

/** The stack as the engine would see it, with the secrets decrypted. */
export function plantedStack(kafka: KafkaKind = "external", more: Readonly<Record<string, unknown>> = {}): StackFile {
  const { project, other } = readStackFile(PROJECT_DIR, "dev");
  const secrets = secretValues();
  return {
    project,
    stack: STACK,
    values: { ...openValues(kafka), ...secrets, ...more },
    secretKeys: Object.keys(secrets).sort(),
    other,
  };
}

/** Secrets that only a stack with machines has. */
const OF_MACHINES = ["k3sToken", "etcdS3AccessKey", "etcdS3SecretKey"];

/** The same stack on a cluster that exists already, for an engine that really deploys. */
export function withoutMachines(): { values: Record<string, unknown>; secrets: Record<string, string> } {
  const { hosts: _hosts, k3s: _k3s, ...values } = openValues();
  const secrets = Object.entries(secretValues()).filter(([key]) => !OF_MACHINES.includes(key));
  return {
    values: { ...values, validation: { enabled: false } },
    secrets: Object.fromEntries(secrets),
  };
}

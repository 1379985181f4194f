import { HOST_KEY } from "../../support/host-key";

/** One way to break a sound configuration, and what must be said about it. */
export interface RuleCase {
  /** What is wrong, in the words of the test's title. */
  readonly when: string;
  /** The rule that must refuse it, and no other. */
  readonly rule: string;
  /** Changes to the sound configuration: dotted path to value, `undefined` removes. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Secret keys that are set; none unless named. */
  readonly secrets?: readonly string[];
  /** Path of the fault. */
  readonly at: string;
  /** Fragments of the message: what is wrong, what was found, what is allowed, how to mend it. */
  readonly says: readonly string[];
}

/** A configuration that breaks no rule: three servers, two agents, one server of models. Made anew for every test. */
export function soundConfig(): Record<string, unknown> {
  return {
    cluster: {
      name: "example",
      kubeconfigFile: "kubeconfig.yaml",
      uid: "6f1c2a4e-3b5d-4c7e-8f90-123456789abc",
      endpoint: "https://192.0.2.11:6443",
    },
    network: { nodeCidrs: ["192.0.2.0/24"] },
    hosts: {
      servers: [
        { name: "server-1", address: "192.0.2.11", hostKey: HOST_KEY },
        { name: "server-2", address: "192.0.2.12", hostKey: HOST_KEY },
        { name: "server-3", address: "192.0.2.13", hostKey: HOST_KEY },
      ],
      agents: [
        { name: "agent-1", address: "192.0.2.21", hostKey: HOST_KEY },
        { name: "agent-2", address: "192.0.2.22", hostKey: HOST_KEY },
      ],
    },
  };
}

/** A sound Kafka section, for the pipelines profile. */
export const KAFKA = {
  bootstrap: "kafka.example.com:9093",
  brokerCaSecret: "kafka-ca",
  cidrs: ["198.51.100.0/24"],
};

/** Pipelines over Kafka, sound with the secret kafkaPassword. */
export const PIPELINES = { "seldon.profile": "pipelines", "seldon.kafka": KAFKA };

type Container = Record<string, unknown>;

/** Sets `value` at a dotted path (numbers are indexes), making the mappings on the way. */
export function setPath(target: Container, path: string, value: unknown): void {
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  const parent = steps.reduce<Container>((at, step) => (at[step] ??= {}) as Container, target);
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}

/** The sound configuration with changes. */
export function changed(set: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const raw = soundConfig();
  for (const [path, value] of Object.entries(set)) setPath(raw, path, structuredClone(value));
  return raw;
}

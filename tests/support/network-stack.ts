import { HOST_KEY } from "./host-key";
import { stackSchema } from "../../config/schema";
import type { StackConfig } from "../../config/schema";

type Raw = Record<string, unknown>;

/** Three servers and two agents with documentation addresses. */
export const HOSTS: Raw = {
  servers: [
    { name: "server-1", address: "192.0.2.11", hostKey: HOST_KEY, labels: { zone: "a", rack: "r1" } },
    { name: "server-2", address: "192.0.2.12", hostKey: HOST_KEY, taints: ["dedicated=control:NoSchedule"] },
    { name: "server-3", address: "192.0.2.13", hostKey: HOST_KEY },
  ],
  agents: [
    { name: "agent-1", address: "192.0.2.21", hostKey: HOST_KEY, labels: { role: "models" } },
    { name: "agent-2", address: "192.0.2.22", hostKey: HOST_KEY },
  ],
};

/** A small valid stack with everything else at its default; each argument replaces or adds one section's keys. */
export function networkStack(sections: Raw = {}): StackConfig {
  const { cluster, network, ...rest } = sections;
  return stackSchema.parse({
    ...rest,
    cluster: {
      name: "test",
      kubeconfigFile: "kubeconfig-test.yaml",
      uid: "2f6a9f0e-3c51-4f0c-9a5e-6a2d3f1b7c11",
      endpoint: "https://k3s.example.com:6443",
      ...(cluster as Raw | undefined),
    },
    network: { nodeCidrs: ["192.0.2.0/24"], ...(network as Raw | undefined) },
  });
}

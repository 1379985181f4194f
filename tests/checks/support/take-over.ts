/** A server and an agent whose facts a test changes, against what the stack declares: what taking them over says. */
import type { HostFacts } from "../../../checks/hosts/facts";
import { takeOver } from "../../../checks/hosts/take-over";
import { AGENT, agentFacts, HOST_KEY, machinesOf, SERVER, serverFacts } from "./machines";

export const CONFIG = "/etc/rancher/k3s/config.yaml";
export const PINS = {
  installer: { url: "https://example.com/install.sh", sha256: "a".repeat(64) },
  binary: { amd64: { url: "https://example.com/k3s", sha256: "b".repeat(64) } },
};
export const K3S = { version: "v1.33.1+k3s1", datastore: "sqlite", secretsEncryption: false };

export interface Situation {
  readonly sections?: Record<string, object>;
  readonly server?: HostFacts;
  readonly agent?: HostFacts;
  readonly others?: Record<string, HostFacts>;
  readonly helpFlags?: Record<string, readonly string[]>;
}

/** The verdict; what a situation does not name is as declared. */
export function judge({ sections = {}, server, agent, others = {}, helpFlags = {} }: Situation) {
  const facts = new Map(Object.entries({ s1: server ?? serverFacts(), a1: agent ?? agentFacts(), ...others }));
  const flags = new Map(Object.entries(helpFlags).map(([name, list]) => [name, new Set(list)]));
  return takeOver(machinesOf(sections), facts, { helpFlags: flags });
}

/** A server whose unit has these flags. */
export const flags = (...words: readonly string[]) => ({ "exec-start": ["/usr/local/bin/k3s", "server", ...words] });
/** An agent whose unit has these flags. */
export const agentFlags = (...words: readonly string[]) => ({
  "exec-start": ["/usr/local/bin/k3s", "agent", ...words],
});

const SECOND = { name: "s2", address: "192.0.2.12", hostKey: HOST_KEY };
const THIRD = { name: "s3", address: "192.0.2.13", hostKey: HOST_KEY };
/** Three servers on etcd. */
export const HA = {
  hosts: { servers: [SERVER, SECOND, THIRD], agents: [AGENT] },
  k3s: { ...K3S, datastore: "etcd" },
};
/** A server of {@link HA}. @param last the last number of its address */
export const member = (name: string, last: number, words: readonly string[] = []) =>
  serverFacts({
    hostname: name,
    datastore: "etcd",
    interface: [`eth0 1500 UP 192.0.2.${last}/24`],
    ...flags(...words),
  });

/** Which hosts a lab has. */
import { SandboxError } from "../../sandbox/failure";

export interface Topology {
  readonly servers: number;
  readonly agents: number;
  /** @default "sqlite" for one server, "etcd" for more */
  readonly datastore?: "sqlite" | "etcd";
}

/** Short forms, such as `1s1a`, or `1s1a-etcd`. */
export type TopologyName = `${number}s${number}a` | `${number}s${number}a-etcd`;

/** A machine of the lab before it exists. */
export interface HostPlan {
  readonly name: string;
  readonly role: "server" | "agent";
  /** In 192.0.2.0/24 (TEST-NET-1): it exists on the lab's bridge only. */
  readonly address: string;
}

export interface LabPlan {
  readonly hosts: readonly HostPlan[];
  readonly datastore: "sqlite" | "etcd";
}

/** Most hosts of a kind: servers have 192.0.2.11 to .19, agents .21 to .99. */
const MOST = { servers: 9, agents: 79 };

/** @throws SandboxError that says what a topology looks like. */
export function planOf(topology: Topology | TopologyName): LabPlan {
  const { servers, agents, datastore } = typeof topology === "string" ? parse(topology) : topology;
  if (!(servers >= 1 && servers <= MOST.servers && agents >= 0 && agents <= MOST.agents)) {
    throw new SandboxError(
      `a lab of ${servers} servers and ${agents} agents cannot be made: 1 to ${MOST.servers} servers, 0 to ${MOST.agents} agents`,
    );
  }
  if (servers > 1 && datastore === "sqlite") {
    throw new SandboxError(`SQLite serves one server, not ${servers}: leave datastore out, or say "etcd"`);
  }
  const plan = (role: HostPlan["role"], count: number, first: number): HostPlan[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `${role[0]}${index + 1}`,
      role,
      address: `192.0.2.${first + index}`,
    }));
  return {
    hosts: [...plan("server", servers, 11), ...plan("agent", agents, 21)],
    datastore: datastore ?? (servers > 1 ? "etcd" : "sqlite"),
  };
}

function parse(name: string): Topology {
  const [, servers, agents, etcd] = /^(\d+)s(\d+)a(-etcd)?$/.exec(name) ?? [];
  if (servers === undefined) {
    throw new SandboxError(
      `topology "${name}" is not understood: write 1s1a, 3s2a, or 1s1a-etcd for one server on etcd`,
    );
  }
  return { servers: Number(servers), agents: Number(agents), ...(etcd ? { datastore: "etcd" as const } : {}) };
}

/** What the requests of a plan ask of machines, as far as it decides whether K3s restarts there. Pure. */
import type { Plan } from "./plan";

/**
 * What K3s reads only when it starts (hosts/k3s, hosts/settings): its version, its files and the network that it is
 * to run. `converge` is raised to have settings written that were left alone.
 */
const START_KEYS = ["version", "expect-backend", "expect-policy-controller", "converge"];
const START_FOLDER = "/etc/rancher/k3s/";

/** Programs whose request decides how K3s runs, in the order in which they run. */
const PROGRAMS = ["run k3s", "run settings"];

export interface Machine {
  readonly name: string;
  readonly role: "server" | "agent";
  /** What K3s starts with: keys of requests, and files by path. */
  readonly start: ReadonlyMap<string, string>;
}

/** Lines of one request as key and value; the lines of a file stand under its path. */
function entriesOf(request: string): Map<string, string> {
  const entries = new Map<string, string>();
  let file: string | undefined;
  for (const line of request.split("\n")) {
    if (line.startsWith("| ") || line === "|") {
      if (file !== undefined) entries.set(file, `${entries.get(file) ?? ""}${line.slice(2)}\n`);
      continue;
    }
    const [key = "", ...rest] = line.split(" ");
    file = /^(overlay-)?file$/.test(key) ? rest[1] : undefined;
    if (file === undefined) entries.set(key, rest.join(" "));
    else entries.set(file, "");
  }
  return entries;
}

const decidesStart = (key: string): boolean => START_KEYS.includes(key) || key.startsWith(START_FOLDER);

/** The machines of a plan by name. What is asked later stands over what is asked before. */
export function machinesOf(plan: Plan): Map<string, Machine> {
  const machines = new Map<string, Machine>();
  for (const program of PROGRAMS) {
    for (const { type, inputs } of plan.resources.values()) {
      const { create, stdin } = inputs;
      if (type !== "command:remote:Command" || typeof create !== "string" || !create.endsWith(program)) continue;
      if (typeof stdin !== "string") continue;
      const entries = entriesOf(stdin);
      const name = entries.get("host") ?? "";
      const start = new Map(machines.get(name)?.start);
      for (const [key, value] of entries) if (decidesStart(key)) start.set(key, value);
      machines.set(name, { name, role: entries.get("role") === "agent" ? "agent" : "server", start });
    }
  }
  return machines;
}

export interface MachineChanges {
  /** Machines on which K3s restarts, in the order of the plan. An upper bound: what runs already is left alone. */
  readonly restarted: readonly Machine[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Servers after the change. */
  readonly servers: number;
}

export function machineChanges(before: Plan, after: Plan): MachineChanges {
  const [old, now] = [machinesOf(before), machinesOf(after)];
  const restarted = [...now.values()].filter((machine) => {
    const was = old.get(machine.name)?.start;
    if (was === undefined) return false;
    const keys = new Set([...was.keys(), ...machine.start.keys()]);
    return [...keys].some((key) => was.get(key) !== machine.start.get(key));
  });
  return {
    restarted,
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    servers: [...now.values()].filter(({ role }) => role === "server").length,
  };
}

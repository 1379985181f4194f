/** What only shows when machines are compared with each other. */
import { findMismatches, MUST_MATCH } from "../../components/k3s/must-match";
import { CONFIG_FILE } from "../../components/k3s/settings";
import type { Machines } from "../subject";
import type { HostFacts } from "./facts";
import { Findings } from "./judgement";
import { isEmpty, type Found } from "./take-over";

/** Name under which findings about several machines are told. */
export const WHOLE_CLUSTER = "cluster";

/** What the switch itself makes different from server to server, for as long as it is under way. */
const WHILE_LEAVING: readonly string[] = ["disable-network-policy", "flannel-backend"];

export function judgeCluster(found: readonly Found[], machines: Machines): Findings {
  const findings = new Findings(WHOLE_CLUSTER);
  judgeServers(found, machines, findings);
  judgeFirst(found, machines, findings);
  judgeNames(found, findings);
  return findings;
}

/** Settings that K3s wants equal on all servers; it compares them only when a server joins. */
function judgeServers(found: readonly Found[], machines: Machines, findings: Findings): void {
  const servers = found.filter(({ declared, facts }) => declared.role === "server" && facts.role === "server");
  const files = Object.fromEntries(
    servers.map(({ declared, settings }) => {
      const values = MUST_MATCH.flatMap((key): [string, unknown][] => {
        const value = settings.values(key);
        if (value === undefined) return [];
        return [[key, key === "disable" || value.length > 1 ? [...value].sort() : value[0]]];
      });
      // One file with what is in force: JSON is YAML.
      const content = JSON.stringify(Object.fromEntries(values));
      return [declared.host.name, [{ path: CONFIG_FILE, mode: "0600" as const, content }]];
    }),
  );
  const except = machines.cni.leaving === undefined ? [] : WHILE_LEAVING;
  for (const { key, servers: byValue } of findMismatches(files, Object.keys(files), except)) {
    const values = Object.entries(byValue).map(([value, names]) => `${value} on ${names.join(", ")}`);
    findings.contradict(
      `servers disagree about ${key}: ${values.join("; ")}`,
      `give every server the same ${key} and restart them one at a time; K3s lets no server join while they differ`,
    );
  }
}

/** A first server that is empty would begin a new cluster beside the one that its declared companions run. */
function judgeFirst(found: readonly Found[], machines: Machines, findings: Findings): void {
  const [first] = machines.hosts.servers;
  const own = found.find(({ declared }) => declared.host.name === first?.name);
  if (own === undefined || !isEmpty(own.facts)) return;
  const others = found.filter(({ facts }) => !isEmpty(facts)).map(({ declared }) => declared.host.name);
  if (others.length === 0) return;
  findings.contradict(
    `the first declared server, ${own.declared.host.name}, has no K3s, but ${others.join(", ")} ${others.length === 1 ? "has" : "have"}: it would begin a cluster of its own`,
    "put a server that runs first in hosts.servers",
  );
}

/** Two entries that lead to one machine would run two programs on it at once. */
function judgeNames(found: readonly Found[], findings: Findings): void {
  const seen = new Map<string, string>();
  for (const { declared, facts } of found) {
    const machine = fingerprintOf(facts);
    const other = seen.get(machine);
    if (other !== undefined) {
      findings.contradict(
        `${other} and ${declared.host.name} are the same machine (host name ${facts.hostname}, addresses ${addressesOf(facts).join(", ")})`,
        "correct the addresses by which SSH reaches them",
      );
    }
    seen.set(machine, declared.host.name);
  }
}

const addressesOf = (facts: HostFacts): string[] => facts.interfaces.map(({ address }) => address).sort();
const fingerprintOf = (facts: HostFacts): string => JSON.stringify([facts.hostname, addressesOf(facts)]);

/** The ports that the new CNI needs between nodes, each tried for real from every machine to every other. */
import { CNI, type NodePort } from "../../components/k3s/cni";
import { declaredHosts } from "../../config/derive";
import type { Cni } from "../../config/schema";
import type { Check } from "../check";
import type { CheckContext } from "../context";
import { HOST_FACTS } from "../hosts/machine-checks";
import { fail, type Outcome, pass, SkipError, skipped } from "../verdict";
import { declaredChange } from "./change";
import { exchange, type PairResult, type PortResults, type Station } from "./port-round";

/** The tunnel device of each CNI. */
const TUNNELS: Readonly<Record<Cni, string>> = { flannel: "flannel.1", calico: "vxlan.calico" };
/** Bound of one exchange between all machines, in milliseconds. */
const EXCHANGE_MS = 90_000;

/** One check a port. On a settled stack the ports of the CNI that runs. */
export function portChecks(context: CheckContext): Check[] {
  const machines = context.subject.machines;
  if (machines === undefined) return [];
  const cni = declaredChange(machines)?.to ?? machines.cni.provider;
  return CNI[cni].ports.map((port) => portCheck(cni, port, context));
}

function portCheck(cni: Cni, port: NodePort, context: CheckContext): Check {
  return {
    id: `port-${port.protocol.toLowerCase()}-${port.port}`,
    title: `${port.purpose} passes between the machines`,
    proves: `${port.protocol} ${port.port} gets from every machine to every other${port.protocol === "UDP" ? ", also in the largest packets" : ""}`,
    needs: [HOST_FACTS],
    timeoutMs: EXCHANGE_MS,
    expectations: async (signal) => {
      const inspections = await context.hosts.lookAtAll();
      const stations = declaredHosts(context.machines).flatMap(({ host }): Station[] => {
        const own = inspections.get(host.name);
        return own === undefined ? [] : [{ name: host.name, address: host.address, facts: own.facts }];
      });
      if (stations.length < 2) throw new SkipError("there is one machine, so nothing passes between machines");
      const round = { port, device: TUNNELS[cni], mtu: context.machines.network.hostMtu };
      const results = await exchange(context.hosts, stations, round, signal);
      return stations.map((station) => ({
        target: `${station.name} ${port.protocol} ${port.port}`,
        expected: "reached from every other machine",
        repeat: context.preflight(`port-${port.protocol.toLowerCase()}-${port.port}`),
        probe: () => Promise.resolve(judgeReceiver(station, results, port)),
      }));
    },
  };
}

function judgeReceiver({ name, facts }: Station, results: PortResults, port: NodePort): Outcome {
  const pairs = [...(results.get(name) ?? [])];
  const of = (kind: PairResult["kind"]): string[] =>
    pairs.filter(([, result]) => result.kind === kind).map(([from, { how }]) => `from ${from}: ${how}`);
  const evidence = [
    ...pairs.map(([from, { kind, how }]) => `from ${from}: ${kind}, ${how}`),
    `${name}: firewall ${facts.firewall.name} ${facts.firewall.active ? "active" : "inactive"}, ${facts.iptables.nft} nft rules, ${facts.iptables.legacy} legacy rules`,
  ];
  const blocked = of("blocked");
  if (blocked.length > 0) {
    const busy = blocked.some((line) => line.includes("in use"));
    const fix = busy
      ? `find out who holds it: ss -${port.protocol === "UDP" ? "u" : "t"}lpn 'sport = :${port.port}'; ip -d link show type vxlan`
      : `open ${port.protocol} ${port.port} between the nodes: security group, network firewall, ${name}'s own rules`;
    return fail(blocked.join("; "), { evidence, fix });
  }
  const large = of("too-big");
  if (large.length > 0) {
    const fix = "set network.hostMtu to what the path carries (ping -M do -s SIZE), and network.podMtu 50 bytes below";
    return fail(large.join("; "), { evidence, fix });
  }
  const unknown = of("unknown");
  if (unknown.length > 0) return skipped(unknown.join("; "), { evidence });
  return pass(`from ${pairs.map(([from]) => from).join(", ")}: ${pairs[0]?.[1].how ?? ""}`);
}

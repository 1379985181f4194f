/**
 * Entries that send a host port into a pod, as the portmap plugin keeps them in the NAT table. After a change of the CNI
 * an entry can stay behind its sandbox, first in order, and send to an address that nobody has (measured).
 */
import { quote } from "../context";
import type { HostPortEntry } from "./evidence";

const SCRIPT =
  'PATH="$PATH:/usr/sbin:/sbin:/var/lib/rancher/k3s/data/current/bin/aux"; for t in iptables-nft-save iptables-legacy-save iptables-save; do command -v "$t" >/dev/null 2>&1 && "$t" -t nat; done 2>/dev/null | grep -E "^-A CNI-(HOSTPORT-DNAT|DN-)" | sort -u; true';

/**
 * Prints the entries of every iptables backend; reads only. The folder is where K3s keeps its own tools. One word for a shell,
 * because sudo takes one program.
 */
export const HOST_PORTS_COMMAND = `sh -c ${quote(SCRIPT)}`;

const ENTRY =
  /^-A CNI-HOSTPORT-DNAT .*dnat name: \\?"(?<network>[^"\\]+)\\?" id: \\?"(?<sandbox>[^"\\]+)\\?".*-j (?<chain>CNI-DN-\S+)/;
const TARGET = /^-A (?<chain>CNI-DN-\S+) .*-j DNAT --to-destination (?<destination>\S+)/;

/** Reads the output of {@link HOST_PORTS_COMMAND}; lines that are something else are nobody's entry. Pure. */
export function hostPortEntries(text: string): HostPortEntry[] {
  const lines = text.split("\n");
  const destinations = new Map<string, Set<string>>();
  for (const line of lines) {
    const { chain, destination } = TARGET.exec(line)?.groups ?? {};
    if (chain === undefined || destination === undefined) continue;
    destinations.set(chain, (destinations.get(chain) ?? new Set()).add(destination));
  }
  const entries = lines.flatMap((line): HostPortEntry[] => {
    const { network, sandbox, chain } = ENTRY.exec(line)?.groups ?? {};
    if (network === undefined || sandbox === undefined || chain === undefined) return [];
    return [...(destinations.get(chain) ?? [])].map((destination) => ({ network, sandbox, destination }));
  });
  return [...new Map(entries.map((entry) => [`${entry.sandbox} ${entry.destination}`, entry])).values()];
}

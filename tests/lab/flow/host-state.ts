/** What a change of the CNI may leave on a host, as lines that two moments can be compared by. */
import type { LabHost } from "../host";

/** Names that differ from pod to pod and from start to start. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/\[\d+:\d+\]/g, ""], // counters
  [/\b(veth|cali)[0-9a-f]{6,}\b/g, "$1*"],
  [/\b(CNI-(?:DN|SN|HOSTPORT)-)[0-9a-f]{8,}\b/g, "$1*"],
  [/\b(KUBE-(?:SVC|SEP|EXT|FW|XLB|SRC|DST|NWPLCY|POD-FW)-)[A-Z0-9]{8,}\b/g, "$1*"],
  [/[0-9a-f]{64}/g, "CONTAINER"],
  [/\b10\.42\.\d+\.\d+(\/32)?\b/g, "POD"],
  [/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, "MAC"],
  [/\bprobability [0-9.]+/g, "probability *"],
];

const COMMANDS: Readonly<Record<string, string>> = {
  // Without kube-proxy's rules for Services, which follow the endpoints whatever the CNI is, and without the heads of tables,
  // which the kernel shows once somebody has looked into one.
  iptables: "iptables-save | grep -v '^[#*]' | grep -vE 'KUBE-(SVC|SEP|EXT|FW)-[A-Z0-9]{8,}|has no endpoints'",
  ip6tables: "ip6tables-save | grep -v '^[#*]'",
  ipsets: "ipset list -n",
  links: "ip -o link show | sed -e 's/^[0-9]*: //' -e 's/@if[0-9]*//' | cut -d: -f1",
  // A device that was made anew may list its routes in another order.
  routes: "ip -o route show",
  "CNI folders":
    "find /etc/cni /opt/cni /var/lib/rancher/k3s/agent/etc/cni /var/lib/cni /run/flannel /run/calico /var/lib/calico -type f 2>/dev/null | sed -e 's|/networks/cbr0/10.*|/networks/cbr0/POD|' -e 's|/results/cbr0-.*|/results/cbr0-*|'",
  "unit files":
    "cd /etc/systemd/system && find . -type f -name 'k3s*' -o -type f -path '*seldon*' | sort | xargs -r sha256sum",
};

/** Lines by topic, sorted, each once. */
export type HostState = Readonly<Record<string, readonly string[]>>;

/** Reads a host. */
export async function hostState(host: LabHost): Promise<HostState> {
  const entries = await Promise.all(
    Object.entries(COMMANDS).map(async ([topic, command]) => {
      const { stdout } = await host.exec(command);
      const lines = stdout
        .split("\n")
        .map((line) => MASKS.reduce((text, [pattern, mask]) => text.replace(pattern, mask), line).trim())
        .filter((line) => line !== "");
      return [topic, [...new Set(lines)].sort()] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** What one state has and the other has not; empty when nothing differs. */
export function differences(before: HostState, after: HostState): string[] {
  return Object.keys(before).flatMap((topic) => {
    const [old = [], now = []] = [before[topic], after[topic]];
    return [
      ...old.filter((line) => !now.includes(line)).map((line) => `- ${topic}: ${line}`),
      ...now.filter((line) => !old.includes(line)).map((line) => `+ ${topic}: ${line}`),
    ];
  });
}

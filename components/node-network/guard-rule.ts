/**
 * The guard: on every node, for as long as one CNI is being left, pod-to-pod connections keep their source address, and pods
 * of both CNIs reach each other whatever node was rebooted in between.
 *
 * While flanneld runs, its masquerade rules (FLANNEL-POSTRTG) rewrite the source of every connection that involves a
 * Calico pod, and NetworkPolicies that select the client then deny it. One rule in front of Flannel's jump ends that
 * (measured with Felix 3.31.7 and Flannel 0.26.7 on two nodes; flanneld's periodic resync leaves the rule alone).
 *
 * A second rule does the same for clients from outside (host ports, NodePorts with the local traffic policy): Flannel's last
 * masquerade rule hides them from Calico's pods of the node (measured: the server saw the node itself).
 *
 * Both must let pass what carries one of two marks, orders to masquerade: kube-proxy's 0x4000 (a pod that reaches itself through
 * a Service) and portmap's 0x2000 (a pod that reaches itself through its own host port; measured: returned here, it gets no
 * answer). With Felix' marks confined to `iptablesMarkMask`, those bits belong to nobody else.
 *
 * A systemd unit asserts both before K3s starts, so that a node that reboots in the middle of a switch, and takes
 * the new CNI earlier than planned, is right from the first packet.
 *
 * A node without Flannel that reboots comes back without Flannel's device, and so without a way to the pods that other nodes
 * still run on Flannel (in the lab: no answer, from either side). The unit stays and gives it one through Calico's tunnel, which
 * every node has by then. The routes are in a table of their own: Felix takes every foreign route over vxlan.calico out of the
 * main table (felix/routetable/ownershippol, v3.31.7), and manages tables 1 to 250 (RouteTableRanges).
 */
import { declaredHosts } from "../../config/derive";
import type { HostFile, HostFiles } from "../k3s/hosts";
import type { NodeNetworkInput } from "./drop-ins";

/** Neither kube-proxy nor portmap has ordered to masquerade: no mark, under the mask of both. */
export const NOT_TO_MASQUERADE = "0x0/0x6000";
export const GUARD_SCRIPT = "/usr/local/lib/seldon-k3s/pod-source-guard";
export const GUARD_UNIT = "seldon-k3s-pod-source-guard.service";
/** Routing table of the way through Calico's tunnel; its rule comes before the main table's (32766). */
const ROUTE_TABLE = 10042;
const ROUTE_PRIORITY = 1042;
/** Name of the rule in `iptables -S`; also how the script finds it again. */
export const GUARD_COMMENT = "seldon-k3s pod source guard";

/**
 * The script that adds, checks, keeps or removes rules and routes. POSIX sh; safe to run any number of times and by hand.
 *
 * @param podCidr range of all pod addresses, of both CNIs.
 */
export function renderGuardScript(podCidr: string): string {
  return `#!/bin/sh
# Keeps pods reachable, and the source address of connections to them, while Flannel and Calico run side by side.
# Usage: ${GUARD_SCRIPT} add|check|follow|watch|remove
#   add     put both rules in front of Flannel's; does nothing when they are there already
#   check   exit 0 when they are in force, 1 when not
#   follow  where Flannel's device is gone, route to Flannel's pods through Calico's tunnel; where it is there, do not
#   watch   stay, and follow
#   remove  take rules and routes away
set -eu

pods=${podCidr}
comment='${GUARD_COMMENT}'
table=${ROUTE_TABLE}
priority=${ROUTE_PRIORITY}

# Like K3s: the host's iptables first, the one that K3s brings along where the host has none.
PATH="\${PATH:-/usr/bin:/bin}:/usr/local/bin:/opt/bin:/usr/sbin:/sbin:/var/lib/rancher/k3s/data/current/bin/aux"
export PATH

nat() { iptables -w 10 -t nat "$@"; }

# between_pods, from_outside <-I|-C|-D> POSTROUTING [position]: what kube-proxy or portmap marked for masquerading passes
# on to their own rules. Devices of Calico's pods begin with cali.
unmarked() { nat "$@" -m comment --comment "$comment" -m mark --mark ${NOT_TO_MASQUERADE} -j RETURN; }
between_pods() { unmarked "$@" -s "$pods" -d "$pods"; }
from_outside() { unmarked "$@" ! -s "$pods" -d "$pods" -o cali+; }

# Both, and in front of Flannel's jump.
in_force() {
  [ "$(nat -S POSTROUTING | sed -e '/FLANNEL-POSTRTG/,$d' | grep -c "$comment")" = 2 ]
}

remove_rules() {
  while between_pods -C POSTROUTING 2>/dev/null; do between_pods -D POSTROUTING; done
  while from_outside -C POSTROUTING 2>/dev/null; do from_outside -D POSTROUTING; done
}

there() { ip link show dev "$1" >/dev/null 2>&1; }

# "POD_RANGE TUNNEL_ADDRESS" of each node, a line. As kube-proxy: a kubelet may read no node but its own.
nodes() {
  k3s kubectl --kubeconfig=/var/lib/rancher/k3s/agent/kubeproxy.kubeconfig --request-timeout=5s get nodes -o \\
    'jsonpath={range .items[*]}{.spec.podCIDR}{" "}{.metadata.annotations.projectcalico\\.org/IPv4VXLANTunnelAddr}{"\\n"}{end}'
}

routed() { ip rule show | grep -q "lookup $table"; }

# Addresses that are this node's own are behind no tunnel.
add_routes() {
  found=$(nodes 2>/dev/null) || return 0
  own=$(ip -4 -o addr show dev vxlan.calico)
  printf '%s\\n' "$found" | while read -r range tunnel; do
    case "$tunnel: $own" in
    ': '* | *" $tunnel/"*) continue ;;
    esac
    ip route replace "$range" via "$tunnel" dev vxlan.calico onlink table "$table" || continue
    routed || ip rule add priority "$priority" table "$table"
  done
}

remove_routes() {
  while ip rule del priority "$priority" table "$table" 2>/dev/null; do :; done
  ip route flush table "$table" 2>/dev/null || true
}

follow() {
  if there flannel.1; then
    ! routed || remove_routes
  elif there vxlan.calico; then
    add_routes
  fi
}

# The API is asked every 5 s until there are routes, then every minute.
watch() {
  rounds=0
  while :; do
    if ! routed || there flannel.1 || [ "$rounds" -ge 12 ]; then
      follow
      rounds=0
    fi
    rounds=$((rounds + 1))
    sleep 5
  done
}

case "\${1:-}" in
add)
  # Behind Flannel's jump a rule comes too late to do anything, so taking it away from there harms nothing.
  in_force || { remove_rules; from_outside -I POSTROUTING 1; between_pods -I POSTROUTING 1; }
  ;;
check) in_force ;;
follow) follow ;;
watch) watch ;;
remove)
  remove_rules
  remove_routes
  ;;
*)
  echo "usage: $0 add|check|follow|watch|remove" >&2
  exit 2
  ;;
esac
`;
}

/**
 * The unit that asserts the rules at every boot, before K3s, and stays for the routes. Stopping it takes nothing away: a restart
 * would leave a moment without the rules; `hosts/guard absent` removes them.
 */
export function renderGuardUnit(): string {
  return `[Unit]
Description=Keep pods reachable, and their source addresses, while the CNI is being changed
# After whatever restores or flushes the host's own rules, before K3s starts a CNI.
After=firewalld.service iptables.service netfilter-persistent.service nftables.service ufw.service
Before=k3s.service k3s-agent.service

[Service]
ExecStartPre=/bin/sh ${GUARD_SCRIPT} add
ExecStart=/bin/sh ${GUARD_SCRIPT} watch
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
`;
}

/** The guard's script and unit for every node, servers and agents; none unless a CNI is being left. */
export function renderGuard(input: NodeNetworkInput): HostFiles {
  if (input.cni.leaving === undefined) return {};
  const files: readonly HostFile[] = [
    { path: GUARD_SCRIPT, mode: "0755", content: renderGuardScript(input.network.clusterCidr) },
    { path: `/etc/systemd/system/${GUARD_UNIT}`, mode: "0644", content: renderGuardUnit() },
  ];
  return Object.fromEntries(declaredHosts(input).map(({ host }) => [host.name, files]));
}

/** Breaking a lab's machines, by what other CNIs and firewalls really leave there. Every break has its way back. */
import type { Stage } from "./stage";
import { SCHEDULER_NODE, SERVER_NODE } from "./objects";
import { PROBE_IMAGE } from "../image/contents";

/** Runs lines on a host, each of which must succeed. */
const onHost = (stage: Stage, host: string, lines: readonly string[]): Promise<string> =>
  stage.lab.host(host).must(["sh", "-ec", lines.join("\n")]);

/** Undoes what may be half there. */
const offHost = (stage: Stage, host: string, lines: readonly string[]): Promise<string> =>
  stage.lab.host(host).must(["sh", "-c", `${lines.map((line) => `${line} 2>/dev/null`).join("\n")}\ntrue`]);

/** Where containerd looks for Calico's plugins and configuration (`components/k3s/cni.ts`). */
const CONF = "/etc/cni/net.d/05-cbr0.conflist";
const BRIDGE = "/opt/cni/bin/bridge";
const LINK = "cni0";

/** Flannel's own network name, addresses of the node's podCIDR, and the portmap plugin, as K3s configures them. */
const conflist = (podCidr: string): string =>
  JSON.stringify({
    cniVersion: "1.0.0",
    name: "cbr0",
    plugins: [
      {
        type: "bridge",
        bridge: LINK,
        isDefaultGateway: true,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: podCidr }]] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  });

/** Lets a plain bridge connect new pods of the server pod's node, as the CNI that was there before Calico would. */
export async function otherCni(stage: Stage): Promise<void> {
  const cidr = (await stage.lab.kubectl(["get", "node", SERVER_NODE, "-o", "jsonpath={.spec.podCIDR}"])).trim();
  const host = stage.lab.host(SERVER_NODE);
  const plugin = (
    await host.must(
      "find /var/lib/rancher /opt /usr/lib/cni -name bridge -perm -u+x -not -path '*/containerd/*' | head -n 1",
    )
  ).trim();
  await host.must(["sh", "-ec", `cp ${plugin} ${BRIDGE}; cat >${CONF}.new; mv ${CONF}.new ${CONF}`], {
    input: conflist(cidr),
  });
}

/** Calico connects new pods again; those of the bridge keep their addresses. */
export const ownCni = (stage: Stage): Promise<string> => offHost(stage, SERVER_NODE, [`rm -f ${CONF}`]);

/** What the bridge leaves when its last pod has gone. */
export const sweepCni = (stage: Stage): Promise<string> =>
  offHost(stage, SERVER_NODE, [
    `rm -f ${CONF} ${BRIDGE}`,
    `ip link delete ${LINK}`,
    "rm -rf /var/lib/cni/networks/cbr0",
  ]);

/** Flannel 0.26's rules in the NAT table (`pkg/trafficmngr/iptables`), as it leaves them when it is killed. */
export const flannelRules = (stage: Stage): Promise<string> => {
  const rule = (words: string): string =>
    `iptables -w -t nat -A FLANNEL-POSTRTG -m comment --comment "flanneld masq" ${words}`;
  return onHost(stage, SERVER_NODE, [
    "iptables -w -t nat -N FLANNEL-POSTRTG",
    'iptables -w -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
    rule("-m mark --mark 0x4000/0x4000 -j RETURN"),
    rule("-s 10.42.1.0/24 -d 10.42.0.0/16 -j RETURN"),
    rule("-s 10.42.0.0/16 -d 10.42.1.0/24 -j RETURN"),
    rule("! -s 10.42.0.0/16 -d 10.42.1.0/24 -j RETURN"),
    rule("-s 10.42.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE --random-fully"),
    rule("! -s 10.42.0.0/16 -d 10.42.0.0/16 -j MASQUERADE --random-fully"),
  ]);
};

export const noFlannelRules = (stage: Stage): Promise<string> =>
  offHost(stage, SERVER_NODE, [
    'iptables -w -t nat -D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
    "iptables -w -t nat -F FLANNEL-POSTRTG",
    "iptables -w -t nat -X FLANNEL-POSTRTG",
  ]);

const ROUTER = ["KUBE-ROUTER-FORWARD", "KUBE-POD-FW-LABSCHEDULER", "KUBE-NWPLCY-LABSCHEDULER"] as const;
const SET = "KUBE-SRC-LABSCHEDULER";

/**
 * kube-router 2.5's rules for one pod (`pkg/controllers/netpol`), frozen on a day when the caller of today had not been
 * made: its set of sources has an old address only, and what it does not know is rejected.
 */
export async function routerRules(stage: Stage): Promise<void> {
  const pods = ["get", "pod", "seldon-scheduler-0", "-o", "jsonpath={.status.podIP}"];
  const scheduler = (await stage.kubectl(...pods)).trim();
  const [forward, firewall, policy] = ROUTER;
  await onHost(stage, SCHEDULER_NODE, [
    `ipset create ${SET} hash:ip`,
    `ipset add ${SET} 10.42.0.99`,
    ...ROUTER.map((chain) => `iptables -w -N ${chain}`),
    `iptables -w -A ${policy} -m set --match-set ${SET} src -j MARK --set-xmark 0x10000/0x10000`,
    `iptables -w -A ${firewall} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `iptables -w -A ${firewall} -m comment --comment "run through nw policy" -j ${policy}`,
    `iptables -w -A ${firewall} -m comment --comment "rule to REJECT traffic" -m mark ! --mark 0x10000/0x10000 -j REJECT`,
    `iptables -w -A ${forward} -d ${scheduler} -m comment --comment "rule to jump traffic" -j ${firewall}`,
    `iptables -w -I FORWARD -m comment --comment "kube-router netpol - LAB" -j ${forward}`,
  ]);
}

export const noRouterRules = (stage: Stage): Promise<string> =>
  offHost(stage, SCHEDULER_NODE, [
    `iptables -w -D FORWARD -m comment --comment "kube-router netpol - LAB" -j ${ROUTER[0]}`,
    ...ROUTER.map((chain) => `iptables -w -F ${chain}`),
    ...ROUTER.map((chain) => `iptables -w -X ${chain}`),
    `ipset destroy ${SET}`,
  ]);

const DROP = "-p tcp --dport 9005 -m comment --comment lab -j DROP";

/** A firewall of somebody's on the scheduler's machine. */
export const firewall = (stage: Stage): Promise<string> =>
  onHost(stage, SCHEDULER_NODE, [`iptables -w -I FORWARD ${DROP}`]);
export const noFirewall = (stage: Stage): Promise<string> =>
  offHost(stage, SCHEDULER_NODE, [`iptables -w -D FORWARD ${DROP}`]);

const WEB = "web";
const WEB_PORT = 8099;

const web = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: WEB, namespace: "default" },
  spec: {
    nodeSelector: { "kubernetes.io/hostname": SERVER_NODE },
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: WEB,
        image: PROBE_IMAGE,
        command: ["httpd", "-f", "-p", "8080", "-h", "/etc"],
        ports: [{ containerPort: 8080, hostPort: WEB_PORT }],
      },
    ],
  },
};

async function putWeb(stage: Stage): Promise<void> {
  await stage.lab.kubectl(["create", "--filename", "-"], JSON.stringify(web));
  await stage.lab.kubectl(["wait", "--for=condition=Ready", `pod/${WEB}`, "--namespace=default", "--timeout=60s"]);
}

const removeWeb = (stage: Stage): Promise<string> =>
  stage.lab.kubectl(["delete", "pod", WEB, "--namespace=default", "--ignore-not-found", "--wait", "--timeout=60s"]);

/** Whether the host port leads to the pod that has it. */
async function webAnswers(stage: Stage): Promise<boolean> {
  const url = `http://${stage.lab.host(SERVER_NODE).address}:${WEB_PORT}/passwd`;
  return (
    (await stage.lab.admin.run("curl", ["--silent", "--fail", "--max-time", "3", "--output", "/dev/null", url]))
      .code === 0
  );
}

/**
 * A pod with a host port that was connected under the old network's name and is recreated under Calico's: its old entry
 * stays, first in order. @throws Error where the port does not go dead by that
 */
export async function deadHostPort(stage: Stage): Promise<void> {
  await otherCni(stage);
  await putWeb(stage);
  if (!(await webAnswers(stage))) throw new Error(`host port ${WEB_PORT} does not answer before anything is broken`);
  await ownCni(stage);
  await removeWeb(stage);
  await sweepCni(stage);
  await putWeb(stage);
  if (await webAnswers(stage)) throw new Error(`host port ${WEB_PORT} still answers: nothing was left behind`);
}

export async function noDeadHostPort(stage: Stage): Promise<void> {
  await removeWeb(stage);
  await sweepCni(stage);
  await offHost(stage, SERVER_NODE, [
    "for n in $(iptables -w -t nat -L CNI-HOSTPORT-DNAT --line-numbers | grep cbr0 | cut -d ' ' -f 1 | sort -rn); do iptables -w -t nat -D CNI-HOSTPORT-DNAT $n; done",
  ]);
}

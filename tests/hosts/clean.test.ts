import { type FixtureHost, onMachine, request } from "./support/host";

/** What the table of CNIs says of Flannel with K3s' policy controller, and of Calico. */
const FLANNEL = [
  "network cbr0",
  "link cni0",
  "link flannel.1",
  "path /run/flannel",
  "path /var/lib/cni/networks/cbr0",
  "path /var/lib/cni/results/cbr0-*",
  "path /var/lib/rancher/k3s/agent/etc/cni/net.d/10-flannel.conflist",
  "chain FLANNEL-FWD",
  "chain FLANNEL-POSTRTG",
  "chain KUBE-NWPLCY-",
  "chain KUBE-POD-FW-",
  "chain KUBE-ROUTER-",
  "ipset KUBE-DST-",
  "ipset KUBE-SRC-",
];
const CALICO = [
  "network k8s-pod-network",
  "link cali*",
  "link vxlan.calico",
  "path /etc/cni/net.d/10-calico.conflist",
  "path /opt/cni/bin/calico",
  "path /run/calico",
  "path /var/lib/calico",
  "chain cali-",
  "comment cali:",
  "ipset cali40",
  "ipset cali60",
  "route-protocol 80",
];

/** Rules as kube-proxy, the administrator, and portmap for a pod of somebody else make them. Nobody may touch these. */
const FOREIGN = `
-t nat -N KUBE-SERVICES
-t nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-t nat -A KUBE-SERVICES -d 10.43.0.1/32 -p tcp -m comment --comment "default/kubernetes:https" -m tcp --dport 443 -j RETURN
-t nat -N KUBE-POSTROUTING
-t nat -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-t nat -A POSTROUTING -m comment --comment "says -j FLANNEL-POSTRTG, $(reboot) 'and' does not" -j RETURN
-t filter -N MY-FLANNEL-FWD
-t filter -A FORWARD -s 192.0.2.0/24 -m comment --comment "the administrator's" -j MY-FLANNEL-FWD
-t filter -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-t nat -N CNI-HOSTPORT-DNAT
-t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-t nat -N CNI-DN-podman
-t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"podman\\" id: \\"9\\"" -m multiport --dports 8080 -j CNI-DN-podman`;

const FLANNEL_RULES = `
-t nat -N FLANNEL-POSTRTG
-t nat -A FLANNEL-POSTRTG -m comment --comment "flanneld masq" -j RETURN
-t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-t filter -N FLANNEL-FWD
-t filter -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-t filter -N KUBE-ROUTER-FORWARD
-t filter -N KUBE-POD-FW-ABC
-t filter -N KUBE-NWPLCY-DEFAULT
-t filter -I FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-t filter -A KUBE-ROUTER-FORWARD -m comment --comment "rule to jump traffic" -j KUBE-POD-FW-ABC
-t filter -A KUBE-POD-FW-ABC -j KUBE-NWPLCY-DEFAULT
-t nat -N CNI-DN-old
-t nat -I CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"cbr0\\" id: \\"1a2b\\"" -m multiport --dports 80,443 -j CNI-DN-old
-t nat -A CNI-DN-old -p tcp -m tcp --dport 80 -j RETURN`;

const CALICO_RULES = `
-t filter -N cali-FORWARD
-t filter -N cali-tw-x
-t filter -A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j cali-tw-x
-t filter -I FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
-t filter -A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m mark --mark 0x100000/0x100000 -j ACCEPT
-t mangle -A FORWARD -m comment --comment "cali:9jJPbSvNZXbZ2Rsh" -j MARK --set-xmark 0x0/0x100000
-t raw -N cali-PREROUTING
-t raw -A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" -j cali-PREROUTING`;

/** Adds rules with one or more of the tools. `$(` must reach iptables as it is. */
function rules(host: FixtureHost, tools: readonly string[], text: string): void {
  const lines = text.split("\n").filter((line) => line !== "");
  const script = tools.flatMap((tool) =>
    lines
      .filter((line) => tool !== "ip6tables-nft" || !/ -[sd] \d/.test(line))
      .map((line) => `${tool} ${line.replaceAll("$(", "\\$(")}`),
  );
  const { code, stderr } = host.sh(`set -e\n${script.join("\n")}`);
  if (code !== 0) throw new Error(stderr);
}

const TOOLS = ["iptables-nft", "ip6tables-nft", "iptables-legacy"];
/** All chains and rules of all tools, with their tables; without counters, and without what every table has. */
const dump = (host: FixtureHost): string =>
  host.sh(`for tool in ${TOOLS.join(" ")}; do
    echo $tool
    $tool-save 2>/dev/null | awk '/^[*]/ { table = $1 } /^-A/ || /^:.* - / { print table, $0 }'
  done`).stdout;

onMachine("clean", (machine) => {
  it("removes precisely what each CNI has left, in nft and legacy, IPv4 and IPv6, and nothing of anybody else", () => {
    const host = machine();
    rules(host, TOOLS, FOREIGN);
    const foreign = dump(host);
    const routes = host.sh("ip route").stdout;
    rules(host, TOOLS, FLANNEL_RULES);
    const withFlannel = dump(host);
    rules(host, TOOLS, CALICO_RULES);
    host.sh(`
      ipset create KUBE-SRC-A hash:ip; ipset create inet6:KUBE-DST-B hash:ip family inet6; ipset create cali40all-ipam-pools hash:net
      ipset create theirs hash:ip
      ip link add cni0 type bridge
      ip link add flannel.1 type vxlan id 1 dstport 8472 dev lo; ip link add vxlan.calico type vxlan id 4096 dstport 4789 dev lo
      ip link set vxlan.calico up; ip addr add 10.42.128.1/32 dev vxlan.calico
      ip route add blackhole 10.42.128.64/26 proto 80; ip route add 10.42.130.0/26 dev vxlan.calico proto 80
      mkdir -p /run/flannel /run/calico/cgroup /var/lib/cni/networks/cbr0 /var/lib/cni/networks/podman /var/lib/cni/results /opt/cni/bin /etc/cni/net.d /var/lib/calico
      touch /run/flannel/subnet.env /var/lib/cni/results/cbr0-1-eth0 /var/lib/cni/results/podman-1 /opt/cni/bin/calico /opt/cni/bin/portmap /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/87-podman.conflist
      mount -t tmpfs tmpfs /run/calico/cgroup`);

    const listed = host.run("clean", request(...CALICO), "--check");
    expect(listed.code).toBe(1);
    expect(listed.stdout).toContain("leftover chain iptables-nft filter cali-FORWARD\n");
    expect(listed.stdout).toContain("leftover route blackhole 10.42.128.64/26 proto 80\n");
    expect(listed.stdout).toContain("leftover path /run/calico\n");
    expect(listed.stdout).not.toMatch(/FLANNEL|KUBE-|podman/);

    expect(host.run("clean", request("host s1", ...CALICO))).toMatchObject({ code: 0, stdout: "" });
    expect(dump(host)).toBe(withFlannel);
    expect(host.run("clean", request(...CALICO), "--check")).toEqual({ code: 0, stdout: "", stderr: "" });

    expect(host.run("clean", request("host s1", ...FLANNEL))).toMatchObject({ code: 0 });
    expect(dump(host)).toBe(foreign);
    expect(host.sh("ipset list -n").stdout).toBe("theirs\n");
    expect(host.sh("ip route").stdout).toBe(routes);
    expect(host.sh("ip -o link | cut -d : -f 2 | tr -d '\\n'").stdout).toBe(" lo");
    expect(
      host.sh("cd /; ls -A run/calico run/flannel var/lib/calico; ls /var/lib/cni/* /opt/cni/bin /etc/cni/net.d")
        .stdout,
    ).toBe(
      "/etc/cni/net.d:\n87-podman.conflist\n\n/opt/cni/bin:\nportmap\n\n/var/lib/cni/networks:\npodman\n\n/var/lib/cni/results:\npodman-1\n",
    );

    expect(host.run("clean", request("host s1", ...FLANNEL))).toEqual({
      code: 0,
      stdout: "",
      stderr: "seldon-k3s: s1: nothing to do: nothing is left\n",
    });
  });

  it("makes no legacy table where there is none", () => {
    const host = machine();
    host.run("clean", request(...FLANNEL, ...CALICO));
    expect(host.sh("cat /proc/net/ip_tables_names").stdout).toBe("");
  });

  it("leaves everything while a pod lives on one of the links, and cleans once it is gone", () => {
    const host = machine();
    rules(host, ["iptables-nft"], "-t nat -N CNI-HOSTPORT-DNAT\n" + FLANNEL_RULES);
    host.sh(`
      ip link add cni0 type bridge; ip netns add cni-1
      ip link add veth1 type veth peer name eth0 netns cni-1; ip link set veth1 master cni0
      ip netns exec cni-1 sleep 1000 >/dev/null 2>&1 & until [ -n "$(ip netns pids cni-1)" ]; do sleep 0.01; done`);
    const before = dump(host);
    const refused = host.run("clean", request(...FLANNEL));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("veth1 on cni0") as string });
    const skipped = host.run("clean", request("in-use skip", ...FLANNEL));
    expect(skipped).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing removed") as string });
    expect(dump(host)).toBe(before);

    host.sh('kill $(ip netns pids cni-1); until [ -z "$(ip netns pids cni-1)" ]; do sleep 0.01; done');
    expect(host.run("clean", request(...FLANNEL))).toMatchObject({ code: 0 });
    expect(host.sh("ip link show cni0").code).not.toBe(0);
  });

  it("goes on after it was killed in the middle", () => {
    const host = machine();
    rules(host, ["iptables-nft"], "-t nat -N CNI-HOSTPORT-DNAT\n" + FLANNEL_RULES);
    host.sh("ip link add cni0 type bridge; mkdir -p /run/flannel");
    host.write(
      "/fake/bin/iptables-nft-restore",
      '#!/bin/sh\n/usr/sbin/iptables-nft-restore "$@"\nkill -9 $PPID\n',
      0o755,
    );
    expect(host.run("clean", request(...FLANNEL)).code).not.toBe(0);
    expect(host.has("/run/flannel")).toBe(true);
    host.remove("/fake/bin/iptables-nft-restore");
    expect(host.run("clean", request(...FLANNEL))).toMatchObject({ code: 0 });
    expect(host.has("/run/flannel")).toBe(false);
  });

  it("removes what others may have placed too only where it saw that they had not", () => {
    const host = machine();
    const shared = (...args: readonly string[]) =>
      host.run("clean", request("shared-path /opt/cni/bin/portmap", "shared-path /opt/cni/bin/tuning"), ...args);
    const there = () => host.sh("ls /opt/cni/bin").stdout.split("\n").filter(Boolean);
    host.write("/opt/cni/bin/portmap", "the administrator's");
    expect(shared("--remember")).toMatchObject({ code: 0 });
    host.write("/opt/cni/bin/tuning", "the CNI's");
    // A second note would take the CNI's for the administrator's.
    expect(shared("--remember")).toMatchObject({ code: 0 });
    // Nor does the clean-up of another CNI change what was noted.
    expect(host.run("clean", request("path /run/flannel"))).toMatchObject({ code: 0 });
    expect(shared("--check")).toMatchObject({ code: 1, stdout: "leftover path /opt/cni/bin/tuning\n" });
    expect(shared()).toMatchObject({ code: 0 });
    expect(there()).toEqual(["portmap"]);
    // Forgotten with that: what comes now came from somewhere else.
    host.write("/opt/cni/bin/tuning", "somebody's");
    expect(shared()).toMatchObject({ code: 0, stderr: expect.stringContaining("nothing is left") as string });
    expect(there()).toEqual(["portmap", "tuning"]);
  });

  it("says what does not go", () => {
    const host = machine();
    host.sh("ipset create KUBE-SRC-A hash:ip; iptables-nft -A FORWARD -m set --match-set KUBE-SRC-A src -j ACCEPT");
    const { code, stderr } = host.run("clean", request(...FLANNEL));
    expect([code, stderr]).toEqual([1, expect.stringMatching(/still there:\n.*ipset KUBE-SRC-A\n/)]);
  });

  it("refuses what could reach beyond a CNI's own things", () => {
    const host = machine();
    for (const [line = "", text = ""] of [
      ["path /", "path"],
      ["path /etc", "path"],
      ["path /etc/cni/*", "path"],
      ["path /var/lib/rancher/k3s", "path"],
      ["path /run/flannel/../../etc/cni/x", "path"],
      ["path /opt/cni/bin/$(id)", "path"],
      ["chain c", "chain"],
      ["chain cali.*", "chain"],
      ["ipset x", "ipset"],
      ["link *", "link"],
      ["route-protocol 2", "route-protocol"],
      ['comment "', "comment"],
      ["chains cali-", "unknown keys: chains"],
    ]) {
      const { code, stderr } = host.run("clean", request(line));
      expect([line, code, stderr]).toEqual([line, 2, expect.stringContaining(text)]);
    }
  });
});

onMachine("host-ports", (machine) => {
  it("takes away the entries of sandboxes that are gone, of one network", () => {
    const host = machine();
    const entry = (network: string, id: string) => [
      `-t nat -N CNI-DN-${network}-${id}`,
      `-t nat -A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"${network}\\" id: \\"${id}\\"" -m multiport --dports 80 -j CNI-DN-${network}-${id}`,
    ];
    const text = (...parts: string[][]) => ["-t nat -N CNI-HOSTPORT-DNAT", ...parts.flat()].join("\n");
    host.write("/fake/tasks", "TASK PID STATUS\nalive 100 RUNNING\nstopped 0 STOPPED\n");
    rules(host, TOOLS, text(entry("cbr0", "alive"), entry("other", "gone")));
    const wanted = dump(host);
    rules(host, TOOLS, [...entry("cbr0", "gone"), ...entry("cbr0", "stopped")].join("\n"));

    const run = () => host.run("host-ports", request("network cbr0", "settle-seconds 0"));
    expect(run()).toMatchObject({ code: 0, stderr: expect.stringContaining("of 2 sandboxes") as string });
    expect(dump(host)).toBe(wanted);
    expect(run().stderr).toContain("nothing to do");
  });

  it("touches nothing when containerd does not answer", () => {
    const host = machine();
    rules(
      host,
      ["iptables-nft"],
      '-t nat -N CNI-HOSTPORT-DNAT\n-t nat -A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \\"cbr0\\" id: \\"x\\"" -j RETURN',
    );
    const before = dump(host);
    expect(host.run("host-ports", request("network cbr0", "settle-seconds 0"))).toMatchObject({ code: 1 });
    expect(dump(host)).toBe(before);
  });
});

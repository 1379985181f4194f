import { GUARD_SCRIPT, GUARD_UNIT, renderGuardScript, renderGuardUnit } from "../../components/node-network/guard-rule";
import { file, type FixtureHost, onMachine, request } from "./support/host";

const UNIT = `/etc/systemd/system/${GUARD_UNIT}`;
const guard = (host: FixtureHost, state: string, podCidr = "10.42.0.0/16") =>
  host.run(
    "guard",
    request("host s1", file(GUARD_SCRIPT, renderGuardScript(podCidr), "0755"), file(UNIT, renderGuardUnit(), "0644")),
    state,
  );
const rules = (host: FixtureHost) => host.sh("iptables -t nat -S POSTROUTING").stdout.split("\n").slice(1, -1);
const RULE = (podCidr = "10.42.0.0/16") =>
  `-A POSTROUTING -s ${podCidr} -d ${podCidr} -m comment --comment "seldon-k3s pod source guard" -m mark --mark 0x0/0x6000 -j RETURN`;
const OUTSIDE = (podCidr = "10.42.0.0/16") =>
  `-A POSTROUTING ! -s ${podCidr} -d ${podCidr} -o cali+ -m comment --comment "seldon-k3s pod source guard" -m mark --mark 0x0/0x6000 -j RETURN`;

onMachine("guard", (machine) => {
  it("puts the rule first, at every boot too, and takes all of it away", () => {
    const host = machine();
    host.sh(
      'iptables -t nat -N FLANNEL-POSTRTG; iptables -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
    );
    const before = host.tree("/etc/systemd/system", "/usr/local/lib/seldon-k3s");
    expect(guard(host, "present")).toMatchObject({
      code: 0,
      stderr: "seldon-k3s: s1: done: the guard rule is in force\n",
    });
    expect(rules(host).slice(0, 2)).toEqual([RULE(), OUTSIDE()]);
    expect(host.sh(`systemctl is-enabled ${GUARD_UNIT}`).stdout).toBe("enabled\n");
    host.calls();
    expect(guard(host, "present").stderr).toContain("nothing to do");
    expect(host.calls()).toEqual([]);

    expect(guard(host, "absent")).toMatchObject({ code: 0 });
    expect(rules(host)).toHaveLength(1);
    expect(host.sh(`systemctl is-enabled ${GUARD_UNIT}`).stdout).toBe("disabled\n");
    expect(host.tree("/etc/systemd/system", "/usr/local/lib/seldon-k3s")).toBe(before);
    expect(guard(host, "absent").stderr).toContain("nothing to do");
  });

  it("puts back a rule that somebody has removed", () => {
    const host = machine();
    guard(host, "present");
    host.sh("iptables -t nat -F POSTROUTING");
    expect(guard(host, "present").stderr).toContain("done");
    expect(rules(host)).toEqual([RULE(), OUTSIDE()]);
  });

  it("leaves no rule of another range", () => {
    const host = machine();
    guard(host, "present", "10.52.0.0/16");
    expect(guard(host, "present")).toMatchObject({ code: 0 });
    expect(rules(host)).toEqual([RULE(), OUTSIDE()]);
  });

  const add = (device: string, vni: number) =>
    `ip link add ${device} type vxlan id ${vni} dstport 0 && ip link set ${device} up`;
  const ROUTES = "ip rule show priority 1042; ip route show table 10042 2>/dev/null";
  const followed = (host: FixtureHost) => host.sh(`sh ${GUARD_SCRIPT} follow; ${ROUTES}`).stdout.trim();

  it("leads to the pods of other nodes through Calico's tunnel once Flannel's device is gone, and only then", () => {
    const host = machine();
    guard(host, "present");
    host.write(
      "/fake/bin/k3s",
      `#!/bin/sh\necho "$*" >>/fake/asked\nprintf '10.42.0.0/24 10.42.128.0\\n10.42.1.0/24 10.42.129.0\\n10.42.2.0/24 \\n 10.42.130.0\\n'\n`,
      0o755,
    );
    host.sh(`${add("flannel.1", 1)}; ${add("vxlan.calico", 4096)}; ip addr add 10.42.128.0/32 dev vxlan.calico`);
    expect(followed(host)).toBe("");

    host.sh("ip link del flannel.1");
    const found = followed(host).split("\n");
    // Its own range, a node without a tunnel and one without a range get no route.
    expect(found).toEqual([
      expect.stringMatching(/^1042:\s+from all lookup 10042$/),
      expect.stringMatching(/^10\.42\.1\.0\/24 via 10\.42\.129\.0 dev vxlan\.calico onlink\s*$/),
    ]);
    expect(followed(host).split("\n")).toHaveLength(2);
    expect(host.read("/fake/asked")).toContain("kubeproxy.kubeconfig");

    host.sh(add("flannel.1", 1));
    expect(followed(host)).toBe("");
    host.sh("ip link del flannel.1");
    followed(host);
    expect(guard(host, "absent")).toMatchObject({ code: 0 });
    expect(host.sh(ROUTES).stdout).toBe("");
  });

  it("keeps the routes that it has while the API does not answer", () => {
    const host = machine();
    guard(host, "present");
    host.sh(add("vxlan.calico", 4096));
    host.write("/fake/bin/k3s", "#!/bin/sh\nexit 1\n", 0o755);
    expect(followed(host)).toBe("");
    host.sh("ip route add 10.42.1.0/24 via 10.42.129.0 dev vxlan.calico onlink table 10042");
    expect(followed(host)).toContain("10.42.1.0/24");
  });

  it("is started anew when its script is another one", () => {
    const host = machine();
    guard(host, "present", "10.52.0.0/16");
    host.calls();
    guard(host, "present");
    expect(host.calls()).toEqual([`systemctl restart ${GUARD_UNIT}`]);
  });

  it("wants to be told what to do", () => {
    expect(guard(machine(), "perhaps")).toMatchObject({ code: 2 });
    expect(machine().run("guard", request(), "present")).toMatchObject({ code: 2 });
  });
});

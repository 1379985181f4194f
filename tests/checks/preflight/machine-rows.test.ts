import type { Inspection } from "../../../checks/hosts/inspect";
import { judgeClock } from "../../../checks/preflight/clock";
import { MACHINE_ROWS } from "../../../checks/preflight/machine-rows";
import { machinesOf, serverFacts } from "../support/machines";

type Lines = Parameters<typeof serverFacts>[0];

function judge(id: string, lines: Lines, sections: Record<string, object> = {}) {
  const row = MACHINE_ROWS.find((one) => one.id === id)!;
  const inspection: Inspection = { facts: serverFacts(lines), clockOffset: 0, clockError: 0 };
  const { verdict, actual, fix } = row.judge(inspection, { address: "192.0.2.11" }, machinesOf(sections));
  return { verdict, actual, fix };
}

const FLANNEL = "/var/lib/rancher/k3s/agent/etc/cni/net.d/10-flannel.conflist aa";

describe("machine rows", () => {
  it.each(MACHINE_ROWS.map(({ id }) => id))("%s passes on a healthy machine", (id) => {
    expect(judge(id, {})).toMatchObject({ verdict: "PASS" });
  });

  it.each<[string, Lines, string | RegExp, RegExp]>([
    ["kernel", { kernel: "5.9.16" }, "Linux 5.9.16", /upgrade/],
    ["kernel", { kernel: "4.18.0-553.el8.x86_64" }, "Linux 4.18.0-553.el8.x86_64", /upgrade/],
    [
      "disk",
      { disk: ["/var/lib/rancher 1073741824 107374182400"] },
      "/var/lib/rancher has 1.0 GiB free of 100.0 GiB; 3.0 GiB are needed",
      /free space/,
    ],
    [
      "disk",
      { disk: ["/var/lib/rancher 4294967296 107374182400"] },
      /less than 5 %: the kubelet evicts pods$/,
      /free space/,
    ],
    [
      "iptables-backend",
      { "iptables-legacy-rules": "7" },
      "44 rules in nft and 7 in legacy: Felix can pick the wrong one (projectcalico/calico#8243)",
      /update-alternatives/,
    ],
    ["firewall", { firewall: "ufw active" }, /^ufw is active/, /^ufw disable/],
    ["firewall", { firewall: "firewalld active" }, /^firewalld is active/, /systemctl disable --now firewalld/],
    [
      "interface",
      { interface: ["eth0 1400 UP 192.0.2.11/24"] },
      "eth0 192.0.2.11/24, MTU 1400, UP: pods of MTU 1450 need 1500",
      /network\.podMtu: 1350/,
    ],
    [
      "interface",
      { interface: ["eth0 1500 DOWN 192.0.2.11/24"] },
      "eth0 192.0.2.11/24, MTU 1500, DOWN",
      /ip link set eth0 up/,
    ],
    ["interface", { interface: ["eth0 1500 UP 192.0.2.12/24"] }, "no interface has 192.0.2.11", /correct the address/],
    [
      "cni-files",
      { "cni-file": [FLANNEL, "/etc/cni/net.d/05-cilium.conflist bb"] },
      "/etc/cni/net.d/05-cilium.conflist: somebody else's CNI",
      /rm \/etc\/cni\/net\.d\/05-cilium\.conflist/,
    ],
  ])("%s says what is wrong: %j", (id, lines, actual, fix) => {
    const found = judge(id, lines);
    expect(found.verdict).toBe("FAIL");
    if (typeof actual === "string") expect(found.actual).toBe(actual);
    else expect(found.actual).toMatch(actual);
    expect(found.fix).toMatch(fix);
  });

  it("wants the declared MTU of the network, and no more", () => {
    const jumbo = { network: { nodeCidrs: ["192.0.2.0/24"], hostMtu: 9000, podMtu: 1450 } };
    expect(judge("interface", {}, jumbo)).toMatchObject({
      verdict: "FAIL",
      actual: "eth0 192.0.2.11/24, MTU 1500, UP; network.hostMtu is 9000",
      fix: "set network.hostMtu: 1500",
    });
    expect(judge("interface", { interface: ["eth0 9000 UP 192.0.2.11/24"] })).toMatchObject({ verdict: "PASS" });
  });

  it("accepts the files of both of our CNIs, and those that are no configuration", () => {
    const files = [FLANNEL, "/etc/cni/net.d/10-calico.conflist bb", "/etc/cni/net.d/calico-kubeconfig cc"];
    expect(judge("cni-files", { "cni-file": files })).toMatchObject({ verdict: "PASS" });
  });
});

describe("clocks", () => {
  const clock = (name: string, offset: number, error = 0.05) => ({ name, offset, error });

  it("compares the machines with each other, not with the one that asks", () => {
    const all = [clock("s1", 3600), clock("a1", 3600.4), clock("a2", 3600.9)];
    expect(all.map((own) => judgeClock(own, all).verdict)).toEqual(["PASS", "PASS", "PASS"]);
  });

  it("names the one that is off", () => {
    const all = [clock("s1", 0), clock("a1", 0.1), clock("a2", -5.2)];
    expect(judgeClock(all[2]!, all)).toMatchObject({
      verdict: "FAIL",
      actual: "-5.20 s against the others (-5.20 s against this machine, +/- 0.05 s)",
      fix: expect.stringMatching(/^on a2: chronyc makestep/) as string,
    });
    expect(judgeClock(all[0]!, all).verdict).toBe("PASS");
  });

  it("lets this machine decide between two, whichever comes first", () => {
    for (const late of [-3600, 3600]) {
      const all = [clock("s1", 0.07), clock("a1", late)];
      for (const order of [all, [...all].reverse()]) {
        expect(order.filter((own) => judgeClock(own, order).verdict === "FAIL").map(({ name }) => name)).toEqual([
          "a1",
        ]);
      }
    }
    // The machine that asks is outvoted where both say otherwise.
    const both = [clock("s1", 3600), clock("a1", 3600.2)];
    expect(both.map((own) => judgeClock(own, both).verdict)).toEqual(["PASS", "PASS"]);
  });

  it("holds nothing against anybody that the measurement cannot tell", () => {
    const all = [clock("s1", 0), clock("a1", 4, 3)];
    expect(judgeClock(all[1]!, all).verdict).toBe("PASS");
    expect(judgeClock(clock("a1", 6, 3), all).verdict).toBe("FAIL");
  });
});

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { FactsFault, parseFacts } from "../../../checks/hosts/facts";
import { agentFacts, factsText, SERVER_LINES, serverFacts } from "../support/machines";

const CONFIG = "/etc/rancher/k3s/config.yaml";

describe("parseFacts", () => {
  it("reads a server on Flannel", () => {
    const facts = serverFacts(
      { ipset: "KUBE-SRC-X", route: "10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink" },
      {
        [CONFIG]: "disable:\n  - traefik\n\ntoken: [secret]\n",
      },
    );
    expect(facts).toMatchObject({
      hostname: "s1",
      epoch: 1_764_000_000.5,
      uid: 0,
      k3s: { version: "v1.33.1+k3s1", unit: "k3s", active: true, started: 1_763_000_000 },
      role: "server",
      execStart: ["/usr/local/bin/k3s", "server"],
      datastore: "sqlite",
      iptables: { nft: 44, legacy: 0 },
      firewall: { name: "none", active: false },
      defaultRoute: true,
      guard: { present: false, unit: "absent" },
      ipsets: ["KUBE-SRC-X"],
      routes: ["10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink"],
      sysctls: { "net.ipv4.ip_forward": "1" },
    });
    expect(facts.configFiles).toEqual([
      { path: CONFIG, sha256: "dd", changed: 1_762_000_000, content: "disable:\n  - traefik\n\ntoken: [secret]\n" },
    ]);
    expect(facts.interfaces[1]).toEqual({ name: "eth0", mtu: 1500, state: "UP", address: "192.0.2.11/24" });
    expect(facts.disks[1]).toEqual({ path: "/var/lib/rancher", freeBytes: 6e10, totalBytes: 1e11 });
    expect(facts.chains[0]).toEqual({ table: "nat", name: "FLANNEL-POSTRTG" });
    expect(facts.certificates[0]).toEqual({ name: "server/tls/client-admin.crt", daysLeft: 300 });
  });

  it("tells default folders, no folders and no K3s apart", () => {
    expect(agentFacts().containerd).toMatchObject({
      configured: true,
      confDir: "/var/lib/rancher/k3s/agent/etc/cni/net.d",
    });
    expect(agentFacts({ "containerd-conf-dir": "default", "containerd-bin-dir": "default" }).containerd).toMatchObject({
      configured: true,
      confDir: undefined,
    });
    expect(agentFacts({ "containerd-conf-dir": [] }).containerd.configured).toBe(false);
    expect(agentFacts({ "k3s-version": "none", "k3s-unit": "none" }).k3s).toMatchObject({
      version: undefined,
      unit: undefined,
    });
  });

  it("ignores what a newer program adds, and refuses another format", () => {
    expect(() => serverFacts({ "new-fact": "x y z" })).not.toThrow();
    expect(() => serverFacts({ protocol: "2" })).toThrow("protocol 2; this program reads 1");
  });

  it.each([
    ["nothing", "", 'the fact "protocol" is missing'],
    ["a message", "bash: no\n", "line 1: neither a fact nor a line of a file"],
    ["content without a file", "protocol 1\n| x\n", "line 2: content without a file"],
    ["a wrong choice", factsText({ ...SERVER_LINES, role: "boss" }), 'role: "boss"; allowed: server, agent, none'],
    [
      "no number",
      factsText({ ...SERVER_LINES, "iptables-nft-rules": "many" }),
      'iptables-nft-rules: "many" is no number',
    ],
  ])("refuses %s", (_, text, message) => {
    expect(() => parseFacts(text)).toThrow(FactsFault);
    expect(() => parseFacts(text)).toThrow(message);
  });

  it("reads what the program prints on this machine", () => {
    const program = join(__dirname, "../../../hosts/inspect");
    const facts = parseFacts(execFileSync("sh", [program], { encoding: "utf8" }));
    expect(facts.hostname).not.toBe("");
    expect(facts.disks.map(({ path }) => path)).toContain("/var/lib/rancher");
    expect(Math.abs(facts.epoch - Date.now() / 1000)).toBeLessThan(60);
  });
});

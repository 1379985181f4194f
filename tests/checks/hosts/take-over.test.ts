import { takeOver } from "../../../checks/hosts/take-over";
import {
  AGENT,
  AGENT_LINES,
  agentFacts,
  emptyLines,
  factsOf,
  machinesOf,
  SERVER,
  SERVER_LINES,
  serverFacts,
} from "../support/machines";
import { CONFIG, PINS, K3S, judge, flags, HA, member } from "../support/take-over";

describe("take-over", () => {
  it("finds nothing against a cluster that is as declared", () => {
    expect(judge({}).contradictions).toEqual([]);
    expect(judge({ sections: { cni: { provider: "flannel" } } }).contradictions).toEqual([]);
    const ha = { s2: member("s2", 12), s3: member("s3", 13) };
    expect(judge({ sections: HA, server: member("s1", 11), others: ha }).contradictions).toEqual([]);
  });

  it("takes a cluster whose flags stand in the unit, where they say what is declared", () => {
    const server = serverFacts(
      flags("--flannel-backend=vxlan", "--cluster-cidr=10.42.0.0/16", "--write-kubeconfig-mode", "644"),
    );
    expect(judge({ sections: { cni: { provider: "flannel" } }, server }).contradictions).toEqual([]);
    const allowed = { hosts: { servers: [SERVER], agents: [AGENT], backup: { to: "a1" }, moveUnitFlags: true } };
    expect(judge({ sections: allowed, server }).contradictions).toEqual([]);
  });

  it("takes empty machines where K3s is pinned", () => {
    const empty = { server: factsOf(emptyLines(SERVER_LINES)), agent: factsOf(emptyLines(AGENT_LINES)) };
    const pinned = { k3s: { ...K3S, install: PINS }, cni: { provider: "calico" } };
    const found = judge({ sections: pinned, ...empty });
    expect(found.contradictions).toEqual([]);
    expect(found.notes.map(({ text }) => text)).toEqual(Array(2).fill("K3s v1.33.1+k3s1 will be installed"));
  });

  it("knows a flag that only the machine's own K3s knows", () => {
    const server = serverFacts({}, { [CONFIG]: "brand-new: 1\n" });
    expect(judge({ server, helpFlags: { s1: ["brand-new"] } }).contradictions).toEqual([]);
  });

  it("lets servers differ in what the change itself rewrites, for as long as it is under way", () => {
    const half = { s2: member("s2", 12, ["--flannel-backend=none", "--disable-network-policy"]), s3: member("s3", 13) };
    const sections = { ...HA, hosts: { ...HA.hosts, moveUnitFlags: true } };
    expect(judge({ sections, server: member("s1", 11), others: half }).contradictions).toEqual([]);
    const settled = judge({
      sections: { ...sections, cni: { provider: "flannel" } },
      server: member("s1", 11),
      others: half,
    });
    expect(settled.contradictions.map(({ what }) => what)).toEqual([
      'servers disagree about disable-network-policy: "false" on s1, s3; "true" on s2',
      'servers disagree about flannel-backend: "vxlan" on s1, s3; "none" on s2',
    ]);
  });

  it("finds several contradictions at once, on all machines", () => {
    const server = serverFacts({
      ...flags("--cluster-cidr=10.52.0.0/16", "--flannel-backend=vxlan"),
      "containerd-template": "yes",
    });
    const agent = agentFacts({}, { [CONFIG]: "flannel-backend: none\nnode-name: other\n" });
    const found = judge({ server, agent }).contradictions.map(({ host }) => host);
    expect(found.filter((host) => host === "s1")).toHaveLength(3);
    expect(found.filter((host) => host === "a1")).toHaveLength(2);
  });

  it("leaves machines that could not be read out, and version and pins where they are not asked for", () => {
    const facts = new Map([["a1", agentFacts({ "k3s-version": "v1.32.5+k3s1" })]]);
    expect(takeOver(machinesOf(), facts, { installation: false })).toMatchObject({ contradictions: [] });
  });

  it("notes what is declared and not in force, and what is kept", () => {
    const server = serverFacts(
      flags("--node-ip=192.0.2.11", "--kubelet-arg=max-pods=200", "--tls-san=192.0.2.11", "--tls-san=x"),
      {
        [CONFIG]: "token: [secret]\nwrite-kubeconfig-mode: 0600\negress-selector-mode: cluster\n",
      },
    );
    expect(
      judge({ server })
        .notes.filter(({ host }) => host === "s1")
        .map(({ text }) => text),
    ).toEqual([
      "declared and not in force; raise hosts.converge to apply it: egress-selector-mode: agent (in force: cluster)",
      "not declared and kept as it is: kubelet-arg=max-pods=200, token",
    ]);
    const ours = serverFacts(
      {},
      { [CONFIG]: "# Written by seldon-k3s from the stack's configuration.\nnode-ip: 192.0.2.11\n" },
    );
    expect(judge({ server: ours }).notes[0]?.text).toMatch(
      /^declared and not in force; the next up applies it: tls-san/,
    );
  });

  it("tells nobody a secret", () => {
    const server = serverFacts(
      { ...flags("--vpn-auth=[secret]", "--agent-token", "[secret]"), env: ["K3S_TOKEN=[secret]"] },
      {
        [CONFIG]: "etcd-s3-secret-key: [secret]\ndatastore-endpoint: [secret]\n",
      },
    );
    const { contradictions, notes } = judge({ server });
    expect(JSON.stringify([contradictions, notes])).not.toContain("secret]");
  });
});
